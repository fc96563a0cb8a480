"""The gallery: a page of all pictures of a batch, and of what became of the other prompts."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from aoai_async.cli.images_records import FailedPrompt, Picture
from aoai_async.cli.pages.assembling import assembled
from aoai_async.cli.pages.verdicts import verdicts

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["gallery_page"]

_SIZE = re.compile(r"([1-9]\d{0,4})x([1-9]\d{0,4})")


def gallery_page(*, title: str, entries: Sequence[Picture | FailedPrompt]) -> str:
    """Return the gallery as one HTML file, for the folder of the pictures.

    Args:
        title: The heading, as plain text.
        entries: Pictures and failures, in the order they are shown.
    """
    return assembled("gallery", title=title, data={"entries": [_entry(entry) for entry in entries]})


def _entry(entry: Picture | FailedPrompt) -> dict[str, Any]:
    told = _picture(entry) if isinstance(entry, Picture) else _failure(entry)
    revised = None if entry.revised_prompt == entry.prompt else entry.revised_prompt
    return {"label": f"#{entry.number}", "prompt": entry.prompt, "revised": revised, "size": _size(entry.size), **told}


def _picture(picture: Picture) -> dict[str, Any]:
    return {
        # A name that begins with a letter or digit and has no unquoted colon is never taken for a scheme.
        "file": quote(picture.file),
        "alt": picture.revised_prompt or picture.prompt,
        "verdicts": verdicts(picture.prompt_filter_results, picture.content_filter_results),
        "facts": [[name, value] for name, value in _facts(picture) if value],
    }


def _facts(picture: Picture) -> list[tuple[str, str | None]]:
    return [
        ("quality", picture.quality),
        ("style", picture.style),
        ("deployment", picture.model),
        ("made", _moment(picture.created)),
        ("region", picture.region),
        ("request id", picture.request_id),
        ("file", picture.file),
    ]


def _failure(failure: FailedPrompt) -> dict[str, Any]:
    return {
        "error": failure.reason,
        "remedy": failure.remedy,
        "id": failure.request_id,
        "verdicts": verdicts(failure.filter_results, None),
    }


def _size(text: str | None) -> list[int] | None:
    sides = _SIZE.fullmatch(text or "")
    return [int(side) for side in sides.groups()] if sides else None


def _moment(created: int | None) -> str | None:
    return None if created is None else f"{datetime.fromtimestamp(created, UTC):%Y-%m-%d %H:%M} UTC"
