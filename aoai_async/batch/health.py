"""Whether a deployment works: a broken one is left alone, and tried again later with one request."""

from __future__ import annotations

from collections.abc import Callable

from attrs import define, field

__all__ = ["Health"]

_FAILURES_THAT_TELL = 3
_FIRST_REST = 1.0
_LONGEST_REST = 60.0


@define
class Health:
    """What the last answers of one deployment tell; all times are monotonic seconds.

    After three failures in a row, or one that says the deployment is not there, it rests, each time twice as long,
    up to a minute; then one request finds out whether it works again. What fails later, but was sent before a rest
    began, says nothing new.

    Attributes:
        jitter: Gives a number from 0 to 1, by which rests are spread.
        is_absent: Whether the last failure said that the deployment is not there for us.
    """

    jitter: Callable[[], float]
    is_absent: bool = field(default=False, init=False)
    _failures: int = field(default=0, init=False)
    _rests: int = field(default=0, init=False)
    _rests_until: float = field(default=0.0, init=False)
    _probe_is_out: bool = field(default=False, init=False)

    def wait(self, now: float) -> float:
        """Return the seconds until a request makes sense; 0 when the deployment works, as far as is known."""
        if self._rests == 0:
            return 0.0
        if self._probe_is_out:
            return _FIRST_REST
        return max(0.0, self._rests_until - now)

    def started(self) -> int:
        """Note that a request goes out; after a rest it is the one that finds out.

        Returns:
            The number of rests so far, to be told with what comes of the request.
        """
        self._probe_is_out = self._rests > 0
        return self._rests

    def worked(self) -> None:
        """Note an answer that only a working deployment gives, even if it is a refusal."""
        self._failures = self._rests = 0
        self._probe_is_out = self.is_absent = False

    def failed(self, rests: int, now: float, *, is_certain: bool) -> None:
        """Note a failure; `is_certain` when the answer says that the deployment is not there for us."""
        if rests != self._rests:
            return
        self._failures += 1
        self._probe_is_out = False
        self.is_absent = is_certain
        if is_certain or self._rests or self._failures >= _FAILURES_THAT_TELL:
            rest = min(_LONGEST_REST, _FIRST_REST * 2.0 ** min(self._rests, 60))
            self._rests += 1
            self._rests_until = now + rest * (0.5 + self.jitter() / 2)

    def left(self, rests: int) -> None:
        """Note that a request ended without telling anything, for example because its caller was cancelled."""
        if rests == self._rests:
            self._probe_is_out = False
