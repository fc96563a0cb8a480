"""The options of `aoai doctor`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aoai_async.cli.parsers.shared import add_connection, add_manner

if TYPE_CHECKING:
    from argparse import ArgumentParser

__all__ = ["add_doctor"]


def add_doctor(doctor: ArgumentParser) -> None:
    """Add the options of ``aoai doctor``."""
    doctor.description = (
        "Checks what is configured and from where, the way to the service, the key, the deployment and the clock, and "
        "says what to do. It sends one request for each operation that the service refuses, so that nothing is billed; "
        "they count towards the calls a minute."
    )
    add_connection(doctor)
    add_manner(doctor)
