"""Options that several commands have."""

from __future__ import annotations

from argparse import ArgumentTypeError
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argparse import ArgumentParser

__all__ = ["add_connection", "add_manner", "add_pace", "at_least_one", "positive"]


def add_connection(parser: ArgumentParser) -> None:
    """Add the options that say where the service is and who asks."""
    where = parser.add_argument_group("the service")
    where.add_argument("--model", metavar="NAME", help="the deployment (AZURE_OPENAI_DEPLOYMENT)")
    where.add_argument("--endpoint", metavar="URL", help="the resource's address (AZURE_OPENAI_ENDPOINT)")
    where.add_argument(
        "--api-key-env",
        metavar="NAME",
        help="the environment variable that holds the key (AZURE_OPENAI_API_KEY, unless AZURE_OPENAI_AD_TOKEN is set)",
    )
    where.add_argument("--entra", action="store_true", help="sign in with Microsoft Entra, as azure-identity finds it")
    where.add_argument("--deployments", type=Path, metavar="FILE", help="a TOML file of deployments to use as one")


def add_pace(parser: ArgumentParser) -> None:
    """Add the options that say how fast a batch goes."""
    pace = parser.add_argument_group("pace")
    pace.add_argument("--concurrency", type=at_least_one, default=8, metavar="N", help="requests at once (%(default)s)")
    pace.add_argument("--rpm", type=positive, metavar="N", help="the quota, requests a minute; learnt when left out")


def add_manner(parser: ArgumentParser) -> None:
    """Add the options that say what is printed."""
    manner = parser.add_argument_group("output")
    manner.add_argument("--json", action="store_true", help="print one JSON object a line, for programs")
    manner.add_argument("-q", "--quiet", action="store_true", help="print results and failures alone")
    manner.add_argument("-v", "--verbose", action="count", default=0, help="print more; -vv a traceback, too")


def at_least_one(text: str) -> int:
    """Return a whole number of 1 or more; argparse tells what is none."""
    if not text.isdecimal() or int(text) < 1:
        raise ArgumentTypeError(f"{text!r} is no whole number of 1 or more")
    return int(text)


def positive(text: str) -> float:
    """Return a number above 0; argparse tells what is none."""
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number < float("inf"):
        raise ArgumentTypeError(f"{text!r} is no number above 0")
    return number
