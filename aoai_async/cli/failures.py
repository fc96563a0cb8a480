"""The failures of a batch: told to a person at the end, and to programs in a file."""

from __future__ import annotations

import json
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import define, field

from aoai_async.batch.jobs import Outcome
from aoai_async.cli.display_lines import printable
from aoai_async.cli.remedies import OutputError, remedy_for
from aoai_async.cli.settling import error_facts
from aoai_async.cli.whole import write_whole
from aoai_async.errors import AzureOpenAIError
from aoai_async.wire.plan import Request

if TYPE_CHECKING:
    from collections.abc import Iterator


__all__ = ["Failures", "output_error"]

_MOST_TOLD = 50


@define(eq=False)
class Failures:
    """The failures of a batch.

    Attributes:
        path: The file they are told in; it exists only when there are some.
        label: What a request is called.
    """

    path: Path
    label: Callable[[Request], str]
    _failures: list[tuple[str, Outcome, AzureOpenAIError]] = field(factory=list, init=False)

    def __len__(self) -> int:
        return len(self._failures)

    def add(self, outcome: Outcome, error: AzureOpenAIError) -> None:
        """Note that a job failed."""
        self._failures.append((self.label(outcome.request), outcome, error))

    def told(self, *, is_traced: bool) -> Iterator[str]:
        """Yield what a person is told of each, with what to do; of very many, only of the first ones."""
        for label, outcome, error in self._failures[:_MOST_TOLD]:
            when = " in an earlier run" if outcome.is_from_journal and not isinstance(error, OutputError) else ""
            trace = "".join(traceback.format_exception(error)) if is_traced else ""
            yield f"{trace}{printable(label)} failed{when}: {error}\n  To do: {remedy_for(error)}."
        if self._failures:
            more = len(self) - _MOST_TOLD
            yield f"… and {more} more; all are in {self.path}" if more > 0 else f"All failures are in {self.path}"

    def write(self) -> None:
        """Write them as JSON lines, whole or not at all, or remove the file of an earlier run; raises `OSError`."""
        if not self._failures:
            self.path.unlink(missing_ok=True)
            return
        write_whole(self.path, "".join(json.dumps(facts) + "\n" for facts in self._facts()).encode())

    def _facts(self) -> Iterator[dict[str, Any]]:
        for label, outcome, error in self._failures:
            yield {"input": label, "id": outcome.id, "attempts": outcome.attempts, "error": error_facts(error)}


def output_error(error: AzureOpenAIError | OSError) -> AzureOpenAIError:
    """Return an error as one of ours; one of the system's becomes an `OutputError`."""
    if isinstance(error, AzureOpenAIError):
        return error
    reason, place = error.strerror or str(error), error.filename
    wrapped = OutputError(f"{reason}: {place}" if place else reason)
    wrapped.__cause__ = error
    return wrapped
