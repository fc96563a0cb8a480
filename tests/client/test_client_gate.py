import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
import pytest
from anyio.lowlevel import checkpoint
from client.client_tools import PNG, encoded, in_pieces, picture_of, ticking
from client.conftest import MakeClient

from aoai_async import AsyncAzureOpenAI, AudioFile
from aoai_async.emulator import AzureOpenAIEmulator
from aoai_async.transport import intake, pictures, reading
from aoai_async.transport.gate import Gate
from aoai_async.transport.intake import recording_of
from aoai_async.transport.reading import FileStamp
from aoai_async.transport.sources import Readings
from aoai_async.transport.threads import in_thread
from aoai_async.wire.pictures import decode_base64

PATIENCE = 20.0
A_TURN = 256 * 1024
LIMIT = 25 * 2**20


class _Crowd:
    """Many who enter a gate at the same time, and a clock that ticks once in each turn of the loop."""

    def __init__(self, gate: Gate) -> None:
        self.gate = gate
        self.seen: list[int | None] = []

    async def one(self, number: int) -> None:
        await self.gate.enter()
        self.seen.append(number)

    def tick(self) -> None:
        self.seen.append(None)

    async def enter(self, *entering: asyncio.Task[None]) -> None:
        with ticking(self.tick), anyio.fail_after(PATIENCE):
            await asyncio.wait(entering)

    def numbers(self) -> list[int]:
        return [number for number in self.seen if number is not None]

    def most_in_a_turn(self) -> int:
        turns = "".join("-" if number is None else "x" for number in self.seen).split("-")
        return max(map(len, turns))


async def test_some_go_through_in_each_turn() -> None:
    """They do so in their order, and between them others get on."""
    crowd = _Crowd(Gate(3))
    await crowd.enter(*(asyncio.ensure_future(crowd.one(number)) for number in range(20)))
    assert crowd.numbers() == list(range(20))
    assert crowd.most_in_a_turn() == 3


async def test_who_comes_later_does_not_push_in() -> None:
    """A new turn has room first for those who wait."""
    crowd = _Crowd(Gate(2))
    first = [asyncio.ensure_future(crowd.one(number)) for number in range(6)]
    await checkpoint()
    await crowd.enter(*first, *(asyncio.ensure_future(crowd.one(number)) for number in range(6, 9)))
    assert crowd.numbers() == list(range(9))


async def test_who_gives_up_leaves_the_others_their_places() -> None:
    """One that is cancelled while it waits takes no room in any turn."""
    crowd = _Crowd(Gate(1))
    entering = [asyncio.ensure_future(crowd.one(number)) for number in range(5)]
    await checkpoint()
    entering[1].cancel()
    entering[3].cancel()
    await crowd.enter(*entering)
    assert crowd.numbers() == [0, 2, 4]


async def test_few_do_not_wait() -> None:
    """As long as there is room in a turn, nothing is put off."""
    crowd = _Crowd(Gate(5))
    with ticking(crowd.tick):
        for number in range(5):
            await crowd.one(number)
    assert crowd.seen == list(range(5))


async def test_recordings_that_were_looked_at_together(recording: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Threads are done with all of them in the same turn of the loop; one goes on in each."""
    count, readings = 5, Readings()
    crowd, together = _Crowd(readings.starts), asyncio.Barrier(count)

    async def looked_at(look: Callable[[Path], FileStamp], file: Path) -> FileStamp:
        stamp = await in_thread(look, file)
        await together.wait()
        return stamp

    async def take(number: int) -> None:
        async with recording_of(recording, readings, LIMIT):
            crowd.seen.append(number)

    monkeypatch.setattr(intake, "in_thread", looked_at)
    await crowd.enter(*(asyncio.ensure_future(take(number)) for number in range(count)))
    assert sorted(crowd.numbers()) == list(range(count))
    assert crowd.most_in_a_turn() == 1


@pytest.mark.parametrize("kind", ["path", "path in threads", "bytes", "stream"])
async def test_recordings_that_are_sent_together(
    emulator: AzureOpenAIEmulator,
    make_client: MakeClient,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
) -> None:
    """After their first quarter of a megabyte, which other gates let in, one sends as much in each turn of the loop."""
    if kind == "path in threads":
        monkeypatch.setattr(reading, "can_tell_cached_pages", lambda: False)
    client, content, count = make_client(emulator.endpoint, azure_deployment="whisper"), bytes(4 * A_TURN), 6
    path = tmp_path / "talk.mp3"
    await in_thread(path.write_bytes, content)
    turns = [0]

    def one_more() -> Callable[[int, int], None]:
        before = 0

        def count_bytes(sent: int, _: int) -> None:
            nonlocal before
            turns[-1] += sent - before if sent > A_TURN else 0
            before = sent

        return count_bytes

    files: dict[str, Any] = {
        "bytes": ("talk.mp3", content),
        "stream": AudioFile(lambda: in_pieces(content, A_TURN // 4), "talk.mp3", size=len(content)),
    }
    with ticking(lambda: turns.append(0)), anyio.fail_after(PATIENCE):
        await asyncio.gather(
            *(
                client.audio.transcriptions.create(file=files.get(kind, path), on_progress=one_more())
                for _ in range(count)
            )
        )
    assert sum(turns) == count * (len(content) - A_TURN)
    assert max(turns) == A_TURN


@pytest.mark.parametrize("is_saved", [True, False])
async def test_pictures_in_base64(
    make_client: MakeClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_saved: bool
) -> None:
    """However many are read or saved at once, one piece of one picture is decoded in each turn of the loop."""
    client, content = make_client("https://NAME.openai.azure.com"), PNG + bytes(2**21)
    crowd = _Crowd(client._settings.connections.decoding)

    def decode(text: str, *, is_last: bool) -> bytes:
        crowd.seen.append(0)
        return decode_base64(text, is_last=is_last)

    async def get(number: int) -> None:
        picture = picture_of(client, b64_json=encoded(content))
        if is_saved:
            path = await picture.save(tmp_path / f"{number}.png")
            assert await in_thread(path.read_bytes) == content
        else:
            assert await picture.read() == content

    monkeypatch.setattr(pictures, "decode_base64", decode)
    await crowd.enter(*(getting := [asyncio.ensure_future(get(number)) for number in range(4)]))
    await asyncio.gather(*getting)
    assert crowd.numbers() == [0] * 4 * 3
    assert crowd.most_in_a_turn() == 1


async def test_calls_that_are_gathered(emulator: AzureOpenAIEmulator) -> None:
    """All of a hundred calls made at once are answered."""
    async with AsyncAzureOpenAI(azure_endpoint=emulator.endpoint, api_key="emulator-key") as client:
        made = await asyncio.gather(
            *(client.images.generate(model="dall-e-3", prompt=f"a corgi, number {number}") for number in range(100))
        )
    assert len(made) == len(emulator.requests) == 100
