"""A bare client for these tests: aiohttp, and sockets where the framing matters."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterable, Mapping
from io import BytesIO
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import attrs
from yarl import URL

from aoai_async.emulator import AzureOpenAIEmulator

__all__ = ["Caller", "Reply", "eventually", "form_body", "raw_exchange", "raw_post"]

VERSION = "2024-10-21"


@attrs.frozen
class Reply:
    """One answer, read to its end."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode()

    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)

    @property
    def error(self) -> Any:
        """What is under `error`."""
        return self.json()["error"]


@attrs.frozen
class Caller:
    """Calls one emulator."""

    emulator: AzureOpenAIEmulator
    session: aiohttp.ClientSession

    async def send(self, method: str, path: str, **arguments: Any) -> Reply:
        """Send anything; a path may also be a whole address, and goes out as it is."""
        url = path if path.startswith("http") else self.emulator.endpoint + path
        async with self.session.request(method, URL(url, encoded=True), **arguments) as response:
            return Reply(response.status, response.headers, await response.read())

    async def audio(
        self,
        *fields: tuple[str, str],
        operation: str = "transcriptions",
        deployment: str = "whisper",
        version: str = VERSION,
        filename: str | None = "talk.mp3",
        content: bytes = b"sound",
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Upload a recording with fields."""
        form = aiohttp.FormData(default_to_multipart=True)
        if filename is not None:
            form.add_field("file", BytesIO(content), filename=filename, content_type="application/octet-stream")
        for name, value in fields:
            form.add_field(name, value)
        path = f"/openai/deployments/{deployment}/audio/{operation}?api-version={version}"
        return await self.send("POST", path, data=form, headers=self._headers(headers))

    async def image(
        self,
        document: Any,
        *,
        deployment: str = "dall-e-3",
        version: str = VERSION,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Ask for a picture."""
        path = f"/openai/deployments/{deployment}/images/generations?api-version={version}"
        body = BytesIO(json.dumps(document).encode())
        typed = {**self._headers(headers), "Content-Type": "application/json"}
        return await self.send("POST", path, data=body, headers=typed)

    def _headers(self, headers: Mapping[str, str] | None) -> Mapping[str, str]:
        return {"api-key": self.emulator.api_key} if headers is None else headers


def form_body(content: bytes, *, fields: Iterable[tuple[str, str]] = (), filename: str = "talk.mp3") -> bytes:
    """A multipart body with the boundary `B`."""
    parts = [f'Content-Disposition: form-data; name="{name}"\r\n\r\n{value}'.encode() for name, value in fields]
    head = f'Content-Disposition: form-data; name="file"; filename="{filename}"\r\n\r\n'
    return b"".join(b"--B\r\n" + part + b"\r\n" for part in [*parts, head.encode() + content]) + b"--B--\r\n"


def raw_post(body: bytes, *headers: str, path: str = "/openai/deployments/whisper/audio/transcriptions") -> bytes:
    """A transcription request as it goes over the wire; without further headers it states its length."""
    lines = [
        f"POST {path}?api-version={VERSION} HTTP/1.1",
        "Host: emulator",
        "api-key: emulator-key",
        "Content-Type: multipart/form-data; boundary=B",
        "Connection: close",
        *(headers or [f"Content-Length: {len(body)}"]),
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


async def raw_exchange(emulator: AzureOpenAIEmulator, request: bytes) -> bytes:
    """Write bytes to a new connection and read until the emulator closes it."""
    address = urlsplit(emulator.endpoint)
    async with asyncio.timeout(60):
        reader, writer = await asyncio.open_connection(address.hostname, address.port)
        writer.write(request)
        try:
            return await reader.read()
        finally:
            writer.close()


async def eventually(state: Callable[[], Awaitable[bool]]) -> None:
    """Wait for a state that no event announces, such as a file that is gone."""
    async with asyncio.timeout(60):
        while not await state():  # noqa: ASYNC110  (a file system has no event to wait for)
            await asyncio.sleep(0)
