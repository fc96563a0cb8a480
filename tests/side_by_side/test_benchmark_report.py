import json

import cattrs
import pytest
from attrs import evolve
from side_by_side.records import FEW, MANY, record, report, run

from benchmarks.cases import plain_upload
from benchmarks.cases.small_answers import CASE
from benchmarks.goals import wrongs
from benchmarks.measures import CPU, MEMORY, THROUGHPUT
from benchmarks.model import OURS, AtLeast, AtMost, Flat
from benchmarks.report import Report


def test_ratios_are_taken_within_a_round() -> None:
    """A round in which the whole machine was slow changes no ratio."""
    found = report(
        *(record(CASE, OURS, number, run(slow * 1.0)) for number, slow in enumerate((1, 10, 2))),
        *(record(CASE, "aiohttp", number, run(slow * 4.0)) for number, slow in enumerate((1, 10, 2))),
    )
    assert found.ratio(CPU, OURS, "aiohttp", "asyncio", MANY) == pytest.approx(0.25)
    assert found.median(CPU, OURS, "asyncio", MANY) == 2.0


def test_rounds_that_failed_are_left_out() -> None:
    """A round counts only where both have a number."""
    found = report(
        record(CASE, OURS, 0, run(1.0)),
        record(CASE, OURS, 1, run(3.0)),
        record(CASE, "aiohttp", 0, None),
        record(CASE, "aiohttp", 1, run(2.0)),
        record(CASE, "curl", 0, run(2.0, memory=None)),
    )
    assert found.ratio(CPU, OURS, "aiohttp", "asyncio", MANY) == 1.5
    assert found.ratio(MEMORY, OURS, "curl", "asyncio", MANY) is None
    assert found.median(CPU, "raw socket", "asyncio", MANY) is None


@pytest.mark.parametrize(
    ("goal", "found", "is_reached"),
    [
        (AtMost(CPU, 0.5, "aiohttp"), 0.5, True),
        (AtMost(CPU, 0.4, "aiohttp"), 0.5, False),
        (AtMost(MEMORY, 2.0), 1.0, True),
        (AtLeast(THROUGHPUT, 0.9, "aiohttp"), 2.0, True),
        (AtLeast(THROUGHPUT, 2.1, "aiohttp"), 2.0, False),
    ],
)
def test_a_goal_is_reached_or_missed(goal: AtMost | AtLeast, found: float, *, is_reached: bool) -> None:
    """A bound that is just met is met."""
    verdict = report(record(CASE, OURS, 0, run(1.0, wall=1.0)), record(CASE, "aiohttp", 0, run(2.0, wall=2.0))).verdict(
        goal
    )
    assert verdict is not None
    assert verdict.found == pytest.approx(found)
    assert verdict.is_reached is is_reached


def test_what_is_flat_compares_all_loads() -> None:
    """The spread is that of the largest over the smallest; one load alone says nothing."""
    few, many = record(CASE, OURS, 0, run(1.0), FEW), record(CASE, OURS, 0, run(1.2), MANY)
    verdict = report(few, many).verdict(Flat(CPU, 0.1))
    assert verdict is not None
    assert verdict.found == pytest.approx(0.2)
    assert not verdict.is_reached
    assert report(few).verdict(Flat(CPU, 0.1)) is None


def test_a_report_survives_its_file() -> None:
    """What is read from the results is what was written."""
    found = report(record(CASE, OURS, 0, run()), record(CASE, "curl", 0, None))
    assert cattrs.structure(json.loads(json.dumps(cattrs.unstructure(found))), Report) == found


def test_what_is_slow_is_not_wrong() -> None:
    """Only a process that failed, or memory that holds the files, is wrong; a machine that cannot do it is excused."""
    slow = record(plain_upload.CASE, OURS, 0, run(1e6, stall=1e6))
    failed = evolve(record(CASE, "curl", 0, None), problem="failed")
    cannot = evolve(failed, is_excused=True)
    assert not list(wrongs([CASE, plain_upload.CASE], report(slow, cannot)))
    assert list(wrongs([CASE], report(failed))) == ["small_answers, curl on asyncio: failed"]


@pytest.mark.parametrize("is_quick", [True, False])
def test_memory_that_holds_the_files_is_wrong(*, is_quick: bool) -> None:
    """It is so however small the load."""
    held = record(plain_upload.CASE, OURS, 0, run(memory=17.0))
    assert list(wrongs([plain_upload.CASE], report(held, is_quick=is_quick))) == [
        "plain_upload: memory MB ≤ 16: 17, missed"
    ]
