"""What the service's refusals say of the key, the deployment, the clock and the quota."""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from aoai_async.cli.checkup.findings import Finding, failed, fine, skipped, worrying
from aoai_async.cli.checkup.probes import PROBES, Probe, probed
from aoai_async.errors import AzureOpenAIError, CredentialError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from aoai_async.cli.checkup.subjects import Subject
    from aoai_async.client import AsyncAzureOpenAI

__all__ = ["CHECKS", "ask_service"]

CHECKS = ("access", "existence", "operations", "clock")

_MOST_SECONDS_OFF = 300
_ENTRA_ADVICE = (
    "the identity needs the role Cognitive Services OpenAI User on the resource, and a token for its tenant; "
    "a new role works after some minutes"
)


async def ask_service(
    client: AsyncAzureOpenAI, subject: Subject, tell: Callable[[Finding], object], *, within: float
) -> None:
    """Send up to three requests that are refused, and tell what the refusals say.

    Args:
        client: A client of the deployment, without retries.
        subject: The deployment.
        tell: Called with each finding as it comes.
        within: Seconds for each request.
    """
    first, *others = PROBES
    probes = [await probed(client, first, within=within)]
    access = _access(probes[0], subject)
    tell(access)
    if access.verdict == "ok":
        # One after the other: some deployments take two requests at once.
        probes += [await probed(client, operation, within=within) for operation in others]
    for finding in _told_by(probes, subject, is_open=access.verdict == "ok"):
        tell(finding)


def _told_by(probes: Sequence[Probe], subject: Subject, *, is_open: bool) -> Iterator[Finding]:
    existence = _existence(probes, subject) if is_open else skipped("existence", "'access' failed")
    yield existence
    yield _operations(probes) if existence.verdict == "ok" else skipped("operations", "no deployment was found")
    yield _clock(probes[-1])
    yield from _quota(probes)


def _access(probe: Probe, subject: Subject) -> Finding:
    error = probe.error
    told = _first_line(error)
    if probe.status == 401:
        by_key = "is it whole, and of this resource? the portal shows it under Keys and Endpoint"
        return failed("access", told, _ENTRA_ADVICE if subject.has_token else by_key, str(error))
    if probe.status == 403:
        advice = "let the resource's Networking page allow this machine's address, or use its private endpoint"
        return failed("access", told, advice, str(error))
    if isinstance(error, CredentialError):
        return failed("access", told, "sign in, for example with 'az login'", str(error))
    if probe.status is None or probe.status >= 500:
        return failed("access", f"no answer that tells: {told}", "try again later; -v tells more", str(error))
    if not probe.is_of_the_service:
        advice = "is the endpoint the resource's own address, or a gateway's with its path?"
        return failed("access", f"this is no answer of the service: {told}", advice, str(error))
    return fine("access", f"the {'token' if subject.has_token else 'key'} is accepted")


def _existence(probes: Sequence[Probe], subject: Subject) -> Finding:
    model = subject.member.model
    if any(probe.code == "DeploymentNotFound" for probe in probes):
        advice = "give the name chosen for the deployment, not the model's; a new one is there after 5 minutes"
        return failed("existence", f"there is no deployment {model}", advice)
    if all(probe.status == 404 for probe in probes):
        advice = "is OPENAI_API_VERSION a version of the API, and does the endpoint end before /openai?"
        return failed("existence", f"nothing is found there: {_first_line(probes[0].error)}", advice)
    return fine("existence", f"{model} is there")


def _operations(probes: Sequence[Probe]) -> Finding:
    taken = [probe.operation for probe in probes if probe.is_supported]
    others = [probe.operation for probe in probes if probe.is_elsewhere]
    more = [str(probe) for probe in probes]
    if puzzling := [probe for probe in probes if not probe.is_supported and not probe.is_elsewhere]:
        detail = f"{puzzling[0].operation}: {_first_line(puzzling[0].error)}"
        return failed("operations", detail, "try again later; -v tells more", *more)
    if not taken:
        return failed("operations", "none for audio or images", "take a deployment of a model that has them", *more)
    return fine("operations", ", ".join(taken) + (f"; not {', '.join(others)}" if others else ""), *more)


def _clock(probe: Probe) -> Finding:
    try:
        # The header has whole seconds, so that on average half a one has passed since.
        off = probe.moment - parsedate_to_datetime(probe.headers.get("Date", "")).timestamp() - 0.5
    except ValueError:
        return skipped("clock", "the service did not tell the time")
    if abs(off) < 2:
        return fine("clock", "within 2 s of the service's")
    detail = f"{abs(off):.0f} s {'ahead of' if off > 0 else 'behind'} the service's"
    if abs(off) > _MOST_SECONDS_OFF:
        return worrying("clock", detail, "set this machine's clock: tokens of Microsoft Entra are refused so far off")
    return fine("clock", detail)


def _quota(probes: Sequence[Probe]) -> Iterator[Finding]:
    waits = [probe.wait for probe in probes if probe.status == 429]
    left = [probe.remaining for probe in probes if probe.remaining is not None]
    if waits:
        yield worrying("quota", "used up for now", f"wait {max(waits):.0f} s; batches pace themselves")
    elif left:
        yield fine("quota", f"{left[-1]} more requests are taken now")


def _first_line(error: AzureOpenAIError | None) -> str:
    return "a request that should be refused was answered" if error is None else str(error).partition("\n")[0]
