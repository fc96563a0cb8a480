"""How far a batch is, at any moment."""

from __future__ import annotations

from collections import Counter, deque
from typing import TYPE_CHECKING

from attrs import define, field

if TYPE_CHECKING:
    from aoai_async.batch.jobs import Outcome

__all__ = ["Progress"]

_RECENT = 100


@define(kw_only=True)
class Progress:
    """How far a batch is. The runner keeps it up to date; look at it whenever you like.

    Attributes:
        total: How many jobs there are; None where the iterable does not say.
        begun: The monotonic second the batch began.
        now: The monotonic second of the last outcome.
        in_flight: Jobs that were taken and have no outcome yet.
        done: Jobs with a result, of this run.
        failed: Jobs that failed, in this run.
        skipped: Jobs whose outcome stood in the journal.
        failures: How many failed, by the name of the error's class.
    """

    total: int | None = None
    begun: float = 0.0
    now: float = 0.0
    in_flight: int = 0
    done: int = 0
    failed: int = 0
    skipped: int = 0
    failures: Counter[str] = field(factory=Counter)
    _recent: deque[float] = field(factory=lambda: deque(maxlen=_RECENT), init=False, repr=False)

    @property
    def finished(self) -> int:
        """Jobs with an outcome."""
        return self.done + self.failed + self.skipped

    @property
    def rate(self) -> float:
        """Outcomes a second of this run, over the last hundred of them."""
        is_full = len(self._recent) == _RECENT
        elapsed = self.now - (self._recent[0] if is_full else self.begun)
        return (len(self._recent) - is_full) / elapsed if elapsed > 0 else 0.0

    @property
    def seconds_left(self) -> float | None:
        """Seconds to go at the present rate; None where that cannot be said."""
        if self.total is None:
            return None
        left = self.total - self.finished
        if left == 0:
            return 0.0
        return left / self.rate if self.rate else None

    def note(self, outcome: Outcome, now: float) -> None:
        """Note an outcome."""
        self.now = now
        if outcome.is_from_journal:
            self.skipped += 1
            return
        self._recent.append(now)
        if outcome.error is None:
            self.done += 1
        else:
            self.failed += 1
            self.failures[type(outcome.error).__name__] += 1
