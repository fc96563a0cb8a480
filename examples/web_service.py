"""A web service that passes recordings on as they arrive: nothing is buffered, and the loop is never held up.

python examples/web_service.py 8080
curl --data-binary @talk.mp3 -H 'Content-Type: audio/mpeg' 'http://127.0.0.1:8080/transcribe?name=talk.mp3'
"""

import sys
from collections.abc import AsyncIterator

from aiohttp import web

from aoai_async import APIStatusError, AsyncAzureOpenAI, AudioFile, InvalidInputError

CLIENT = web.AppKey("client", AsyncAzureOpenAI)


async def transcribe(request: web.Request) -> web.Response:
    recording = AudioFile(request.content, filename=request.query.get("name"), size=request.content_length)
    try:
        heard = await request.app[CLIENT].audio.transcriptions.create(file=recording)
    except InvalidInputError as error:
        return web.json_response({"error": error.message}, status=400)
    except APIStatusError as error:
        return web.json_response({"error": error.message}, status=502)
    return web.json_response({"text": heard.text})


async def with_client(app: web.Application) -> AsyncIterator[None]:
    async with AsyncAzureOpenAI(azure_deployment="whisper") as client:
        app[CLIENT] = client
        yield


def application() -> web.Application:
    app = web.Application()
    app.cleanup_ctx.append(with_client)
    app.router.add_post("/transcribe", transcribe)
    return app


if __name__ == "__main__":
    web.run_app(application(), host="127.0.0.1", port=int(sys.argv[1]))
