"""The one way out: every request of a client passes through `send`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from anyio import move_on_after
from yarl import URL

from aoai_async.errors import APITimeoutError, InvalidInputError
from aoai_async.schema.given import NOT_GIVEN, NotGiven, given
from aoai_async.transport.attempts import Call
from aoai_async.transport.bodies import body_of
from aoai_async.transport.settings import CallOptions
from aoai_async.transport.threads import in_thread
from aoai_async.transport.timeouts import Timeout
from aoai_async.wire.address import Route, checked_deployment

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aoai_async.transport.settings import Settings
    from aoai_async.wire.plan import Plan
    from aoai_async.wire.response import RawResponse

__all__ = ["answer_of", "send", "split_params"]

_LARGE = 512 * 1024
_OPTIONS = frozenset({"extra_headers", "extra_query", "extra_body", "timeout", "on_progress"})

T = TypeVar("T")


async def send(settings: Settings, plan: Plan, options: CallOptions) -> RawResponse[Any]:
    """Send a request until an answer is good, or until trying on does not help.

    Raises:
        AzureOpenAIError: Any of the tree, but those of pictures.
    """
    timeout = options.timeout or settings.timeout
    with move_on_after(timeout.total):
        return await _send(settings, plan, options, timeout)
    raise APITimeoutError(
        f"No complete answer within {timeout.total:g} s, the time for all attempts together; timeout= gives more"
    )


async def _send(settings: Settings, plan: Plan, options: CallOptions, timeout: Timeout) -> RawResponse[Any]:
    deployment = _deployment(settings, plan)
    route = settings.router(settings.endpoint.base, deployment, plan.operation)
    claims, limits = settings.connections.claims, settings.limits
    async with body_of(plan, route.fields, claims, limits, options.on_progress) as body:
        call = Call(
            settings=settings,
            timeout=timeout,
            operation=plan.operation,
            deployment=deployment,
            url=_url(route, {**settings.query, **options.query}),
            headers={"Content-Type": body.content_type, **settings.headers, **options.headers},
            body=body,
        )
        return await call.answer(plan.answer)


async def answer_of(raw: RawResponse[T]) -> T:
    """Return the object of an answer; a large one is taken apart off the loop."""
    return await in_thread(raw.parse) if len(raw.content) > _LARGE else raw.parse()


def split_params(params: Mapping[str, Any]) -> tuple[dict[str, Any], CallOptions]:
    """Divide a method's parameters into the fields of its request and the options of the call."""
    fields = {name: given(value) for name, value in params.items() if name not in _OPTIONS}
    timeout = params.get("timeout", NOT_GIVEN)
    options = CallOptions(
        headers=params.get("extra_headers") or {},
        query=params.get("extra_query") or {},
        timeout=None if isinstance(timeout, NotGiven) else Timeout.of(timeout),
        on_progress=params.get("on_progress"),
    )
    return {**fields, "extra": dict(params.get("extra_body") or {})}, options


def _deployment(settings: Settings, plan: Plan) -> str:
    deployment = plan.deployment if plan.deployment is not None else settings.deployment
    if deployment is None:
        raise InvalidInputError(
            "No deployment: give model= (the name of the deployment), or azure_deployment= to the client",
            field="model",
        )
    return checked_deployment(deployment)


def _url(route: Route, query: dict[str, object]) -> URL:
    return URL(route.url, encoded=True).update_query({name: str(value) for name, value in query.items()})
