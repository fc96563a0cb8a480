"""One HTML file of a template, its style, its script and its data.

The data stands in the page as JSON that the browser does not run, and the script puts it in place as text. The
page's policy names style and script by their hashes and allows nothing else, so that markup which found a way in all
the same would neither run nor load anything.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
from importlib.resources import files
from string import Template
from typing import Any

__all__ = ["assembled"]

# A page that is opened as a file has no origin of its own: 'self' is nothing there, and what lies beside it is `file:`.
_BESIDE = "'self' file: blob:"
_ESCAPES = {ord(sign): f"\\u{ord(sign):04x}" for sign in "<>&\u2028\u2029"}


def assembled(name: str, *, title: str, data: Any) -> str:
    """Return a whole page.

    Args:
        name: The page's name: ``NAME.html``, ``NAME.css`` and ``NAME.js`` lie beside this module.
        title: The title, as plain text.
        data: What the script finds under `data`; anything `json` can write.
    """
    style, script = (_text("shared", kind) + _text(name, kind) for kind in ("css", "js"))
    page = Template(_text(name, "html")).substitute(
        title=html.escape(title), policy=_policy(style, script), style=style, script=script, data=_harmless(data)
    )
    # A file name that is no UTF-8 comes as text that has no bytes.
    return page.encode(errors="replace").decode()


def _text(name: str, kind: str) -> str:
    return files("aoai_async.cli.pages").joinpath(f"{name}.{kind}").read_text("utf-8")


def _policy(style: str, script: str) -> str:
    return (
        f"default-src 'none'; img-src {_BESIDE} data:; media-src {_BESIDE}; style-src {_hash(style)}; "
        f"script-src {_hash(script)}; base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _harmless(data: Any) -> str:
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")).translate(_ESCAPES)
