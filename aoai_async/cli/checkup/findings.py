"""What a check found."""

from __future__ import annotations

from typing import Literal

from attrs import frozen

__all__ = ["Finding", "Verdict", "failed", "fine", "skipped", "worrying"]

Verdict = Literal["ok", "warn", "fail", "skip"]


@frozen
class Finding:
    """The result of one check.

    Attributes:
        check: What was looked at.
        verdict: ``ok``, ``warn`` for what may become trouble, ``fail``, or ``skip`` for what was not tried.
        detail: What was found.
        advice: What to do about it; empty when there is nothing to do.
        more: Further lines, for those who ask for them.
    """

    check: str
    verdict: Verdict
    detail: str
    advice: str = ""
    more: tuple[str, ...] = ()


def fine(check: str, detail: str, *more: str) -> Finding:
    """Return the finding that all is well."""
    return Finding(check, "ok", detail, more=more)


def worrying(check: str, detail: str, advice: str) -> Finding:
    """Return the finding that something may become trouble."""
    return Finding(check, "warn", detail, advice)


def failed(check: str, detail: str, advice: str, *more: str) -> Finding:
    """Return the finding that something does not work."""
    return Finding(check, "fail", detail, advice, more)


def skipped(check: str, because: str) -> Finding:
    """Return the finding that a check would have made no sense."""
    return Finding(check, "skip", f"not tried, because {because}")
