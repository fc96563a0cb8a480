"""Pictures, failures and transcripts to make pages of."""

from __future__ import annotations

import base64
import shutil
from pathlib import Path

from aoai_async.cli.images_records import FailedPrompt, Picture
from aoai_async.schema.audio import AudioSegment, AudioVerboseResponse, AudioWord

RECORDING = Path(__file__).parents[2] / "examples" / "audio" / "agenda.mp3"
DOT = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
SAFE = {name: {"filtered": False, "severity": "safe"} for name in ("hate", "self_harm", "sexual", "violence")}
TEXTS = (
    " First we will look at the numbers from last year.",
    " Then we will talk about the plans for the next three months.",
    " After that there will be time for your questions.",
)
BOUNDS = (0.0, 3.2, 7.4, 11.5)
HOSTILE = (
    "<img src=x onerror=\"window.ran='an attribute'\">",
    "</script><script>window.ran='an element'</script>",
    "<!--<script>window.ran='a comment'",
    "\u2028\u2029 &lt;svg onload=alert(1)&gt; $title ${7*7}",
)


def picture(folder: Path, number: int, prompt: str = "a corgi", **facts: object) -> Picture:
    """Make a picture whose file lies in a folder."""
    name = f"{number:04}.png"
    (folder / name).write_bytes(DOT)
    known = {"size": "1024x1024", "prompt_filter_results": SAFE, "content_filter_results": SAFE, **facts}
    return Picture(number=number, id=str(number), prompt=prompt, file=name, **known)


def failure(number: int, prompt: str = "a duel", **facts: object) -> FailedPrompt:
    """Make a failure."""
    return FailedPrompt(number=number, id=str(number), prompt=prompt, **{"reason": "The filter stopped it", **facts})


def exhibition(folder: Path) -> list[Picture | FailedPrompt]:
    """Make a few of each kind, in all shapes, with their files."""
    low = {**SAFE, "violence": {"filtered": False, "severity": "low"}}
    stopped = {**SAFE, "violence": {"filtered": True, "severity": "medium"}}
    return [
        picture(folder, 1, "a corgi in a field", size="1792x1024", revised_prompt="A small corgi among tall poppies"),
        picture(folder, 2, "a lighthouse in a storm", size="1024x1792", request_id="77-aa", region="Sweden Central"),
        failure(3, "a duel at dawn", remedy="reword the prompt", filter_results=stopped),
        picture(folder, 4, "a fox in the snow", size=None, content_filter_results=low, created=1_790_000_000),
    ]


def transcript(folder: Path) -> AudioVerboseResponse:
    """Make a transcript of a recording that is put in a folder as ``talk 1.mp3``."""
    shutil.copy(RECORDING, folder / "talk 1.mp3")
    spans = list(zip(TEXTS, BOUNDS, BOUNDS[1:], strict=False))
    return AudioVerboseResponse(
        text="".join(TEXTS).strip(),
        language="english",
        duration=BOUNDS[-1],
        segments=[AudioSegment(id=n, start=start, end=end, text=t) for n, (t, start, end) in enumerate(spans)],
        words=[word for span in spans for word in _words(*span)],
    )


def _words(text: str, start: float, end: float) -> list[AudioWord]:
    spoken = text.strip(" .").split()
    each = (end - start) / len(spoken)
    return [AudioWord(word=word, start=start + n * each, end=start + (n + 1) * each) for n, word in enumerate(spoken)]
