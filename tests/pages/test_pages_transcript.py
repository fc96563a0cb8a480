"""The page of a recording, in a real browser."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from pages.page_checks import serious_faults, until
from pages.page_samples import HOSTILE, TEXTS, transcript

from aoai_async.cli.pages.transcript import transcript_page
from aoai_async.schema.audio import AudioSegment, AudioVerboseResponse
from aoai_async.wire.subtitles import cues_of, srt, vtt

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

    Visit = Callable[..., Page]

LIT = "[...document.querySelectorAll('.passage')].findIndex(passage => passage.ariaCurrent === 'true')"
SPOKEN = "document.querySelector('.spoken')?.textContent"


def page_of(folder: Path) -> str:
    return transcript_page(title="talk 1.mp3", recording="talk%201.mp3", answer=transcript(folder))


@pytest.fixture
def talk(visit: Visit, tmp_path: Path) -> Page:
    """Open a page whose recording is known, and stands still unless it is told to play."""
    page = visit(page_of(tmp_path))
    until(page, "player.readyState >= HTMLMediaElement.HAVE_METADATA")
    return page


def hold(page: Page) -> None:
    page.evaluate("player.play = () => Promise.resolve()")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 360])
def test_nothing_serious_is_wrong_for_assistive_technology(
    visit: Visit, tmp_path: Path, scheme: str, width: int
) -> None:
    """Axe finds nothing serious, also while a word is lit and matches are marked, in light and dark."""
    page = visit(page_of(tmp_path), scheme=scheme, width=width)
    assert serious_faults(page) == []
    page.evaluate("player.currentTime = 5")
    until(page, f"{LIT} === 1")
    page.get_by_role("searchbox").fill("plans")
    assert serious_faults(page) == []


def test_what_was_said_is_shown(talk: Page) -> None:
    """Every segment is shown with its time, its punctuation, its language; the facts stand above."""
    assert [text.text_content() for text in talk.locator(".text").all()] == [text.strip() for text in TEXTS]
    assert [time.text_content() for time in talk.locator(".time").all()] == ["0:00", "0:03", "0:07"]
    assert talk.locator(".text").first.get_attribute("lang") == "en"
    assert talk.locator("#facts").inner_text() == "English · 12 s · 31 words"
    assert talk.evaluate("player.duration") == pytest.approx(11.5, abs=0.2)


def test_a_click_seeks(talk: Page) -> None:
    """A click on a time, on the text or on a word goes to where that was said, and lights it."""
    hold(talk)
    talk.get_by_role("button", name="Play from 0:07").click()
    assert talk.evaluate("player.currentTime") == pytest.approx(7.4)
    until(talk, f"{LIT} === 2")
    talk.locator(".passage").nth(1).click(position={"x": 700, "y": 10})
    assert talk.evaluate("player.currentTime") == pytest.approx(3.2)
    talk.get_by_text("plans", exact=True).click()
    assert talk.evaluate("player.currentTime") == pytest.approx(3.2 + 4.2 * 6 / 12, abs=0.4)
    until(talk, f"{SPOKEN} === 'plans'")


def test_marking_text_does_not_seek(talk: Page) -> None:
    """Who marks a stretch of text with the mouse hears nothing."""
    hold(talk)
    talk.locator(".word").nth(14).dblclick()
    talk.evaluate("player.currentTime = 0")
    talk.locator(".word").nth(12).hover()
    talk.mouse.down()
    talk.locator(".word").nth(16).hover()
    talk.mouse.up()
    assert talk.evaluate("player.currentTime") == 0


def test_what_is_spoken_is_lit_while_it_plays(talk: Page) -> None:
    """While the recording plays, segment by segment and word by word are lit, in the order they are spoken."""
    talk.evaluate(
        """() => {
            window.heard = [];
            const note = ({ target }) => {
                if (target.matches('.spoken')) heard.push(words.findIndex((word) => word.element === target));
            };
            const watch = { subtree: true, attributeFilter: ['class'] };
            new MutationObserver((changes) => changes.forEach(note)).observe(byId('passages'), watch);
        }"""
    )
    talk.evaluate("player.muted = true; player.currentTime = 2.9")
    until(talk, f"{LIT} === 0 && {SPOKEN} === 'year'")
    talk.evaluate("player.play()")
    until(talk, f"{LIT} === 1")
    until(talk, "player.currentTime > 5")
    talk.evaluate("player.pause()")
    heard = talk.evaluate("heard")
    assert heard[0] == 9
    assert heard == sorted(set(heard))
    assert len(heard) > 1


def test_the_keyboard(talk: Page) -> None:
    """Arrows go from time to time, Enter plays from one, Space stops and starts, a slash goes to the search."""
    hold(talk)
    talk.get_by_role("button", name="Play from 0:00").focus()
    talk.keyboard.press("ArrowDown")
    talk.keyboard.press("ArrowDown")
    talk.keyboard.press("ArrowUp")
    talk.keyboard.press("Enter")
    assert talk.evaluate("player.currentTime") == pytest.approx(3.2)
    talk.keyboard.press("/")
    talk.keyboard.type("/")
    assert talk.get_by_role("searchbox").input_value() == "/"


def test_search(talk: Page) -> None:
    """Matches are counted and marked, across words too; Enter and the buttons go through them, round and round."""
    talk.get_by_role("searchbox").fill("WE will")
    found = talk.locator("#found")
    assert found.inner_text() == "2 matches"
    assert talk.evaluate("[...CSS.highlights.get('found')].map(String)") == ["we will", "we will"]
    talk.keyboard.press("Enter")
    assert found.inner_text() == "Match 1 of 2"
    talk.get_by_role("button", name="Next match").click()
    talk.get_by_role("button", name="Next match").click()
    assert found.inner_text() == "Match 1 of 2"
    talk.get_by_role("button", name="Previous match").click()
    assert (
        talk.evaluate("[...CSS.highlights.get('chosen')][0].startContainer.parentElement.closest('li').ariaLabel")
        is None
    )
    assert found.inner_text() == "Match 2 of 2"
    talk.get_by_role("searchbox").fill("(no such")
    assert found.inner_text() == "0 matches"
    assert talk.get_by_role("button", name="Next match").is_disabled()


@pytest.mark.parametrize("ending", ["srt", "vtt"])
def test_downloads(talk: Page, tmp_path: Path, ending: str) -> None:
    """What is downloaded is what the library writes, under the recording's name."""
    with talk.expect_download() as downloading:
        talk.get_by_role("link", name=f"Download {ending}").click()
    write = {"srt": srt, "vtt": vtt}[ending]
    assert downloading.value.suggested_filename == f"talk 1.{ending}"
    assert Path(downloading.value.path()).read_text("utf-8") == write(cues_of(transcript(tmp_path)))


