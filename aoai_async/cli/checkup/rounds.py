"""All checks of a deployment, in their order."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from aoai_async.cli.checkup.configuration import configuration, proxy_of
from aoai_async.cli.checkup.findings import Finding, failed, skipped
from aoai_async.cli.checkup.service import CHECKS, ask_service
from aoai_async.cli.checkup.tls import is_secure
from aoai_async.cli.checkup.way import Way, connects, has_a_name
from aoai_async.transport.clock import SystemClock

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from aoai_async.cli.checkup.subjects import Subject

__all__ = ["examine"]

_WAY = {"name": has_a_name, "connection": connects, "tls": is_secure}
_NOT_OF_THE_WAY = ("deployment", "credentials")


async def examine(subject: Subject, tell: Callable[[Finding], object], *, within: float = 10.0) -> list[Finding]:
    """Return what each check finds; one is skipped when an earlier one makes it senseless.

    Args:
        subject: The deployment.
        tell: Called with each finding as it comes.
        within: Seconds for each step; where tokens of Microsoft Entra are asked for, three times as long.
    """
    found: list[Finding] = []

    def note(finding: Finding) -> None:
        found.append(finding)
        tell(finding)

    for finding in configuration(subject):
        note(finding)
    for name, check in _WAY.items():
        obstacle = _obstacle(found, but=_NOT_OF_THE_WAY)
        note(skipped(name, obstacle) if obstacle else await _in_time(name, check(_way(subject)), within))
    if obstacle := _obstacle(found):
        for name in CHECKS:
            note(skipped(name, obstacle))
    else:
        async with subject.member.client(SystemClock()) as client:
            # Credentials of a developer's machine ask one helper program after the other.
            await ask_service(client, subject, note, within=3 * within if subject.signs_in else within)
    return found


def _way(subject: Subject) -> Way:
    return Way.to(subject.endpoint, proxy_of(subject.endpoint))


async def _in_time(name: str, check: Awaitable[Finding], within: float) -> Finding:
    try:
        async with asyncio.timeout(within):
            return await check
    except TimeoutError:
        advice = "a firewall may drop what it does not allow; HTTPS_PROXY names a proxy"
        return failed(name, f"nothing happened for {within:g} s", advice)


def _obstacle(found: list[Finding], *, but: tuple[str, ...] = ()) -> str:
    """Return why later checks make no sense; empty when they do."""
    names = (finding.check for finding in found if finding.verdict == "fail" and finding.check not in but)
    return next((f"'{name}' failed" for name in names), "")
