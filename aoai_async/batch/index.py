"""What a run knows of a million ids, in eight bytes each."""

from __future__ import annotations

from array import array
from bisect import bisect_left, insort
from hashlib import blake2b

from attrs import define, field

__all__ = ["IdSet", "LineIndex"]

_SHARDS = 1024
_SPAN = 1 << 44
"""The words of one digest: 43 bits of an offset, which is 8 TiB, and the mark."""


def _shards() -> list[array[int]]:
    # Of sorted words each. To add one moves those of its shard only, and none has to be copied for all to grow.
    return [array("Q") for _ in range(_SHARDS)]


@define(eq=False)
class IdSet:
    """A set of ids, held by 64 bits of their digests.

    That two of a million ids have the same is as likely as 1 in 37 million.
    """

    _shards: list[array[int]] = field(factory=_shards, init=False, repr=False)

    def add(self, job_id: str) -> bool:
        """Add an id, and return whether it was not there."""
        word = _digest(job_id)
        shard = self._shards[word % _SHARDS]
        place = bisect_left(shard, word)
        if place < len(shard) and shard[place] == word:
            return False
        shard.insert(place, word)
        return True


@define(eq=False)
class LineIndex:
    """Where the lines of a job begin in a journal, and whether they were met.

    It holds 30 bits of an id's digest: ten choose the shard, 20 stand in the word, before the offset and the mark. So
    of a thousand ids that a journal of a million lines does not know, one is shown the line of another.
    """

    _shards: list[array[int]] = field(factory=_shards, init=False, repr=False)

    def add(self, job_id: str, offset: int) -> None:
        """Add a line."""
        insort(*self._place_of(job_id, offset))

    def offsets(self, job_id: str) -> list[int]:
        """Return where a job's lines begin, the last one first; a line of another job may be among them."""
        shard, word = self._place_of(job_id, 0)
        begin = bisect_left(shard, word)
        end = bisect_left(shard, word + _SPAN, begin)
        return [word % _SPAN >> 1 for word in reversed(shard[begin:end])]

    def mark(self, job_id: str, offset: int) -> bool:
        """Mark a line, and return whether it was not marked."""
        shard, word = self._place_of(job_id, offset)
        place = bisect_left(shard, word)
        is_new = shard[place] == word
        shard[place] = word | 1
        return is_new

    def _place_of(self, job_id: str, offset: int) -> tuple[array[int], int]:
        digest = _digest(job_id)
        return self._shards[digest % _SHARDS], digest // _SPAN * _SPAN | offset << 1


def _digest(job_id: str) -> int:
    # Not `hash`, which has 32 bits on some machines.
    return int.from_bytes(blake2b(job_id.encode(), digest_size=8).digest())
