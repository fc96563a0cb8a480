"""The limiters of the simulation: how a deployment counts, and what it tells."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal, Protocol

from attrs import define, field, frozen

__all__ = ["Even", "Fixed", "Hint", "Limiter", "Limits", "exact_hint", "no_hint", "whole_seconds"]

Hint = Callable[[float], float | None]
"""Makes the Retry-After of a refusal from the true wait."""


def exact_hint(wait: float) -> float | None:
    """Tell the truth."""
    return wait


def whole_seconds(wait: float) -> float | None:
    """Tell the truth, rounded up to whole seconds, as the service does."""
    return float(max(1, math.ceil(wait)))


def no_hint(_wait: float) -> float | None:
    """Tell nothing."""
    return None


@frozen
class Limits:
    """What a deployment takes: `calls` in each `window` of seconds; `burst` is how many an even one takes at once."""

    kind: Literal["fixed", "even"]
    calls: int
    window: float = 60.0
    burst: int = 1

    @property
    def per_minute(self) -> float:
        """Calls a minute."""
        return self.calls * 60 / self.window

    def limiter(self) -> Limiter:
        """Return a limiter that has not counted anything yet."""
        return Fixed(self) if self.kind == "fixed" else Even(self)

    def least(self, jobs: int) -> float:
        """Return the seconds after which this many jobs can have been let in, at best."""
        if self.kind == "fixed":
            return (math.ceil(jobs / self.calls) - 1) * self.window
        return (jobs - self.burst) * self.window / self.calls


class Limiter(Protocol):
    """Counts calls."""

    limits: Limits

    def take(self, now: float) -> tuple[int, float]:
        """Count a call: how many more would be let in now, and how long to wait if it is refused."""
        ...


@define
class Fixed:
    """A window starts with its first call."""

    limits: Limits
    _opened: float = field(default=-math.inf, init=False)
    _used: int = field(default=0, init=False)

    def take(self, now: float) -> tuple[int, float]:
        """Count a call: how many more would be let in now, and how long to wait if it is refused."""
        if now >= self._opened + self.limits.window:
            self._opened, self._used = now, 0
        if self._used >= self.limits.calls:
            return 0, self._opened + self.limits.window - now
        self._used += 1
        return self.limits.calls - self._used, 0.0


@define
class Even:
    """Tokens come evenly, up to the burst."""

    limits: Limits
    _tokens: float = field(default=math.inf, init=False)
    _filled: float = field(default=0.0, init=False)

    def take(self, now: float) -> tuple[int, float]:
        """Count a call: how many more would be let in now, and how long to wait if it is refused."""
        rate = self.limits.calls / self.limits.window
        self._tokens = min(self.limits.burst, self._tokens + (now - self._filled) * rate)
        self._filled = now
        # Sums of floats may fall short of a whole token by a rounding error.
        if self._tokens < 1 - 1e-9:
            return 0, (1 - self._tokens) / rate
        self._tokens -= 1
        return int(self._tokens + 1e-9), 0.0
