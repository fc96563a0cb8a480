"""Verdicts of the content filter, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["filtered_for", "verdicts"]

_HARMLESS = ("safe", "no", "")


def verdicts(of_prompt: Mapping[str, Any] | None, of_picture: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    """Return a row for each category: its name, a word for prompt and picture, the worse of them, and if it stands out.

    Args:
        of_prompt: Verdicts on the prompt as the service writes them, or None.
        of_picture: Verdicts on the picture, or None.
    """
    prompt, picture = of_prompt or {}, of_picture or {}
    return [_row(category, prompt.get(category), picture.get(category)) for category in sorted({*prompt, *picture})]


def filtered_for(results: Mapping[str, Any] | None) -> str:
    """Return the categories that something was stopped for, for example ``"violence (low)"``; empty for none."""
    stopped = {name: verdict for name, verdict in (results or {}).items() if _is_stopping(verdict)}
    return ", ".join(f"{_named(name)} ({verdict.get('severity') or 'found'})" for name, verdict in stopped.items())


def _is_stopping(verdict: Any) -> bool:
    return isinstance(verdict, dict) and bool(verdict.get("filtered"))


def _named(category: str) -> str:
    return category.replace("_", " ")


def _row(category: str, of_prompt: Any, of_picture: Any) -> dict[str, Any]:
    words = [_word(of_prompt), _word(of_picture)]
    standing_out = [word for word in reversed(words) if word not in _HARMLESS]
    return {
        "category": _named(category),
        "prompt": words[0],
        "picture": words[1],
        "worst": standing_out[0] if standing_out else "",
        "flagged": bool(standing_out),
    }


def _word(verdict: Any) -> str:
    if not isinstance(verdict, dict):
        return "" if verdict is None else str(verdict)
    severity = verdict.get("severity")
    word = str(severity) if severity else _answer(verdict)
    return f"{word}, filtered" if _is_stopping(verdict) else word


def _answer(verdict: dict[str, Any]) -> str:
    return "found" if verdict.get("detected") else "no" if "detected" in verdict else ""
