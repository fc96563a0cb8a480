"""Picture storage: signed addresses that expire, as the service's blob storage gives out.

An address is good only as it was given out, byte for byte, so that a client which decodes and encodes the query
again is found out; and a request that carries credentials is refused, so that one which leaks them is found out too.
"""

import base64
import hmac
import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import md5
from pathlib import Path
from urllib.parse import urlencode

import attrs
from aiohttp import web
from anyio import to_thread

from aoai_async.emulator.answers import Answer, text_answer
from aoai_async.emulator.sending import to_response
from aoai_async.emulator.spool import Spool

__all__ = ["PictureStore"]


@attrs.frozen
class _Picture:
    file: Path
    query: str
    expires: float
    content_md5: str


class PictureStore:
    """Keeps pictures on disk, under addresses that only their receiver knows.

    Args:
        spool: Where the pictures lie; they go when it goes.
        clock: Tells the time, in seconds since 1970.
        lifetime: Seconds for which an address is good.
    """

    def __init__(self, spool: Spool, clock: Callable[[], float], lifetime: float) -> None:
        self._spool = spool
        self._clock = clock
        self._lifetime = lifetime
        self._pictures: dict[str, _Picture] = {}

    async def keep(self, request_id: str, picture: bytes) -> str:
        """Keep a PNG file and give its address: path and query, to stand behind scheme and host."""
        path = f"/storage/private/images/{request_id}/generated_00.png"
        file = self._spool.new_path(".png")
        await self._spool.write(file, picture)
        now = self._clock()
        query = _signed_query(now, now + self._lifetime)
        checksum = await to_thread.run_sync(_content_md5, picture)
        self._pictures[path] = _Picture(file, query, now + self._lifetime, checksum)
        return f"{path}?{query}"

    async def fetch(self, request: web.Request) -> web.StreamResponse:
        """Answer a GET of an address."""
        path, _, query = request.raw_path.partition("?")
        picture = self._pictures.get(path)
        if "api-key" in request.headers or "Authorization" in request.headers:
            return to_response(_leaked_credentials())
        if picture is None or not hmac.compare_digest(query.encode("utf-8", "surrogateescape"), picture.query.encode()):
            return to_response(_refused("Signature did not match."))
        if self._clock() >= picture.expires:
            return to_response(_refused("Signature not valid in the specified time frame."))
        return web.FileResponse(picture.file, headers=_headers(picture))


def _headers(picture: _Picture) -> dict[str, str]:
    return {
        "Content-Type": "image/png",
        "Content-MD5": picture.content_md5,
        "Server": "Windows-Azure-Blob/1.0 Microsoft-HTTPAPI/2.0",
        "x-ms-blob-type": "BlockBlob",
        "x-ms-version": "2020-10-02",
    }


def _content_md5(picture: bytes) -> str:
    return base64.b64encode(md5(picture, usedforsecurity=False).digest()).decode("ascii")


def _signed_query(now: float, expires: float) -> str:
    signature = base64.b64encode(secrets.token_bytes(32)).decode("ascii")
    facts = {
        "se": _iso(expires),
        "sig": signature,
        "ske": _iso(expires),
        "skoid": "00000000-0000-0000-0000-000000000000",
        "sks": "b",
        "skt": _iso(now),
        "sktid": "00000000-0000-0000-0000-000000000000",
        "skv": "2020-10-02",
        "sp": "r",
        "spr": "https,http",
        "sr": "b",
        "sv": "2020-10-02",
    }
    return urlencode(facts)


def _iso(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _refused(detail: str) -> Answer:
    message = (
        "Server failed to authenticate the request. Make sure the value of Authorization header is formed "
        "correctly including the signature."
    )
    return _xml(
        403, "AuthenticationFailed", message, f"<AuthenticationErrorDetail>{detail}</AuthenticationErrorDetail>"
    )


def _leaked_credentials() -> Answer:
    message = "Authentication information is not given in the correct format. Check the value of Authorization header."
    return _xml(400, "InvalidAuthenticationInfo", message, "")


def _xml(status: int, code: str, message: str, detail: str) -> Answer:
    text = (
        f'\ufeff<?xml version="1.0" encoding="utf-8"?>'
        f"<Error><Code>{code}</Code><Message>{message}</Message>{detail}</Error>"
    )
    answer = text_answer(text, status=status, content_type="application/xml")
    return answer.adding({"x-ms-error-code": code})
