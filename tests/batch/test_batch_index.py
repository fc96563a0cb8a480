"""The index of ids: as good as a set and a dict, whatever the digests."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aoai_async.batch import index as index_module
from aoai_async.batch.index import IdSet, LineIndex

IDS = [f"job {number}" for number in range(12)]
SHARD, OFFSET = (1 << 10) - 1, (1 << 44) - 1
"""Where a digest has the bits that choose the shard, and where a word has an offset and a mark instead."""

DIGESTS = st.sampled_from([0, 1, 1 << 10, 1 << 44, (1 << 44) - 1, (1 << 64) - 1]) | st.integers(0, (1 << 64) - 1)
OFFSETS = st.sampled_from([0, 1, (1 << 43) - 1]) | st.integers(0, (1 << 43) - 1)
TABLES = st.fixed_dictionaries(dict.fromkeys(IDS, DIGESTS))


@contextmanager
def digests(table: Mapping[str, int]) -> Iterator[None]:
    """Let each id have the digest that stands in a table."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(index_module, "_digest", table.__getitem__)
        yield


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]))))
def test_a_set_of_ids(ids: list[str]) -> None:
    """An id is new once, whatever else was added."""
    ours, theirs = IdSet(), set[str]()
    for job_id in ids:
        assert ours.add(job_id) == (job_id not in theirs)
        theirs.add(job_id)


@given(TABLES, st.lists(st.sampled_from(IDS)))
def test_a_set_of_ids_with_any_digests(table: Mapping[str, int], ids: list[str]) -> None:
    """Ids are told apart by every bit of their digests."""
    theirs = set[int]()
    with digests(table):
        ours = IdSet()
        for job_id in ids:
            assert ours.add(job_id) == (table[job_id] not in theirs)
            theirs.add(table[job_id])


def kin(table: Mapping[str, int], job_id: str) -> set[str]:
    """The ids that an index takes for one."""
    return {other for other in table if not (table[other] ^ table[job_id]) & (SHARD | ~OFFSET)}


@given(TABLES, st.dictionaries(OFFSETS, st.sampled_from(IDS)))
def test_an_index_of_lines(table: Mapping[str, int], lines: dict[int, str]) -> None:
    """An id's lines are found, the last one first; beside them none but those of ids with an equal digest."""
    with digests(table):
        index = LineIndex()
        for offset, job_id in lines.items():
            index.add(job_id, offset)
        for job_id in IDS:
            alike = kin(table, job_id)
            assert index.offsets(job_id) == sorted((at for at in lines if lines[at] in alike), reverse=True)


@given(TABLES, st.dictionaries(OFFSETS, st.sampled_from(IDS), min_size=1), st.data())
def test_marks_in_an_index(table: Mapping[str, int], lines: dict[int, str], data: st.DataObject) -> None:
    """A line is marked once, which marks no other one, and leaves all of them where they were."""
    marked = set[int]()
    with digests(table):
        index = LineIndex()
        for offset, job_id in lines.items():
            index.add(job_id, offset)
        before = {job_id: index.offsets(job_id) for job_id in IDS}
        for offset in data.draw(st.lists(st.sampled_from(sorted(lines)))):
            assert index.mark(lines[offset], offset) == (offset not in marked)
            marked.add(offset)
        assert {job_id: index.offsets(job_id) for job_id in IDS} == before