@pytest.mark.parametrize("hostile", HOSTILE)
def test_what_was_said_is_text(visit: Visit, hostile: str) -> None:
    """Markup in a transcript, a title or a language is shown as it is, and nothing of it runs or loads."""
    segments = [AudioSegment(start=0.0, end=1.0, text=hostile)]
    answer = AudioVerboseResponse(text=hostile, language=hostile, duration=1.0, segments=segments)
    page = visit(transcript_page(title=hostile, recording="none.mp3", answer=answer))
    assert page.locator("h1").text_content() == hostile
    assert page.locator(".text").text_content() == hostile.strip()
    assert page.evaluate("window.ran") is None
    assert page.locator("script").count() == 2
    assert page.locator("img").count() == 0


def test_text_alone(visit: Visit) -> None:
    """Without segments and words there is the text, without times, and no trouble."""
    page = visit(transcript_page(title="a", recording="a.mp3", answer=AudioVerboseResponse(text="One.\nTwo.")))
    assert [text.inner_text() for text in page.locator(".text").all()] == ["One.", "Two."]
    assert page.locator(".time").count() == 0
    assert page.get_by_label("Follow").is_hidden()


def test_a_recording_that_is_gone(visit: Visit) -> None:
    """When the recording cannot be played the page says so, and the transcript can still be read."""
    page = visit(transcript_page(title="a", recording="gone.mp3", answer=AudioVerboseResponse(text="One.")))
    assert "cannot play gone.mp3" in page.get_by_role("alert").inner_text()
    assert page.get_by_text("One.", exact=True).is_visible()


@pytest.mark.parametrize("width", [320, 390])
def test_a_phone_scrolls_only_downwards(visit: Visit, width: int) -> None:
    """Nothing is wider than a phone, not even an endless word."""
    segments = [AudioSegment(start=4000.0 * n, end=4000.0 * n + 9, text="x" * 300) for n in range(4)]
    answer = AudioVerboseResponse(text="x", segments=segments)
    page = visit(transcript_page(title="t" * 90, recording="a.mp3", answer=answer), width=width, height=700)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.locator(".time").last.text_content() == "3:20:00"
