from pathlib import Path

import aiohttp
import pytest
from emulator_server.emulator_calls import Caller, form_body

from aoai_async.emulator import AzureOpenAIEmulator, Heard, UndecodableAudio
from aoai_async.emulator.audio import EXTENSIONS


class _Deaf:
    async def hear(self, recording: Path) -> Heard:
        raise UndecodableAudio(str(recording))

    async def aclose(self) -> None:
        """Hold nothing."""


@pytest.mark.parametrize("extension", EXTENSIONS)
async def test_the_ten_extensions_are_taken(caller: Caller, extension: str) -> None:
    """Every extension of the reference is taken, whatever its case."""
    assert (await caller.audio(filename=f"talk.{extension}")).status == 200
    assert (await caller.audio(filename=f"TALK.{extension.upper()}")).status == 200


@pytest.mark.parametrize(
    ("filename", "status"), [("talk.opus", 400), ("talk.mp3.txt", 400), ("talk", 424), (".mp3", 424)]
)
async def test_other_filenames_are_unrecognized(caller: Caller, filename: str, status: int) -> None:
    """Another extension is 400, none at all 424, both with the model's error."""
    reply = await caller.audio(filename=filename)
    assert (reply.status, reply.error["code"]) == (status, "model_error")
    assert "Unrecognized file format" in reply.error["message"]


@pytest.mark.parametrize("operation", ["transcriptions", "translations"])
async def test_missing_file_is_an_empty_400(caller: Caller, operation: str) -> None:
    """Without a file part there is no body at all, only a header that tells the reason."""
    reply = await caller.audio(("prompt", "hello"), operation=operation, filename=None)
    assert (reply.status, reply.body) == (400, b"")
    assert reply.headers["ms-azureml-model-error-reason"] == "model_error"
    assert reply.headers["apim-request-id"]


async def test_a_field_called_file_is_no_file(caller: Caller) -> None:
    """A plain field called `file`, without a filename, counts as missing."""
    reply = await caller.audio(("file", "sound"), filename=None)
    assert (reply.status, reply.body) == (400, b"")


@pytest.mark.parametrize("name", ["prompt", "response_format", "temperature", "language", "timestamp_granularities[]"])
async def test_an_empty_optional_field_is_an_error(caller: Caller, name: str) -> None:
    """What is not set must be left out: an empty value is 400 invalidPayload."""
    reply = await caller.audio((name, ""))
    assert (reply.status, reply.error["code"], reply.error["param"]) == (400, "invalidPayload", name)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("response_format", "xml"),
        ("response_format", "JSON"),
        ("temperature", "warm"),
        ("temperature", "1.1"),
        ("temperature", "-0.1"),
        ("temperature", "nan"),
        ("timestamp_granularities[]", "sentence"),
    ],
)
async def test_values_the_service_does_not_take(caller: Caller, name: str, value: str) -> None:
    """A value outside its choices or range is 400 and names its field."""
    reply = await caller.audio((name, value))
    assert (reply.status, reply.error["param"]) == (400, name)
    assert value in reply.error["message"]


@pytest.mark.parametrize(
    ("name", "value"), [("temperature", "0"), ("temperature", "1"), ("language", "de"), ("model", "whisper")]
)
async def test_values_the_service_takes(caller: Caller, name: str, value: str) -> None:
    """Values in range pass, and so does a field the service does not know."""
    assert (await caller.audio((name, value))).status == 200


async def test_undecodable_audio_is_a_model_error(session: aiohttp.ClientSession) -> None:
    """What the recogniser cannot decode is 400 model_error, and its path on our disk stays untold."""
    async with AzureOpenAIEmulator(recognizer=_Deaf()) as emulator:
        reply = await Caller(emulator, session).audio()
    assert (reply.status, reply.error["code"]) == (400, "model_error")
    assert "/" not in reply.error["message"]


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", b"{}"),
        ("multipart/form-data", b"--B--\r\n"),
        ("multipart/form-data; boundary=" + "B" * 71, b""),
        ("multipart/form-data; boundary=B", b""),
        ("multipart/form-data; boundary=B", form_body(b"sound")[:-8]),
        ("multipart/form-data; boundary=B", b"--Bx\r\n\r\n--B--\r\n"),
        ("multipart/form-data; boundary=B", b"--B\r\nX: y\r\n\r\nz\r\n--B--\r\n"),
        ("multipart/form-data; boundary=B", b"--B\r\n" + b"x" * 20_000),
    ],
)
async def test_malformed_bodies_are_400(caller: Caller, content_type: str, body: bytes) -> None:
    """A body that is no multipart, or not the whole of one, is refused with a proper error."""
    headers = {"api-key": caller.emulator.api_key, "Content-Type": content_type}
    path = "/openai/deployments/whisper/audio/transcriptions?api-version=2024-10-21"
    reply = await caller.send("POST", path, data=body, headers=headers)
    assert (reply.status, reply.error["code"]) == (400, "invalidPayload")
