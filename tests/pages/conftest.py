"""A real Chromium, in which the pages are opened as their readers open them: as files."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING, Any, Literal

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@pytest.fixture(autouse=True)
def no_blocking_call() -> None:
    """Allow tests here to block: Playwright keeps a loop running in their thread, which serves nobody else."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    playwright = pytest.importorskip("playwright.sync_api", reason="The pages are not tested: Playwright is missing")
    chromium = next(filter(None, map(shutil.which, _NAMES)), None)
    if chromium is None:
        pytest.skip("The pages are not tested: there is no Chromium here (on Debian: apt-get install chromium)")
    # The sandbox does not work for root; what is opened here is our own.
    flags = ["--no-sandbox"] if os.geteuid() == 0 else []
    with (
        playwright.sync_playwright() as started,
        started.chromium.launch(executable_path=chromium, args=flags) as opened,
    ):
        yield opened


@pytest.fixture
def visit(browser: Browser, tmp_path: Path) -> Iterator[Callable[..., Page]]:
    """Open a page from a file; in the end no script may have failed, and nothing but files been asked for."""
    errors: list[Any] = []
    asked: list[str] = []
    contexts = []

    def open_page(
        html: str, *, scheme: Literal["light", "dark"] = "light", width: int = 1280, height: int = 900
    ) -> Page:
        context = browser.new_context(
            color_scheme=scheme, viewport={"width": width, "height": height}, reduced_motion="reduce"
        )
        contexts.append(context)
        context.on("weberror", lambda error: errors.append(error.error))
        context.on("request", lambda request: asked.append(request.url))
        page = context.new_page()
        (tmp_path / "page.html").write_text(html, "utf-8")
        page.goto((tmp_path / "page.html").as_uri())
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert errors == []
    assert [url for url in asked if not url.startswith(("file:", "blob:"))] == []
