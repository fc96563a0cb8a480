"""What the tests of `aoai doctor` share: the command as a process, and servers that it meets."""

from __future__ import annotations

import asyncio
import json
import os
import ssl
import subprocess
import sys
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from client.client_tools import answer, read_request

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    import trustme

__all__ = ["NOT_FOUND", "answers", "begin_doctor", "doctor", "run_doctor", "tls_server", "verdicts"]

NOT_FOUND = answer("404 Not Found", b'{"error": {"code": "DeploymentNotFound", "message": "no such deployment"}}')


def begin_doctor(*arguments: object, **variables: str) -> subprocess.Popen[str]:
    """Start the command in an environment of nothing but these variables."""
    bare = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    command = [sys.executable, "-Im", "aoai_async.cli.main", "doctor", *map(str, arguments)]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, env={**bare, **variables}, stdout=pipe, stderr=pipe, text=True)


def run_doctor(*arguments: object, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run the command to its end in such an environment."""
    with begin_doctor(*arguments, **variables) as process:
        out, err = process.communicate(timeout=60)
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)


async def doctor(*arguments: object, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run the command while the test's own servers answer."""
    return await asyncio.to_thread(run_doctor, *arguments, **variables)


def verdicts(done: subprocess.CompletedProcess[str]) -> dict[str, dict[str, Any]]:
    """The findings of a run with ``--json``, by the names of their checks."""
    found = [json.loads(line) for line in done.stdout.splitlines()]
    return {finding["check"]: finding for finding in found}


def answers(content: bytes) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]:
    """Return what answers one request with these bytes."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(content)
        await writer.drain()

    return handle


@asynccontextmanager
async def tls_server(
    certificate: trustme.LeafCert, handle: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
) -> AsyncIterator[int]:
    """Speak TLS with this certificate on a port of this machine, which is lent."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    await asyncio.to_thread(certificate.configure_cert, context)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await handle(reader, writer)
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
