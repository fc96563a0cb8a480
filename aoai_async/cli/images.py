"""``aoai images``."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Any

from aoai_async.cli.batches import run_batch
from aoai_async.cli.connect import asked_model
from aoai_async.cli.images_album import Album
from aoai_async.cli.images_orders import Order, orders_of
from aoai_async.cli.prompts import rows_of
from aoai_async.errors import ConfigurationError

if TYPE_CHECKING:
    from argparse import Namespace

__all__ = ["run"]


def run(arguments: Namespace) -> int:
    """Draw pictures of the prompts, and return the exit status.

    Raises:
        ConfigurationError: The options contradict each other.
        InvalidInputError: A prompt, or what is given beside it, cannot be read or cannot be.
        JournalError: The journal is in use, or cannot be read or written.
        OSError: The folder cannot be read or written.
    """
    orders = orders_of(rows_of(arguments.prompts), _defaults(arguments))
    _check_models(arguments, orders)
    album = Album.opened(arguments.out, orders, is_redrawing=arguments.retry_failed)
    status = asyncio.run(_draw(arguments, album))
    album.write()
    if not arguments.quiet:
        print(f"The gallery is {arguments.out / 'index.html'}", file=sys.stderr)
    return status


async def _draw(arguments: Namespace, album: Album) -> int:
    labels = {id(order.request): order.label for order in album.orders}
    return await run_batch(
        arguments,
        [order.job for order in album.orders],
        journal=arguments.out / ".aoai" / "images.jsonl",
        failures=arguments.out / "failures.jsonl",
        settle=album.settle,
        label=lambda request: labels[id(request)],
    )


def _defaults(arguments: Namespace) -> dict[str, Any]:
    given = {name: getattr(arguments, name) for name in ("n", "size", "quality", "style", "user")}
    # The model is part of a request, so that pictures of one deployment are not taken for those of another.
    return {"model": asked_model(arguments), **given}


def _check_models(arguments: Namespace, orders: list[Order]) -> None:
    named = [order for order in orders if order.request.model]
    if arguments.deployments and named:
        raise ConfigurationError(f"--deployments says which models draw; {named[0].label} names one of its own")
    if orders and len(named) == len(orders):
        # Then nobody need say which model draws where a prompt names none.
        arguments.model = named[0].request.model
