import asyncio
import http.client
import os
import signal
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
import pytest
from emulator_server.emulator_calls import Caller, form_body

import aoai_async.emulator
from aoai_async.emulator import (
    AzureOpenAIEmulator,
    Fault,
    Heard,
    PictureWanted,
    Quota,
    emulator_in_thread,
)
from aoai_async.emulator.serve import serve


class _Sleeper:
    """A recogniser and painter that never comes to an end by itself."""

    def __init__(self) -> None:
        self.busy = asyncio.Event()
        self.cancelled = False
        self.closed = False

    async def hear(self, recording: Path) -> Heard:
        del recording
        self.busy.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            self.cancelled = True
            raise
        raise AssertionError

    async def paint(self, picture: PictureWanted) -> bytes:
        del picture
        raise TimeoutError

    async def aclose(self) -> None:
        self.closed = True


async def test_health_answers_while_a_recording_is_recognised(session: aiohttp.ClientSession) -> None:
    """The health route needs nothing from the recogniser."""
    sleeper = _Sleeper()
    async with AzureOpenAIEmulator(recognizer=sleeper) as emulator:
        caller = Caller(emulator, session)
        call = asyncio.create_task(caller.audio())
        await sleeper.busy.wait()
        assert (await caller.send("GET", "/emulator/health")).json() == {"status": "ok"}
        assert not call.done()
        call.cancel()


async def test_closing_does_not_wait_for_the_recogniser(session: aiohttp.ClientSession, tmp_path: Path) -> None:
    """At the end what is in progress is cancelled, its caller sees the connection end, and the disk is clean."""
    sleeper = _Sleeper()
    async with AzureOpenAIEmulator(recognizer=sleeper, painter=sleeper, spool_dir=tmp_path) as emulator:
        call = asyncio.create_task(Caller(emulator, session).audio())
        await sleeper.busy.wait()
    assert sleeper.cancelled
    with pytest.raises(aiohttp.ClientError):
        await call
    assert await asyncio.to_thread(os.listdir, tmp_path) == []
    assert not sleeper.closed


async def test_a_model_that_takes_too_long_is_504(session: aiohttp.ClientSession) -> None:
    """A deadline of the recogniser or the painter is an answer with a proper error."""
    async with AzureOpenAIEmulator(painter=_Sleeper()) as emulator:
        reply = await Caller(emulator, session).image({"prompt": "a cat"})
    assert (reply.status, reply.error["code"]) == (504, "Timeout")


async def test_the_endpoint_exists_only_while_it_listens() -> None:
    """Outside its context the emulator has no endpoint; it can be opened again."""
    emulator = AzureOpenAIEmulator()
    for _ in range(2):
        with pytest.raises(RuntimeError, match="async with"):
            _ = emulator.endpoint
        async with emulator:
            assert urlsplit(emulator.endpoint).hostname == "127.0.0.1"


async def test_a_port_in_use_is_an_error_and_leaves_nothing(emulator: AzureOpenAIEmulator, tmp_path: Path) -> None:
    """A port that is taken raises OSError, and nothing stays on the disk."""
    port = urlsplit(emulator.endpoint).port
    assert port is not None
    with pytest.raises(OSError, match="address"):
        async with AzureOpenAIEmulator(port=port, spool_dir=tmp_path):
            pass
    assert await asyncio.to_thread(os.listdir, tmp_path) == []


