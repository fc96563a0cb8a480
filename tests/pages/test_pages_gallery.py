"""The gallery, in a real browser."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from pages.page_checks import serious_faults, until
from pages.page_samples import HOSTILE, exhibition, failure, picture

from aoai_async.cli.pages.gallery import gallery_page

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import Page

    Visit = Callable[..., Page]

LOADED = "[...document.querySelectorAll('.card img')].filter(image => image.naturalWidth > 0).length"


@pytest.fixture
def gallery(visit: Visit, tmp_path: Path) -> Page:
    return visit(gallery_page(title="prompts.txt", entries=exhibition(tmp_path)))


def cards(page: Page) -> list[str]:
    return [str(card.locator(".prompt").first.text_content()) for card in page.locator(".card:visible").all()]


def focused(page: Page) -> str:
    return str(page.evaluate("document.activeElement.querySelector('img')?.alt ?? document.activeElement.id"))


def wait_for_focus(page: Page, picture: str) -> None:
    from playwright.sync_api import expect

    expect(page.locator("button", has=page.get_by_alt_text(picture))).to_be_focused()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 360])
def test_nothing_serious_is_wrong_for_assistive_technology(
    visit: Visit, tmp_path: Path, scheme: str, width: int
) -> None:
    """Axe finds nothing serious, neither in the grid nor in the large view, in light and dark, wide and narrow."""
    page = visit(gallery_page(title="prompts.txt", entries=exhibition(tmp_path)), scheme=scheme, width=width)
    assert serious_faults(page) == []
    page.get_by_role("button", name="a lighthouse").click()
    assert serious_faults(page) == []


def test_all_that_is_known_is_shown(gallery: Page) -> None:
    """Pictures, their prompts, sizes and verdicts are shown, failures with reason and remedy, in the order given."""
    assert gallery.title() == "prompts.txt"
    assert gallery.locator("#summary").inner_text() == "3 pictures, 1 failed"
    assert cards(gallery) == ["a corgi in a field", "a lighthouse in a storm", "a duel at dawn", "a fox in the snow"]
    told = [str(card.text_content()) for card in gallery.locator(".card").all()]
    assert "Revised: A small corgi among tall poppies" in told[0]
    assert "1792 \xd7 1024" in told[0]
    assert "The filter stopped it" in told[2]
    assert "reword the prompt" in told[2]
    assert "violence: medium, filtered" in told[2]
    assert "violence: low" in told[3]
    assert gallery.get_by_alt_text("A small corgi among tall poppies").count() == 1


def test_a_size_that_was_not_asked_for_is_the_one_of_the_file(gallery: Page) -> None:
    """A picture of which no size was asked for tells the size it has."""
    until(gallery, "document.querySelectorAll('.card')[3].textContent.includes('1 \xd7 1')")


@pytest.mark.parametrize("hostile", HOSTILE)
def test_what_a_prompt_says_is_text(visit: Visit, tmp_path: Path, hostile: str) -> None:
    """Markup in a prompt, a reason, a title or a verdict is shown as it is, and nothing of it runs or loads."""
    verdicts = {hostile: {"filtered": True, "severity": hostile}, "odd": hostile}
    shown = picture(tmp_path, 1, hostile, revised_prompt=f"{hostile}!", model=hostile, content_filter_results=verdicts)
    failed = failure(2, hostile, reason=hostile, remedy=hostile, request_id=hostile, filter_results=verdicts)
    page = visit(gallery_page(title=hostile, entries=[shown, failed]))
    page.locator("button.frame").click()
    assert page.locator("#view-prompt").text_content() == hostile
    assert page.locator("h1").text_content() == hostile
    assert page.locator(".failure p").first.text_content() == hostile
    assert page.evaluate("window.ran") is None
    assert page.locator("img").count() == 2
    assert page.locator("script").count() == 2


def test_markup_that_finds_a_way_in_still_does_not_run(gallery: Page) -> None:
    """The page's policy stops handlers, scripts and styles that are not its own."""
    stopped = gallery.evaluate(
        """() => new Promise(resolve => {
            const stopped = [];
            document.addEventListener('securitypolicyviolation', violation => {
                stopped.push(violation.effectiveDirective);
                if (stopped.length === 3) resolve(stopped);
            });
            document.body.insertAdjacentHTML('beforeend', '<img src="" onerror="window.ran=1"><p style="color:red">');
            document.body.append(Object.assign(document.createElement('script'), {textContent: 'window.ran=2'}));
        })"""
    )
    assert sorted(stopped) == ["script-src-attr", "script-src-elem", "style-src-attr"]
    assert gallery.evaluate("window.ran") is None


