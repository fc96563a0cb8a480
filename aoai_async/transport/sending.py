"""The one way out: every request of a client passes through `send`."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from multidict import CIMultiDict

from aoai_async.errors import InvalidInputError, UnexpectedAnswerError
from aoai_async.schema.given import NOT_GIVEN, NotGiven
from aoai_async.transport.attempts import Call
from aoai_async.transport.bodies import body_of
from aoai_async.transport.settings import CallOptions
from aoai_async.transport.stepping import by_turns
from aoai_async.transport.timeouts import Timeout

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from aoai_async.transport.settings import Settings
    from aoai_async.wire.plan import Plan, Request
    from aoai_async.wire.response import RawResponse

__all__ = ["Ask", "answer_of", "send", "split_params"]

_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_OPTIONS = frozenset({"extra_headers", "extra_query", "extra_body", "timeout", "on_progress"})

T = TypeVar("T")


async def send(
    settings: Settings, plan: Plan, options: CallOptions, finish: Callable[[Any], Any] | None = None
) -> RawResponse[Any]:
    """Send a request until an answer is good, or until trying on does not help.

    Args:
        settings: The client's.
        plan: What to send.
        options: The call's own.
        finish: What is made of the answer's object before the caller gets it.

    Raises:
        AzureOpenAIError: Any of the tree, but those of pictures.
    """
    await settings.connections.gate.enter()
    call = Call(
        settings=settings,
        timeout=options.timeout or settings.timeout,
        destination=settings.destinations.of(_deployment(settings, plan), plan.operation, options.query),
        headers=_headers(settings.headers, options.headers),
        kind=plan.answer,
        finish=finish,
    )
    readings, limits = settings.connections.readings, settings.limits
    making_body = body_of(plan, call.destination.fields, readings, limits, options.on_progress)
    deadline = asyncio.timeout(call.timeout.total)
    try:
        async with deadline, making_body as body:
            return await call.answer(body)
    except TimeoutError:
        if not deadline.expired():
            raise
    raise call.overdue()


class Ask(Protocol):
    """Sends a request object: what the methods of a client, or of a pool of them, are built on."""

    async def __call__(self, request: Request, options: CallOptions) -> RawResponse[Any]:
        """Return the good answer; raises `AzureOpenAIError`."""
        ...


async def answer_of(raw: RawResponse[T]) -> T:
    """Return the object of an answer; while a large one is taken apart, the loop turns.

    Raises:
        UnexpectedAnswerError: The answer is not of the form asked for.
    """
    try:
        return await by_turns(raw.parsing()) if raw.reply.is_large else raw.parse()
    except UnexpectedAnswerError as error:
        error.attempts = raw.retries_taken + 1
        raise


def split_params(params: Mapping[str, Any]) -> tuple[dict[str, Any], CallOptions]:
    """Divide a method's parameters into the fields of its request and the options of the call."""
    fields = {
        name: value
        for name, value in params.items()
        if value is not None and name not in _OPTIONS and not isinstance(value, NotGiven)
    }
    fields["extra"] = dict(params.get("extra_body") or {})
    timeout = params.get("timeout", NOT_GIVEN)
    options = CallOptions(
        headers=params.get("extra_headers") or {},
        query=params.get("extra_query") or {},
        timeout=None if isinstance(timeout, NotGiven) else Timeout.of(timeout),
        on_progress=params.get("on_progress"),
    )
    return fields, options


def _deployment(settings: Settings, plan: Plan) -> str:
    deployment = plan.deployment if plan.deployment is not None else settings.deployment
    if deployment is None:
        raise InvalidInputError(
            "No deployment: give model= (the name of the deployment), or azure_deployment= to the client",
            field="model",
        )
    return deployment


def _headers(*layers: Mapping[str, str]) -> CIMultiDict[str]:
    merged: CIMultiDict[str] = CIMultiDict()
    for name, value in (item for layer in layers for item in layer.items()):
        merged[_checked_name(name)] = _checked_value(name, value)
    return merged


def _checked_name(name: object) -> str:
    if not isinstance(name, str) or not _HEADER_NAME.fullmatch(name):
        raise InvalidInputError(f"{name!r} is no name of a header: give letters, digits and '-'", field="extra_headers")
    return name


def _checked_value(name: str, value: object) -> str:
    if not isinstance(value, str) or not value.isprintable():
        raise InvalidInputError(
            f"The value of the header {name} cannot be sent: give a str without line breaks", field="extra_headers"
        )
    return value
