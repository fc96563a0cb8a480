"""What became of the prompts: the pictures, as the manifest tells of them, and the failures."""

from __future__ import annotations

from typing import Any

from attrs import frozen

__all__ = ["FailedPrompt", "Picture"]


@frozen(kw_only=True)
class Picture:
    """One picture: a line of the manifest.

    Attributes:
        number: The number of its prompt, from 1.
        id: The id of its job.
        prompt: What was asked for.
        revised_prompt: The prompt that was used, where the service revised it.
        file: The file's name, in the folder of the manifest.
        model: The deployment asked for, where the prompt or the command named one.
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
        revised_prompt: The prompt that was used, where the service told it.
        filter_results: Verdicts of the content filter, as the service wrote them.
    """

    number: int
    id: str
    prompt: str
    size: str | None = None
    reason: str
    remedy: str | None = None
    revised_prompt: str | None = None
    filter_results: dict[str, Any] | None = None
