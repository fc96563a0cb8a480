"""The routes under `/emulator`: health, what arrived, faults and quotas on order. They ask for no credentials."""

from collections.abc import Callable, Container
from typing import Any

import attrs
import msgspec
from aiohttp import web

from aoai_async.emulator.answers import Answer, json_answer
from aoai_async.emulator.faults import Fault, Faults
from aoai_async.emulator.journal import Journal
from aoai_async.emulator.quota import Quota, Quotas
from aoai_async.emulator.sending import to_response

__all__ = ["ControlRoutes"]


@attrs.frozen
class ControlRoutes:
    """Answers the control routes.

    * `GET /emulator/health`: `{"status": "ok"}`.
    * `GET /emulator/requests`: a list of what arrived outside `/emulator`, as `RecordedRequest` describes it.
    * `DELETE /emulator/requests`: forgets it.
    * `PUT /emulator/faults`: a list of objects with the fields of `Fault`.
    * `PUT /emulator/quota`: an object with `deployment` and the fields of `Quota`; a `limit` of null lifts it.

    Whatever is changed is answered 204, whatever is not understood 400 with the reason.

    Attributes:
        journal: What arrived.
        faults: The faults on order.
        quotas: The quotas.
        deployments: The deployments that may have one.
    """

    journal: Journal
    faults: Faults
    quotas: Quotas
    deployments: Container[str]

    def routes(self) -> list[web.RouteDef]:
        """The routes, for an application."""
        return [
            web.get("/emulator/health", self._health),
            web.get("/emulator/requests", self._show),
            web.delete("/emulator/requests", self._clear),
            web.put("/emulator/faults", self._changing(self._set_faults)),
            web.put("/emulator/quota", self._changing(self._set_quota)),
        ]

    async def _health(self, _request: web.Request) -> web.Response:
        return to_response(json_answer({"status": "ok"}))

    async def _show(self, _request: web.Request) -> web.Response:
        records = [record.as_json() for record in self.journal.snapshot()]
        return to_response(json_answer(records))

    async def _clear(self, _request: web.Request) -> web.Response:
        self.journal.clear()
        return to_response(Answer(204))

    def _changing(self, change: Callable[[Any], None]) -> Callable[[web.Request], Any]:
        async def handler(request: web.Request) -> web.Response:
            try:
                change(msgspec.json.decode(await request.read()))
            except (TypeError, ValueError, RecursionError) as error:
                return to_response(json_answer({"error": {"code": "400", "message": str(error)}}, status=400))
            return to_response(Answer(204))

        return handler

    def _set_faults(self, rows: Any) -> None:
        if not isinstance(rows, list):
            raise TypeError("a list of faults was expected")
        self.faults.set([Fault(**row) for row in rows])

    def _set_quota(self, row: Any) -> None:
        facts = dict(row)
        deployment = facts.pop("deployment", None)
        if deployment not in self.deployments:
            raise ValueError(f"there is no deployment {deployment!r}")
        self.quotas.set(deployment, None if facts.get("limit") is None else Quota(**facts))
