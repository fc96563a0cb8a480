"""``aoai doctor``: what is configured, whether the service can be reached and opened, and what to do if not."""

from __future__ import annotations

import asyncio
import os
import sys
from typing import TYPE_CHECKING

from aoai_async.cli.checkup.page import JsonPage, Page, PlainPage
from aoai_async.cli.checkup.rounds import examine
from aoai_async.cli.checkup.subjects import Subject, subjects

if TYPE_CHECKING:
    from argparse import Namespace

    from aoai_async.cli.checkup.findings import Finding

__all__ = ["run"]


def run(arguments: Namespace) -> int:
    """Examine every deployment the options describe; return 0 when nothing failed, else 1."""
    patients = subjects(arguments)
    return asyncio.run(_examine(patients, _page(arguments, len(patients))))


async def _examine(patients: list[Subject], page: Page) -> int:
    found: list[Finding] = []
    for patient in patients:
        page.begin(patient.label)
        found += await examine(patient, page.show)
    failures = sum(finding.verdict == "fail" for finding in found)
    page.end(len(found), failures)
    return 1 if failures else 0


def _page(arguments: Namespace, count: int) -> Page:
    if arguments.json:
        return JsonPage(sys.stdout)
    return PlainPage(
        sys.stdout,
        is_quiet=arguments.quiet,
        is_verbose=arguments.verbose > 0,
        is_coloured=sys.stdout.isatty() and not os.environ.get("NO_COLOR"),
        has_many=count > 1,
    )
