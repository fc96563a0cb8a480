"""How long a window is: searched between what was refused and what was let in."""

from __future__ import annotations

from attrs import define, field

from aoai_async.batch.pacing.plans import LONGEST, Full, Terms

__all__ = ["Length"]

# Two per cent of a window are not worth a refusal.
_KNOWN = 0.98
_SAME = 0.999
_DRIFT = 1.01
# What was refused once is tried again after a few hundred requests.
_FORGETTING = 0.02 / 300
_SIZE_THAT_FORGETS = 300


@define
class Length:
    """Seconds from the first request of a window to the first of the next.

    Attributes:
        seconds: The shortest that was let in, or a guess.
        too_short: The longest that was refused, as far as it is remembered.
        is_proven: Whether it is more than a guess.
    """

    seconds: float
    too_short: float
    is_proven: bool = field(default=False, init=False)

    @classmethod
    def after(cls, full: Full, terms: Terms) -> Length:
        """Return a guess from the first window that was full."""
        passed = full.at - full.opened
        if terms.rate:
            return cls(max(1, full.count.taken) * terms.gap, 0.0)
        if full.hint:
            return cls(min(LONGEST, passed + full.hint), passed + full.hint - 1)
        return cls(min(LONGEST, passed + max(0.1, passed / 8)), passed)

    def is_longer_than(self, seconds: float) -> bool:
        """Tell whether this is more than a trifle longer."""
        return seconds < _KNOWN * self.seconds

    def to_try(self, least: float) -> float | None:
        """Return what to try next, not below `least`, or None when nothing is to be found out."""
        if not self.is_proven or not self.is_longer_than(max(self.too_short, least)):
            return None
        return max((self.too_short + self.seconds) / 2, least)

    def passed(self, gap: float, size: int, *, was_tried: bool) -> None:
        """Note that a first request was let in after `gap`; with many of them, what was refused is forgotten."""
        if was_tried:
            self.seconds = min(self.seconds, gap)
        self.is_proven = True
        self.too_short *= 1 - _FORGETTING * min(_SIZE_THAT_FORGETS, size)

    def was_shorter_than_usual(self, gap: float) -> bool:
        """Tell whether a request that was refused after `gap` came before the time that is known to be enough."""
        return self.is_proven and gap < _SAME * self.seconds

    def grow(self, gap: float, pause: float, hint: float | None) -> None:
        """Note that `gap` was refused, and nothing longer is known to be enough: `pause` more may be."""
        self.too_short = gap + max(0.0, (hint or 0.0) - 1)
        self.seconds = max(self.seconds, min(LONGEST, gap + pause))

    def drift(self) -> None:
        """Note a refusal that somebody else is the likelier reason for."""
        self.seconds = max(self.seconds, min(LONGEST, self.seconds * _DRIFT))
