import struct
import wave
from io import BytesIO

import aiohttp
import pytest
from emulator_server.emulator_calls import Caller

from aoai_async.emulator import AzureOpenAIEmulator

pytest.importorskip("av")
pytest.importorskip("PIL")
pytest.importorskip("pocketsphinx")


def _silence(seconds: int) -> bytes:
    target = BytesIO()
    with wave.open(target, "wb") as recording:
        recording.setnchannels(1)
        recording.setsampwidth(2)
        recording.setframerate(16_000)
        recording.writeframes(bytes(2 * 16_000 * seconds))
    return target.getvalue()


async def test_real_recognition_and_painting(session: aiohttp.ClientSession) -> None:
    """With the extra installed, recordings are decoded and pictures have the size that was asked for."""
    async with AzureOpenAIEmulator(recognizer="sphinx", painter="pillow") as emulator:
        caller = Caller(emulator, session)
        heard = await caller.audio(("response_format", "verbose_json"), content=_silence(1), filename="a.wav")
        noise = await caller.audio(content=b"this is no recording", filename="a.wav")
        made = await caller.image({"prompt": "a corgi", "size": "1792x1024"})
        picture = (await caller.send("GET", made.json()["data"][0]["url"])).body
    assert (heard.status, heard.json()["duration"], heard.json()["segments"]) == (200, 1.0, [])
    assert (noise.status, noise.error["code"]) == (400, "model_error")
    assert struct.unpack(">II", picture[16:24]) == (1792, 1024)
