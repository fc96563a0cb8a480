from side_by_side.records import FEW, MANY, record, report, run

from benchmarks.cases import upload_sizes
from benchmarks.cases.small_answers import CASE
from benchmarks.model import OURS
from benchmarks.tables import in_markdown, in_text

FOUND = (record(CASE, OURS, 0, run(1.0)), record(CASE, "aiohttp", 0, run(0.5)))


def test_the_table_shows_medians_ratios_and_goals() -> None:
    """A goal says what was found, also when it was not measured."""
    table = in_text(CASE, report(*FOUND))
    assert "100,000" in table
    assert "CPU µs a call ≤ 1.5 x aiohttp: 2, missed" in table
    assert "CPU µs a call ≤ 0.18 x openai-python, Path: not measured" in table


def test_a_quick_run_says_nothing_of_goals_for_speed() -> None:
    """Its loads are too small to mean anything."""
    assert "goal" not in in_text(CASE, report(*FOUND, is_quick=True))


def test_the_markdown_is_a_table() -> None:
    """Every line of the first table has as many cells as its head."""
    first, _, _ = in_markdown(report(*FOUND)).partition("\n\n")
    assert len({line.count("|") for line in first.splitlines()}) == 1
    assert "| aiohttp | 50,000 | 2 | ≤ 1.5 | missed |" in first


def test_a_floor_that_misses_a_goal_is_told() -> None:
    """In our place it would have the ratio in parentheses; where it reaches what we miss, the fault is ours."""
    beyond = in_markdown(report(*FOUND, record(CASE, "raw socket", 0, run(0.9))))
    assert "| 90,000 (1.8) | aiohttp | 50,000 | 2 | ≤ 1.5 | missed by the floor too |" in beyond
    within = in_markdown(report(*FOUND, record(CASE, "raw socket", 0, run(0.1))))
    assert "| 10,000 (0.2) | aiohttp | 50,000 | 2 | ≤ 1.5 | missed |" in within


def test_how_flat_the_floor_is() -> None:
    """What must be flat is compared with how flat the floor is over the same loads."""
    case = upload_sizes.CASE
    loads = ((FEW, 1.0, 2.0), (MANY, 1.2, 1.0))
    found = [
        record(case, who, 0, run(cpu), load)
        for load, *costs in loads
        for who, cpu in zip((OURS, "raw socket"), costs, strict=True)
    ]
    line = next(line for line in in_markdown(report(*found)).splitlines() if "flat within 10%" in line)
    assert "(100%)" in line
    assert "| 20% | flat within 10% | missed by the floor too |" in line
