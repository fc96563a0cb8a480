"""What was found, drawn: one SVG a case, and a page of them all."""

from __future__ import annotations

import html
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from benchmarks.cases import CASES
from benchmarks.tables import in_text, load_name

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.model import Case
    from benchmarks.report import Report

__all__ = ["draw"]

_PAGE = """<!doctype html>
<meta charset="utf-8">
<title>aoai_async, measured side by side</title>
<style>body {{ font: 16px/1.5 sans-serif; max-width: 70em; margin: 2em auto }} img {{ max-width: 100% }}
pre {{ overflow-x: auto }}</style>
<h1>aoai_async, measured side by side</h1>
<p>{machine}</p>
{sections}
"""
_SECTION = '<h2>{title}</h2>\n<img src="{name}.svg" alt="{title}">\n<pre>{table}</pre>\n'


def draw(report: Report, folder: Path) -> bool:
    """Write ``index.html`` and an SVG for each case, and return whether matplotlib is there to do so."""
    if find_spec("matplotlib") is None:
        return False
    cases = [case for case in CASES.values() if any(record.run for record in report.of(case).records)]
    for case in cases:
        _draw_case(case, report.of(case), folder / f"{case.name}.svg")
    (folder / "index.html").write_text(_page(cases, report), encoding="utf-8")
    return True


def _draw_case(case: Case, found: Report, file: Path) -> None:
    import_module("matplotlib").use("svg")
    pyplot = import_module("matplotlib.pyplot")
    figure, axes = pyplot.subplots(1, len(case.measures), figsize=(5 * len(case.measures), 4), squeeze=False)
    for measure, place in zip(case.measures, axes[0], strict=True):
        place.set_title(measure.label)
        if len(found.loads()) == 1:
            _draw_bars(case, found, measure, place)
        else:
            _draw_curves(case, found, measure, place)
    figure.tight_layout()
    figure.savefig(file)
    pyplot.close(figure)


def _draw_bars(case: Case, found: Report, measure: Any, place: Any) -> None:
    load = found.loads()[0]
    values = {way: found.median(measure, *way, load) for way in found.ways()}
    known = {_label(way): value for way, value in reversed(values.items()) if value is not None}
    colors = ["tab:green" if label.startswith(case.ours) else "tab:gray" for label in known]
    place.barh(list(known), list(known.values()), color=colors)


def _draw_curves(case: Case, found: Report, measure: Any, place: Any) -> None:
    places = [getattr(load, case.axis) for load in found.loads()]
    for way in found.ways():
        values = [found.median(measure, *way, load) for load in found.loads()]
        known = [(x, y) for x, y in zip(places, values, strict=True) if y is not None]
        if known:
            place.plot(*zip(*known, strict=True), marker="o", label=_label(way))
    place.set_xscale("log", base=2)
    place.set_xticks(places, [load_name(case, load) for load in found.loads()], rotation=45)
    place.set_ylim(bottom=0)
    place.legend()


def _label(way: tuple[str, str]) -> str:
    contender, loop = way
    return contender if loop == "asyncio" else f"{contender} ({loop})"


def _page(cases: list[Case], report: Report) -> str:
    machine = ", ".join(f"{name} {value}" for name, value in report.machine.items())
    sections = [
        _SECTION.format(name=case.name, title=html.escape(case.title), table=html.escape(in_text(case, report).strip()))
        for case in cases
    ]
    return _PAGE.format(machine=html.escape(machine), sections="".join(sections))
