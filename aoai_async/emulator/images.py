"""Image generation: the request is checked, the painter draws, the picture is stored or written into the answer."""

import base64
from collections.abc import Callable, Mapping
from typing import Any

import attrs
from anyio import to_thread

from aoai_async.emulator import moderation, refusals
from aoai_async.emulator.answers import Answer, RefusalError, json_answer
from aoai_async.emulator.gateway import Call
from aoai_async.emulator.heard import Painter, PictureWanted
from aoai_async.emulator.intake import Upload
from aoai_async.emulator.storage import PictureStore

__all__ = ["ImageDesk"]

_LONGEST_PROMPT = 4000
_CHOICES = {
    "size": ("1024x1024", "1792x1024", "1024x1792"),
    "response_format": ("url", "b64_json"),
    "quality": ("standard", "hd"),
    "style": ("vivid", "natural"),
}


@attrs.frozen
class ImageDesk:
    """Carries out image generation, one picture a call.

    Attributes:
        painter: Draws.
        store: Keeps the pictures that are answered by address.
        clock: Tells the time of the answer.
    """

    painter: Painter
    store: PictureStore
    clock: Callable[[], float]

    async def answer(self, call: Call, upload: Upload) -> Answer:
        """Answer one call.

        Raises:
            RefusalError: The request asks for something the service does not do.
        """
        request = _checked(upload.document)
        picture = await self.painter.paint(_wanted(request))
        result = await self._delivered(call, picture, request.get("response_format", "url"))
        data = [_result(request["prompt"], result)]
        document = {"created": int(self.clock()), "data": data}
        # A picture in base64 takes milliseconds to write.
        answer = await to_thread.run_sync(json_answer, document)
        return attrs.evolve(answer, chunked=True).adding(_headers(call))

    async def _delivered(self, call: Call, picture: bytes, response_format: str) -> dict[str, str]:
        if response_format == "b64_json":
            text = await to_thread.run_sync(base64.b64encode, picture)
            return {"b64_json": text.decode("ascii")}
        return {"url": call.base_url + await self.store.keep(call.request_id, picture)}


def _headers(call: Call) -> dict[str, str]:
    return {"x-envoy-upstream-service-time": "0", "x-ms-request-id": call.request_id}


def _result(prompt: str, delivered: Mapping[str, str]) -> dict[str, Any]:
    return {
        "content_filter_results": moderation.CONTENT_FILTER,
        "prompt_filter_results": moderation.PROMPT_FILTER,
        "revised_prompt": prompt,
        **delivered,
    }


def _wanted(request: Mapping[str, Any]) -> PictureWanted:
    width, height = request.get("size", "1024x1024").split("x")
    quality, style = request.get("quality", "standard"), request.get("style", "vivid")
    return PictureWanted(request["prompt"], int(width), int(height), quality, style, number=1)


def _checked(document: object) -> Mapping[str, Any]:
    if not isinstance(document, dict):
        raise RefusalError(refusals.not_json("an object was expected."))
    request: dict[str, Any] = document
    for name, value in request.items():
        _check(name, value)
    _check("prompt", request.get("prompt"))
    if answer := moderation.refusal(request["prompt"]):
        raise RefusalError(answer)
    return request


def _check(name: str, value: object) -> None:
    if reason := _objection(name, value):
        raise RefusalError(refusals.bad_field(name, reason))


def _objection(name: str, value: object) -> str | None:
    match name:
        case "prompt":
            fits = isinstance(value, str) and 1 <= len(value) <= _LONGEST_PROMPT
            return None if fits else f"'prompt' must be a text of 1 to {_LONGEST_PROMPT} characters."
        case "n":
            fits = isinstance(value, int | float) and not isinstance(value, bool) and value == 1
            return None if fits else "'n' must be 1: this model makes one picture a request."
        case "user":
            return None if isinstance(value, str) else "'user' must be a text."
        case _:
            choices = _CHOICES.get(name)
            return None if choices is None or value in choices else f"'{name}' must be one of {list(choices)}."
