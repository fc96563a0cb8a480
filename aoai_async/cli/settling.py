"""What a command made of an outcome, and how programs are told of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import field, frozen

from aoai_async.batch.jobs import Job
from aoai_async.cli.remedies import remedy_for
from aoai_async.errors import ContentFilteredError
from aoai_async.wire.convert import as_dict

if TYPE_CHECKING:
    from aoai_async.batch.jobs import Outcome
    from aoai_async.errors import AzureOpenAIError

__all__ = ["Settled", "error_facts", "facts_of", "status_of"]

_FACTS = ("status_code", "code", "request_id", "retry_after")


@frozen(kw_only=True)
class Settled:
    """What a command made of an outcome.

    Attributes:
        outputs: The files that hold it now.
        written: Those of them that were written just now; their paths go to standard output.
        facts: What the JSON object tells besides.
        instead: A job to do in place of this one, whose outcome then counts.
    """

    outputs: Sequence[Path] = ()
    written: Sequence[Path] = ()
    facts: Mapping[str, Any] = field(factory=dict)
    instead: Job | None = None


def facts_of(label: str, outcome: Outcome, settled: Settled) -> dict[str, Any]:
    """Return what programs are told of an outcome."""
    return {
        "input": label,
        "status": status_of(outcome),
        "outputs": [str(path) for path in settled.outputs],
        "error": None if outcome.error is None else error_facts(outcome.error),
        "attempts": outcome.attempts,
        "seconds": round(outcome.seconds, 3),
        "deployment": outcome.deployment,
        **settled.facts,
    }


def status_of(outcome: Outcome) -> str:
    """Return ``done``, ``failed`` or ``skipped``."""
    if outcome.error is not None:
        return "failed"
    return "skipped" if outcome.is_from_journal else "done"


def error_facts(error: AzureOpenAIError) -> dict[str, Any]:
    """Return what programs are told of an error, with what to do about it."""
    known = {name: getattr(error, name, None) for name in _FACTS}
    told = {name: value for name, value in known.items() if value is not None}
    if isinstance(error, ContentFilteredError) and error.filter_results is not None:
        told["filter_results"] = as_dict(error.filter_results)
    return {"kind": type(error).__name__, "message": error.message, **told, "to_do": remedy_for(error)}