def test_search_and_filter(gallery: Page) -> None:
    """All words must be found, in prompt or reason, in any case; kinds narrow it; the count is told."""
    gallery.keyboard.press("/")
    gallery.keyboard.type("IN a")
    assert cards(gallery) == ["a corgi in a field", "a lighthouse in a storm", "a fox in the snow"]
    assert gallery.locator("#found").inner_text() == "3 of 4 entries"
    gallery.get_by_label("Flagged").check()
    assert cards(gallery) == ["a fox in the snow"]
    gallery.get_by_role("searchbox").fill("")
    assert cards(gallery) == ["a duel at dawn", "a fox in the snow"]
    gallery.get_by_label("Failed").check()
    assert cards(gallery) == ["a duel at dawn"]
    gallery.get_by_role("searchbox").fill("poppies")
    assert cards(gallery) == []
    assert gallery.get_by_text("Nothing here matches.").is_visible()
    gallery.get_by_label("All").check()
    assert cards(gallery) == ["a corgi in a field"]


def test_the_large_view_by_keyboard(gallery: Page) -> None:
    """Enter opens it, arrows, Home and End walk, Tab stays inside, Escape closes and gives the focus back."""
    gallery.get_by_role("radio", name="All").focus()
    gallery.keyboard.press("Tab")
    assert focused(gallery) == "A small corgi among tall poppies"
    gallery.keyboard.press("Enter")
    view = gallery.get_by_role("dialog", name="a corgi in a field")
    assert view.is_visible()
    assert gallery.get_by_role("button", name="Previous picture").is_disabled()
    gallery.keyboard.press("ArrowRight")
    assert gallery.locator("#view-prompt").inner_text() == "a lighthouse in a storm"
    assert gallery.locator("#view-place").inner_text() == "2 of 3"
    gallery.keyboard.press("End")
    assert gallery.locator("#view-prompt").inner_text() == "a fox in the snow"
    gallery.keyboard.press("ArrowRight")
    gallery.keyboard.press("Home")
    assert gallery.locator("#view-prompt").inner_text() == "a corgi in a field"
    gallery.keyboard.press("ArrowRight")
    for _ in range(8):
        gallery.keyboard.press("Tab")
        assert gallery.evaluate(
            "document.activeElement === document.body || !!document.activeElement.closest('dialog')"
        )
    gallery.keyboard.press("Escape")
    # The browser says that a dialog is closed a moment after it is.
    wait_for_focus(gallery, "a lighthouse in a storm")
    assert gallery.get_by_role("dialog").count() == 0


def test_the_large_view_by_mouse_tells_everything(gallery: Page) -> None:
    """A click opens it; it tells request id, region and each verdict, and walks and closes by its buttons."""
    gallery.get_by_role("button", name="a lighthouse").click()
    told = gallery.get_by_role("dialog").inner_text()
    assert all(fact in told for fact in ("1024 \xd7 1792", "77-aa", "Sweden Central", "0002.png", "self harm"))
    gallery.get_by_role("button", name="Next picture").click()
    assert "low" in gallery.locator("#view-verdicts").inner_text()
    gallery.get_by_role("button", name="Close").click()
    wait_for_focus(gallery, "a fox in the snow")


def test_the_large_view_walks_what_is_shown(gallery: Page) -> None:
    """A search narrows the walk, too."""
    gallery.get_by_role("searchbox").fill("storm")
    gallery.get_by_role("button", name="a lighthouse").click()
    assert gallery.locator("#view-place").inner_text() == "1 of 1"


def test_a_thousand_pictures_scroll(visit: Visit, tmp_path: Path) -> None:
    """Of a thousand pictures only those near the reader are loaded, at the beginning and after a leap to the end."""
    page = visit(gallery_page(title="many", entries=[picture(tmp_path, n, f"number {n}") for n in range(1, 1001)]))
    until(page, f"{LOADED} > 3")
    assert page.evaluate(LOADED) < 200
    page.locator(".card").last.scroll_into_view_if_needed()
    until(page, "document.querySelector('.card:last-child img').naturalWidth > 0")
    assert page.evaluate(LOADED) < 400
    assert page.evaluate("document.documentElement.scrollHeight") > 50_000


@pytest.mark.parametrize("width", [320, 390])
def test_a_phone_scrolls_only_downwards(visit: Visit, tmp_path: Path, width: int) -> None:
    """Nothing is wider than a phone, not even a prompt in one endless word."""
    entries = [*exhibition(tmp_path), failure(5, "x" * 400, reason="y" * 300), picture(tmp_path, 6, "z" * 400)]
    page = visit(gallery_page(title="t" * 90, entries=entries), width=width, height=700)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.locator("button.frame").last.click()
    assert page.evaluate("document.querySelector('dialog').scrollWidth") <= width


def test_an_empty_gallery(visit: Visit) -> None:
    """A gallery of nothing is a page all the same."""
    page = visit(gallery_page(title="none", entries=[]))
    assert page.locator("#summary").inner_text() == "0 pictures"
