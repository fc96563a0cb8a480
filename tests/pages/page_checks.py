"""What tests ask of a page in a browser."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Page

_WATCH = """() => new Promise((resolve, reject) => {
    const end = performance.now() + 30_000;
    const look = () => {
        if (%s) resolve();
        else if (performance.now() > end) reject(new Error('this never came true'));
        else requestAnimationFrame(look);
    };
    look();
})"""


def until(page: Page, condition: str) -> None:
    """Wait until an expression of JavaScript is true; Playwright's own way needs `eval`, which the pages forbid."""
    page.evaluate(_WATCH % condition)


def serious_faults(page: Page) -> list[str]:
    """Return what axe finds that is serious or critical."""
    # Imported where it is used, so that without Playwright the tests are skipped rather than broken.
    from axe_playwright_python.sync_playwright import Axe

    faults = Axe().run(page).response["violations"]
    return [f"{fault['id']}: {fault['help']}" for fault in faults if fault["impact"] in ("serious", "critical")]
