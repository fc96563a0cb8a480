"""The content filter, which watches for words of its own.

A prompt that contains `forbidden-content` is refused as the service refuses one, with a result for every category
and the revised prompt; one that contains `forbidden-partial` is refused with the result of a single category, as
the service has also been seen to do. Everything else passes.
"""

from typing import Any

from aoai_async.emulator.answers import Answer, json_answer

__all__ = ["CONTENT_FILTER", "PROMPT_FILTER", "refusal"]

_SAFE = {"filtered": False, "severity": "safe"}
_ABSENT = {"detected": False, "filtered": False}
CONTENT_FILTER = {"hate": _SAFE, "self_harm": _SAFE, "sexual": _SAFE, "violence": _SAFE}
"""What the filter says of a picture."""
PROMPT_FILTER = {"hate": _SAFE, "profanity": _ABSENT, "self_harm": _SAFE, "sexual": _SAFE, "violence": _SAFE}
"""What the filter says of a prompt that passes."""

_REJECTED = "Your request was rejected as a result of our safety system."


def refusal(prompt: str) -> Answer | None:
    """The answer to a prompt that the filter stops; None for one that passes."""
    if "forbidden-content" in prompt:
        results = {**PROMPT_FILTER, "violence": {"filtered": True, "severity": "low"}}
        return _refusal(_REJECTED, content_filter_results=results, revised_prompt=prompt)
    if "forbidden-partial" in prompt:
        message = f"{_REJECTED} Your prompt may contain text that is not allowed by our safety system."
        return _refusal(message, content_filter_results={"jailbreak": _ABSENT})
    return None


def _refusal(message: str, **facts: Any) -> Answer:
    error = {
        "code": "content_policy_violation",
        "inner_error": {"code": "ResponsibleAIPolicyViolation", **facts},
        "message": message,
        "type": "invalid_request_error",
    }
    return json_answer({"error": error}, status=400)
