"""How findings are shown: to a person, or to a program."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Protocol, TextIO

from attrs import define

if TYPE_CHECKING:
    from aoai_async.cli.checkup.findings import Finding, Verdict

__all__ = ["JsonPage", "Page", "PlainPage"]

_WORDS: dict[Verdict, str] = {"ok": "ok", "warn": "warn", "fail": "FAIL", "skip": "skip"}
_COLOURS: dict[Verdict, str] = {"ok": "32", "warn": "33", "fail": "1;31", "skip": "2"}
_INDENT = " " * 19


class Page(Protocol):
    """Shows findings as they come."""

    def begin(self, label: str) -> None:
        """Say which deployment comes next."""
        ...

    def show(self, finding: Finding) -> None:
        """Show one finding."""
        ...

    def end(self, checks: int, failures: int) -> None:
        """Say how it all went."""
        ...


@define
class PlainPage:
    """One line a check: a word that says how it is, the check's name, what was found; and below it what to do.

    Attributes:
        out: Where it is written.
        is_quiet: Whether only what is not in order is shown.
        is_verbose: Whether further details are shown.
        is_coloured: Whether the words have colours.
        has_many: Whether there is more than one deployment.
    """

    out: TextIO
    is_quiet: bool = False
    is_verbose: bool = False
    is_coloured: bool = False
    has_many: bool = False

    def begin(self, label: str) -> None:
        """Say which deployment comes next, if there are several."""
        if self.has_many:
            self._print(label)

    def show(self, finding: Finding) -> None:
        """Show one finding."""
        if self.is_quiet and finding.verdict in ("ok", "skip"):
            return
        self._print(f"{self._word(finding.verdict)}  {finding.check:<11}  {finding.detail}")
        if finding.advice:
            self._print(f"{_INDENT}to do: {finding.advice}")
        for line in finding.more if self.is_verbose else ():
            self._print(_INDENT + line.replace("\n", f"\n{_INDENT}"))

    def end(self, checks: int, failures: int) -> None:
        """Say how it all went."""
        if not self.is_quiet:
            self._print(f"{failures} of {checks} checks failed." if failures else "All is well.")

    def _word(self, verdict: Verdict) -> str:
        word = f"{_WORDS[verdict]:<4}"
        return f"\x1b[{_COLOURS[verdict]}m{word}\x1b[0m" if self.is_coloured else word

    def _print(self, line: str) -> None:
        print(line, file=self.out, flush=True)


@define
class JsonPage:
    """One JSON object a line and finding, with ``deployment``, ``check``, ``verdict``, ``detail`` and ``advice``.

    Attributes:
        out: Where it is written.
    """

    out: TextIO
    _label: str = ""

    def begin(self, label: str) -> None:
        """Note which deployment comes next."""
        self._label = label

    def show(self, finding: Finding) -> None:
        """Write one finding."""
        facts = {
            "deployment": self._label,
            "check": finding.check,
            "verdict": finding.verdict,
            "detail": finding.detail,
            "advice": finding.advice or None,
        }
        print(json.dumps(facts, ensure_ascii=False), file=self.out, flush=True)

    def end(self, checks: int, failures: int) -> None:
        """Say nothing: every line is a finding."""
