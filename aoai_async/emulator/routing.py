"""Which path leads where."""

from collections.abc import Awaitable, Callable, Iterable
from uuid import uuid4

from aiohttp import web
from aiohttp.http import SERVER_SOFTWARE

from aoai_async.emulator import refusals
from aoai_async.emulator.control import ControlRoutes
from aoai_async.emulator.handling import OperationHandler
from aoai_async.emulator.journal import Journal
from aoai_async.emulator.sending import gateway_headers, to_response
from aoai_async.emulator.storage import PictureStore

__all__ = ["application"]

_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def application(
    handlers: Iterable[OperationHandler], store: PictureStore, control: ControlRoutes, journal: Journal, region: str
) -> web.Application:
    """The emulator as an application: the operations, the storage, the control routes, and 404 for the rest."""

    async def not_found(request: web.Request) -> web.StreamResponse:
        answer = refusals.resource_not_found()
        return to_response(answer.adding(gateway_headers(request, str(uuid4()), region)))

    app = web.Application()
    app.on_response_prepare.append(_without_server)
    for handler in handlers:
        app.router.add_post(f"/openai/deployments/{{deployment}}/{handler.operation.path}", handler.handle)
    app.add_routes(control.routes())
    app.router.add_get("/storage/{picture:.*}", _journaled(store.fetch, journal))
    app.router.add_route("*", "/{path:.*}", _journaled(not_found, journal))
    return app


def _journaled(handler: _Handler, journal: Journal) -> _Handler:
    async def recording(request: web.Request) -> web.StreamResponse:
        number = journal.open(request)
        response = await handler(request)
        journal.amend(number, status=response.status)
        return response

    return recording


async def _without_server(_request: web.Request, response: web.StreamResponse) -> None:
    """The service does not tell what it runs on."""
    if response.headers.get("Server") == SERVER_SOFTWARE:
        del response.headers["Server"]
