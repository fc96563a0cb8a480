"""The image operation."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict, Unpack

from attrs import field, frozen

from aoai_async.schema.given import NOT_GIVEN, NotGiven
from aoai_async.schema.images import GenerateImagesResponse, ImageGenerationsRequest, PictureFetcher
from aoai_async.transport.sending import Ask, answer_of, split_params

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aoai_async.transport.timeouts import Timeout
    from aoai_async.wire.response import RawResponse

__all__ = ["AsyncImages"]


class ImageParams(TypedDict, total=False):
    """The parameters of an image generation besides `prompt`."""

    model: str | None
    n: int | NotGiven | None
    size: str | NotGiven | None
    response_format: str | NotGiven | None
    user: str | NotGiven | None
    quality: str | NotGiven | None
    style: str | NotGiven | None
    extra_headers: Mapping[str, str] | None
    extra_query: Mapping[str, object] | None
    extra_body: Mapping[str, object] | None
    timeout: float | Timeout | NotGiven | None


@frozen
class AsyncImages:
    """``client.images``."""

    _ask: Ask = field(repr=False)
    _fetcher: PictureFetcher = field(repr=False)

    @property
    def with_raw_response(self) -> ImagesWithRawResponse:
        """The same methods, with headers and body beside the object."""
        return ImagesWithRawResponse(self._ask)

    async def generate(
        self,
        *,
        prompt: str,
        model: str | None = None,
        n: int | NotGiven | None = None,
        size: str | NotGiven | None = None,
        response_format: str | NotGiven | None = None,
        user: str | NotGiven | None = None,
        quality: str | NotGiven | None = None,
        style: str | NotGiven | None = None,
        extra_headers: Mapping[str, str] | None = None,
        extra_query: Mapping[str, object] | None = None,
        extra_body: Mapping[str, object] | None = None,
        timeout: float | Timeout | NotGiven | None = NOT_GIVEN,
    ) -> GenerateImagesResponse:
        """Make pictures from a description (API reference: Image generation).

        A picture is billed when it is made. When an answer is lost on the way, the retry may be billed again;
        ``client.with_options(max_retries=0)`` rules that out.

        Args:
            prompt: What the picture shows.
            model: The deployment; the client's `azure_deployment` when left out.
            n: How many pictures; one for dall-e-3, up to 10 for later models.
            size: ``"1024x1024"`` (the default), ``"1792x1024"`` or ``"1024x1792"`` pixels; later models know others.
            response_format: ``url`` (the default; the address works for 24 hours) or ``b64_json``.
            user: An identifier of the end user, which helps against abuse.
            quality: ``standard`` (the default) or ``hd``.
            style: ``vivid`` (the default) or ``natural``.
            extra_headers: Headers that add to or replace the client's.
            extra_query: Query parameters that add to or replace the client's.
            extra_body: Further keys of the request, for parameters of later versions.
            timeout: Seconds for the whole call with its retries, or a `Timeout`; the client's when left out.

        Returns:
            The pictures in `data`; each has ``await result.save(path)`` and ``await result.read()``.

        Raises:
            ContentFilteredError: The content filter stopped the prompt or the picture.
            InvalidInputError: Something was refused before anything was sent; the message says what to do.
            CredentialError: No token could be had.
            APIConnectionError: The service cannot be reached, or the connection broke.
            APITimeoutError: It took longer than `timeout`.
            UnexpectedAnswerError: The answer has a form that the API reference does not give.
            APIStatusError: The service refused; one class for each status, see `aoai_async.errors`.
        """
        raw = await self.with_raw_response.generate(
            prompt=prompt,
            model=model,
            n=n,
            size=size,
            response_format=response_format,
            user=user,
            quality=quality,
            style=style,
            extra_headers=extra_headers,
            extra_query=extra_query,
            extra_body=extra_body,
            timeout=timeout,
        )
        return await answer_of(raw)

    def attach(self, answer: GenerateImagesResponse) -> GenerateImagesResponse:
        """Return an answer, for example one that was stored, with pictures this client can read and save."""
        return answer.attached_to(self._fetcher)


@frozen
class ImagesWithRawResponse:
    """``client.images.with_raw_response``."""

    _ask: Ask = field(repr=False)

    async def generate(self, *, prompt: str, **params: Unpack[ImageParams]) -> RawResponse[GenerateImagesResponse]:
        """Make pictures from a description; parameters and errors as in `AsyncImages.generate`."""
        fields, options = split_params(params)
        return await self._ask(ImageGenerationsRequest(prompt=prompt, **fields), options)
