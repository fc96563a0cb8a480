"""What became of the prompts: the pictures, as the manifest tells of them, and the failures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import frozen

from aoai_async.cli.remedies import remedy_for
from aoai_async.errors import AzureOpenAIError, ContentFilteredError
from aoai_async.wire.convert import as_dict

if TYPE_CHECKING:
    from aoai_async.batch.jobs import Outcome
    from aoai_async.cli.images_orders import Order
    from aoai_async.schema.filters import DalleContentFilterResults

__all__ = ["FailedPrompt", "Picture", "failed_prompt", "picture_of"]


@frozen(kw_only=True)
class Picture:
    """One picture: a line of the manifest.

    Attributes:
        number: The number of its prompt, from 1.
        picture: Which of the pictures of that prompt, from 1.
        id: The id of its job.
        prompt: What was asked for.
        revised_prompt: The prompt that was used, where the service revised it.
        file: The file's name, in the folder of the manifest.
        model: The deployment that was asked for, or else the one that answered.
        size: Width and height in pixels as they were asked for, for example ``"1792x1024"``.
        quality: The quality asked for.
        style: The style asked for.
        created: When it was made, as unix time in seconds.
        request_id: The service's id of the request, which support asks for.
        region: Where it was made.
        prompt_filter_results: Verdicts on the prompt, as the service wrote them.
        content_filter_results: Verdicts on the picture, as the service wrote them.
    """

    number: int
    picture: int = 1
    id: str
    prompt: str
    revised_prompt: str | None = None
    file: str
    model: str | None = None
    size: str | None = None
    quality: str | None = None
    style: str | None = None
    created: int | None = None
    request_id: str | None = None
    region: str | None = None
    prompt_filter_results: dict[str, Any] | None = None
    content_filter_results: dict[str, Any] | None = None


@frozen(kw_only=True)
class FailedPrompt:
    """A prompt without its pictures.

    Attributes:
        number: The number of the prompt, from 1.
        id: The id of its job.
        prompt: What was asked for.
        size: Width and height in pixels as they were asked for.
        reason: Why there is no picture, in a line or two.
        remedy: What to do, or None where nothing is known to help.
        request_id: The service's id of the request, which support asks for.
        revised_prompt: The prompt that was used, where the service told it.
        filter_results: Verdicts of the content filter, as the service wrote them.
    """

    number: int
    id: str
    prompt: str
    size: str | None = None
    reason: str
    remedy: str | None = None
    request_id: str | None = None
    revised_prompt: str | None = None
    filter_results: dict[str, Any] | None = None


def picture_of(order: Order, outcome: Outcome, place: int, file: str) -> Picture:
    """Return what is told of a picture that was saved; `place` counts the pictures of its prompt from 0."""
    request, answer = order.request, outcome.result
    result = answer.data[place]
    return Picture(
        number=order.number,
        picture=place + 1,
        id=order.id,
        prompt=request.prompt,
        revised_prompt=result.revised_prompt,
        file=file,
        model=request.model or outcome.deployment,
        size=request.size,
        quality=request.quality,
        style=request.style,
        created=answer.created,
        request_id=answer.request_id,
        region=answer.region,
        prompt_filter_results=_plain(result.prompt_filter_results),
        content_filter_results=_plain(result.content_filter_results),
    )


def failed_prompt(order: Order, error: AzureOpenAIError) -> FailedPrompt:
    """Return what is told of a prompt that failed."""
    filtered = error if isinstance(error, ContentFilteredError) else None
    return FailedPrompt(
        number=order.number,
        id=order.id,
        prompt=order.request.prompt,
        size=order.request.size,
        reason=error.message,
        remedy=f"To do: {remedy_for(error)}.",
        request_id=getattr(error, "request_id", None),
        revised_prompt=filtered.revised_prompt if filtered else None,
        filter_results=_plain(filtered.filter_results) if filtered else None,
    )


def _plain(verdicts: DalleContentFilterResults | None) -> dict[str, Any] | None:
    return None if verdicts is None else as_dict(verdicts)
