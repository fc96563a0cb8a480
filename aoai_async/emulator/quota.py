"""How many calls a deployment takes: a window that starts with its first call, or an even spread."""

from collections.abc import Callable
from typing import Literal

import attrs

__all__ = ["Quota", "Quotas", "UNLIMITED"]

UNLIMITED = 999
"""What `x-ratelimit-remaining-requests` says of a deployment without a quota."""


@attrs.frozen
class Quota:
    """The calls one deployment takes.

    Attributes:
        limit: Calls in each window.
        window: Length of the window in seconds.
        kind: `fixed`: a window starts with its first call, and all its calls may come at once;
            `even`: calls must be spread evenly, one every `window / limit` seconds.
        burst: How many calls an `even` quota takes at once after a quiet time.

    Raises:
        ValueError: A limit, a window or a burst that is not above zero, or an unknown kind.
        TypeError: A value that is no number.
    """

    limit: int = attrs.field(validator=[attrs.validators.instance_of(int), attrs.validators.gt(0)])
    window: float = attrs.field(
        default=60.0, validator=[attrs.validators.instance_of((int, float)), attrs.validators.gt(0)]
    )
    kind: Literal["fixed", "even"] = attrs.field(default="fixed", validator=attrs.validators.in_(("fixed", "even")))
    burst: int = attrs.field(default=1, validator=[attrs.validators.instance_of(int), attrs.validators.gt(0)])


@attrs.define
class _Window:
    """Counts the calls since the first one."""

    quota: Quota
    _opened: float = -float("inf")
    _used: int = 0

    def take(self, now: float) -> tuple[int, float]:
        if now >= self._opened + self.quota.window:
            self._opened, self._used = now, 0
        if self._used >= self.quota.limit:
            return 0, self._opened + self.quota.window - now
        self._used += 1
        return self.quota.limit - self._used, 0.0


@attrs.define
class _Bucket:
    """Refills evenly, up to the burst."""

    quota: Quota
    _tokens: float = attrs.field(init=False)
    _filled: float = attrs.field(default=0.0, init=False)

    def __attrs_post_init__(self) -> None:
        self._tokens = self.quota.burst

    def take(self, now: float) -> tuple[int, float]:
        rate = self.quota.limit / self.quota.window
        self._tokens = min(self.quota.burst, self._tokens + (now - self._filled) * rate)
        self._filled = now
        if self._tokens < 1:
            return 0, (1 - self._tokens) / rate
        self._tokens -= 1
        return int(self._tokens), 0.0


class Quotas:
    """The quota of every deployment, on one clock. Quotas may be set from any thread."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._meters: dict[str, _Window | _Bucket] = {}

    def set(self, deployment: str, quota: Quota | None) -> None:
        """Start afresh with another quota; None lifts it."""
        if quota is None:
            self._meters.pop(deployment, None)
        else:
            self._meters[deployment] = _Window(quota) if quota.kind == "fixed" else _Bucket(quota)

    def take(self, deployment: str) -> tuple[int, float]:
        """Count one call: how many more would be taken now, and how many seconds to wait if it is refused."""
        meter = self._meters.get(deployment)
        return (UNLIMITED, 0.0) if meter is None else meter.take(self._clock())
