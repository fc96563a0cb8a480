"""Requests and answers of the image operation (API reference: Image generation, Components)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from attrs import field, fields, frozen

from aoai_async.errors import PictureError
from aoai_async.schema.base import Answer, OpenEnum, SchemaObject
from aoai_async.schema.filters import DalleContentFilterResults, DalleFilterResults

if TYPE_CHECKING:
    import os
    from pathlib import Path

__all__ = [
    "GenerateImagesResponse",
    "ImageGenerationsRequest",
    "ImageQuality",
    "ImageResult",
    "ImageSize",
    "ImageStyle",
    "ImagesResponseFormat",
    "PictureFetcher",
]


class ImageQuality(OpenEnum):
    """How fine a picture is (API reference: imageQuality)."""

    STANDARD = "standard"
    HD = "hd"


class ImageSize(OpenEnum):
    """Width and height of a picture in pixels (API reference: imageSize)."""

    SIZE_1792X1024 = "1792x1024"
    SIZE_1024X1792 = "1024x1792"
    SIZE_1024X1024 = "1024x1024"


class ImageStyle(OpenEnum):
    """How a picture looks (API reference: imageStyle)."""

    VIVID = "vivid"
    NATURAL = "natural"


class ImagesResponseFormat(OpenEnum):
    """How pictures are returned (API reference: imagesResponseFormat)."""

    URL = "url"
    B64_JSON = "b64_json"


class PictureFetcher(Protocol):
    """What gets the bytes of a picture; a client gives itself to each result it hands out."""

    async def read(self, result: ImageResult) -> bytes:
        """Return the picture's bytes."""
        ...

    async def save(self, result: ImageResult, path: str | os.PathLike[str]) -> Path:
        """Write the picture to a file and return where it lies."""
        ...


@frozen(kw_only=True, repr=False)
class ImageResult(SchemaObject):
    """One picture (API reference: imageResult).

    Attributes:
        url: Where it lies for 24 hours; the address itself opens it, so it is a secret.
        b64_json: Its bytes as base64, when ``response_format="b64_json"`` asked for them.
        revised_prompt: The prompt that was used, if the service revised the caller's.
        content_filter_results: Verdicts on the picture.
        prompt_filter_results: Verdicts on the prompt.
    """

    url: str | None = field(default=None, repr=False)
    b64_json: str | None = field(default=None, repr=False)
    revised_prompt: str | None = None
    content_filter_results: DalleContentFilterResults | None = None
    prompt_filter_results: DalleFilterResults | None = None
    fetcher: PictureFetcher | None = field(default=None, eq=False, repr=False)

    def __getstate__(self) -> dict[str, Any]:
        """Leave the fetcher behind: a result that crosses a process boundary carries data only."""
        return {a.name: getattr(self, a.name) for a in fields(type(self)) if a.name != "fetcher"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        for name, value in {**state, "fetcher": None}.items():
            object.__setattr__(self, name, value)

    def __repr__(self) -> str:
        form = "url" if self.url else f"b64_json, {len(self.b64_json or ''):,} characters"
        return f"<{super().__repr__()} as {form}>"

    async def read(self) -> bytes:
        """Return the picture's bytes: fetched from its address, or decoded from base64.

        Nothing that identifies the caller is sent to the storage host.

        Raises:
            PictureExpiredError: The address is older than 24 hours.
            PictureError: The picture is missing, damaged, no picture, or larger than the client's limit
                (100 MiB unless set otherwise).
            APIConnectionError: The storage host did not answer.
            APITimeoutError: It did not answer in time.
        """
        return await self._owner().read(self)

    async def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the picture to `path`, by way of a temporary name, and return where it lies.

        The ending follows the picture's real format: a missing or wrong one (of png, jpg, webp, gif) is put
        right. An existing file is replaced. The folder must exist.

        Raises:
            InvalidInputError: The folder does not exist or takes no files, or `path` is a folder itself.
            PictureExpiredError: The address is older than 24 hours.
            PictureError: As in `read`; or the file could not be written.
            APIConnectionError: The storage host did not answer.
            APITimeoutError: It did not answer in time.
        """
        return await self._owner().save(self, path)

    def attached_to(self, fetcher: PictureFetcher) -> ImageResult:
        """Return the same picture, which `fetcher` can read and save."""
        return ImageResult(
            url=self.url,
            b64_json=self.b64_json,
            revised_prompt=self.revised_prompt,
            content_filter_results=self.content_filter_results,
            prompt_filter_results=self.prompt_filter_results,
            extra=self.extra,
            fetcher=fetcher,
        )

    def _owner(self) -> PictureFetcher:
        if self.fetcher is None:
            raise PictureError("This result belongs to no client: pass it through client.images.attach(...)")
        return self.fetcher


@frozen(kw_only=True, repr=False)
class GenerateImagesResponse(Answer):
    """The answer to an image request (API reference: generateImagesResponse).

    Attributes:
        created: When it was made, as unix time in seconds.
        data: The pictures.
    """

    created: int
    data: list[ImageResult]

    def attached_to(self, fetcher: PictureFetcher) -> GenerateImagesResponse:
        """Return the same answer with pictures that `fetcher` can read and save."""
        data = [result.attached_to(fetcher) for result in self.data]
        return GenerateImagesResponse(created=self.created, data=data, extra=self.extra, info=self.info)


@frozen(kw_only=True)
class ImageGenerationsRequest:
    """What is asked of an image generation (API reference: Image generation). What is None is not sent.

    Attributes:
        prompt: What the picture shows.
        model: The deployment; the client's `azure_deployment` when None.
        n: How many pictures.
        size: Width and height in pixels, for example ``"1792x1024"``.
        response_format: ``url`` or ``b64_json``.
        user: An identifier of the end user, which helps against abuse.
        quality: ``standard`` or ``hd``.
        style: ``vivid`` or ``natural``.
        extra: Further keys of the JSON body.
    """

    prompt: str
    model: str | None = None
    n: int | None = None
    size: str | None = None
    response_format: str | None = None
    user: str | None = None
    quality: str | None = None
    style: str | None = None
    extra: dict[str, Any] = field(factory=dict)
