"""Answers on their way out: the headers every answer has, and the framing."""

from aiohttp import HttpVersion11, web
from multidict import CIMultiDict

from aoai_async.emulator.answers import Answer

__all__ = ["drop", "gateway_headers", "send", "to_response"]


def gateway_headers(request: web.Request, request_id: str, region: str) -> dict[str, str]:
    """The headers of everything that comes through the service's gateway."""
    headers = {
        "apim-request-id": request_id,
        "Strict-Transport-Security": "max-age=31536000; includeSubDomains; preload",
        "X-Content-Type-Options": "nosniff",
        "x-ms-region": region,
    }
    echo = request.headers.get("x-ms-client-request-id", "")
    return {**headers, "x-ms-client-request-id": echo} if echo.isascii() and echo else headers


def to_response(answer: Answer) -> web.Response:
    """The answer with its length, not sent yet."""
    return web.Response(status=answer.status, body=answer.body, headers=CIMultiDict(answer.headers))


async def send(request: web.Request, answer: Answer, cut_after: int | None) -> web.StreamResponse:
    """Send an answer; with `cut_after`, only that many bytes of its body, and then close the connection."""
    if cut_after is None and not answer.chunked:
        return to_response(answer)
    response = web.StreamResponse(status=answer.status, headers=CIMultiDict(answer.headers))
    if answer.chunked and request.version >= HttpVersion11:
        response.enable_chunked_encoding()
    else:
        response.content_length = len(answer.body)
    await response.prepare(request)
    await response.write(answer.body[:cut_after])
    if cut_after is not None and request.transport is not None:
        request.transport.close()
    return response


def drop(request: web.Request) -> web.Response:
    """Drop the connection without a word; what is given back satisfies aiohttp and goes nowhere."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()
