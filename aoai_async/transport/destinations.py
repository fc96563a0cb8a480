"""Where the requests of a client go, worked out once for each deployment and operation."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import define, field, frozen
from yarl import URL

from aoai_async.transport.connections import Connections
from aoai_async.wire.address import Router, checked_deployment

__all__ = ["Destination", "Destinations"]

_MOST_KEPT = 1000


@frozen
class Destination:
    """Where a request goes.

    Attributes:
        operation: The end of the path, for example ``"audio/transcriptions"``.
        deployment: Who is asked.
        url: The address with its query.
        shown: The address without its query.
        fields: What the route adds to the body.
        proxy: The proxy to go through.
    """

    operation: str
    deployment: str
    url: URL
    shown: str
    fields: Mapping[str, str]
    proxy: str | None = field(repr=False)


@define(eq=False)
class Destinations:
    """The destinations of a client."""

    base: str
    query: Mapping[str, object]
    router: Router
    connections: Connections
    _known: dict[tuple[str, str], Destination] = field(factory=dict, init=False)

    def of(self, deployment: str, operation: str, query: Mapping[str, object]) -> Destination:
        """Return where an operation of a deployment lies; `query` adds to or replaces the client's.

        Raises:
            InvalidInputError: The deployment's name cannot be one.
        """
        if query:
            return self._worked_out(deployment, operation, query)
        known = self._known.get((deployment, operation))
        return known or self._kept(self._worked_out(deployment, operation, {}))

    def _kept(self, destination: Destination) -> Destination:
        if len(self._known) >= _MOST_KEPT:
            self._known.clear()
        self._known[destination.deployment, destination.operation] = destination
        return destination

    def _worked_out(self, deployment: str, operation: str, query: Mapping[str, object]) -> Destination:
        route = self.router(self.base, checked_deployment(deployment), operation)
        bare = URL(route.url, encoded=True)
        url = bare.update_query(_texts({**self.query, **query}))
        shown = str(bare.with_query(None))
        return Destination(operation, deployment, url, shown, route.fields, self.connections.proxy_for(shown))


def _texts(query: dict[str, object]) -> dict[str, str]:
    return {name: _text(value) for name, value in query.items() if value is not None}


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