async def test_spool_and_pictures_go_with_the_emulator(session: aiohttp.ClientSession, tmp_path: Path) -> None:
    """Pictures lie in the spool folder while the emulator is open, and are gone afterwards."""
    async with AzureOpenAIEmulator(spool_dir=tmp_path) as emulator:
        await Caller(emulator, session).image({"prompt": "a cat"})
        (folder,) = await asyncio.to_thread(os.listdir, tmp_path)
        assert len(await asyncio.to_thread(os.listdir, tmp_path / folder)) == 1
    assert await asyncio.to_thread(os.listdir, tmp_path) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_serve_ends_with_a_signal(number: signal.Signals) -> None:
    """`serve` opens the emulator, says so, and closes it when a signal arrives."""
    emulator = AzureOpenAIEmulator()
    endpoints: list[str] = []

    def ready(emulator: AzureOpenAIEmulator) -> None:
        endpoints.append(emulator.endpoint)
        os.kill(os.getpid(), number)

    async with asyncio.timeout(60):
        await serve(emulator, ready=ready)
    assert endpoints[0].startswith("http://127.0.0.1:")


async def test_serve_ends_when_it_is_cancelled() -> None:
    """Cancelling `serve` closes the emulator, and the signals are Python's again."""
    before = signal.getsignal(signal.SIGTERM)
    emulator, open_ = AzureOpenAIEmulator(), asyncio.Event()
    task = asyncio.create_task(serve(emulator, ready=lambda _: open_.set()))
    await open_.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    with pytest.raises(RuntimeError):
        _ = emulator.endpoint
    assert signal.getsignal(signal.SIGTERM) == before


def _post(emulator: AzureOpenAIEmulator) -> tuple[int, bytes]:
    address = urlsplit(emulator.endpoint)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=60)
    headers = {"api-key": emulator.api_key, "Content-Type": "multipart/form-data; boundary=B"}
    path = "/openai/deployments/whisper/audio/transcriptions?api-version=2024-10-21"
    try:
        connection.request("POST", path, form_body(b"sound"), headers)
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def test_the_fixture_serves_synchronous_tests(aoai_emulator: AzureOpenAIEmulator) -> None:
    """The fixture runs beside the test, and the control methods work from the test's thread."""
    aoai_emulator.set_faults([Fault(status=503)])
    aoai_emulator.set_quota("whisper", Quota(1))
    assert [_post(aoai_emulator)[0] for _ in range(3)] == [503, 200, 429]
    assert [request.status for request in aoai_emulator.requests] == [503, 200, 429]
    aoai_emulator.clear_requests()
    assert aoai_emulator.requests == []


async def test_the_fixture_serves_asynchronous_tests(
    aoai_emulator: AzureOpenAIEmulator, session: aiohttp.ClientSession
) -> None:
    """The fixture serves a test that has an event loop of its own."""
    assert (await Caller(aoai_emulator, session).audio()).status == 200


def test_in_thread_takes_the_emulators_options() -> None:
    """The emulator in a thread is made with the options it is given, and ends with its context."""
    with emulator_in_thread(api_key="another", rpm_audio=1) as emulator:
        assert emulator.api_key == "another"
        assert [_post(emulator)[0] for _ in range(2)] == [200, 429]
    with pytest.raises(RuntimeError):
        _ = emulator.endpoint


def test_in_thread_tells_why_it_does_not_open(aoai_emulator: AzureOpenAIEmulator) -> None:
    """An error at the start reaches the caller."""
    port = urlsplit(aoai_emulator.endpoint).port or 0
    with pytest.raises(OSError, match="address"), emulator_in_thread(port=port):
        pass


def test_the_plugin_imports_nothing_until_it_is_asked() -> None:
    """Every pytest run loads the plugin: it adds nothing but two small modules to what the package itself imports."""
    code = (
        "import sys, aoai_async, importlib, pytest; before = set(sys.modules);"
        "import aoai_async.emulator.pytest_plugin; print(sorted(sys.modules.keys() - before))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert done.stdout.strip() == "['aoai_async.emulator', 'aoai_async.emulator.pytest_plugin']"


def test_every_public_name_is_there() -> None:
    """All names of the package can be fetched, and no others."""
    for name in aoai_async.emulator.__all__:
        assert getattr(aoai_async.emulator, name).__doc__
    with pytest.raises(AttributeError, match="Nothing"):
        _ = aoai_async.emulator.Nothing
