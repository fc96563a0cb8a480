"""The folder of a batch of pictures: each saved as it comes, the manifest and the gallery at the end.

Pictures are asked for in the service's own default form, which for dall-e-3 is an address that works for 24 hours, and
fetched at once. The billed answer is then a kilobyte, which hardly gets lost on its way, where four megabytes of base64
on a bad line would be asked for, and billed, again; a fetch that breaks is repeated for nothing; the journal stays
small and no picture is stored twice. What that risks: a run that is killed between an answer and the end of its fetch,
and not resumed within 24 hours, loses the pictures that were in flight. A model that answers base64 unasked is served
as well; its answers lie in the journal.

No picture is drawn, and billed, twice unless that is asked for: one whose file was removed is fetched again while its
address works, and is a failure after that, until --retry-failed orders another.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from attrs import asdict, define, evolve, field

from aoai_async.batch.jobs import Job, Outcome
from aoai_async.cli.failures import output_error
from aoai_async.cli.images_manifest import add_to_manifest, read_manifest, write_manifest
from aoai_async.cli.images_orders import Order
from aoai_async.cli.images_records import FailedPrompt, Picture, failed_prompt, picture_of
from aoai_async.cli.pages.gallery import gallery_page
from aoai_async.cli.pages.verdicts import filtered_for
from aoai_async.cli.settling import Settled
from aoai_async.cli.whole import write_whole
from aoai_async.errors import AzureOpenAIError, ContentFilteredError, PictureError, PictureExpiredError
from aoai_async.transport.threads import in_thread
from aoai_async.wire.convert import as_dict

__all__ = ["Album"]

PAGE = "index.html"
_GONE = (403, 404, 410)


@define
class Album:
    """The folder of a batch of pictures.

    Attributes:
        folder: Where the pictures lie.
        orders: What is drawn, in the order of the prompts.
        is_redrawing: Whether a picture that is lost is drawn, and billed, again.
    """

    folder: Path
    orders: Sequence[Order]
    is_redrawing: bool
    _kept: dict[str, list[Picture]]
    _failed: dict[str, FailedPrompt] = field(factory=dict, init=False)
    _order_of: dict[str, Order] = field(init=False)
    _owners: dict[str, str] = field(init=False)

    @classmethod
    def opened(cls, folder: Path, orders: Sequence[Order], *, is_redrawing: bool) -> Self:
        """Return the album of a folder, which need not exist yet; raises `OSError` where it cannot be read."""
        return cls(folder, orders, is_redrawing, read_manifest(folder))

    def __attrs_post_init__(self) -> None:
        self._order_of = {order.id: order for order in self.orders}
        self._owners = {_stem(told): told.id for pictures in self._kept.values() for told in pictures}

    async def settle(self, outcome: Outcome) -> Settled:
        """Save the pictures of an outcome, unless an earlier run did.

        Raises:
            AzureOpenAIError: There are none, or they cannot be fetched.
            OSError: The manifest cannot be written.
        """
        order = self._order_of[outcome.id]
        try:
            return await self._settled(order, outcome)
        except (AzureOpenAIError, OSError) as error:
            if self.is_redrawing and outcome.is_from_journal and _is_lost(error):
                return Settled(instead=self._another(order, outcome))
            told = _told_plainly(output_error(error))
            self._failed[order.id] = failed_prompt(order, told)
            raise told from error

    def write(self) -> None:
        """Write the manifest and the gallery: the prompts of this run in their order, then the pictures of others.

        Raises:
            OSError: They cannot be written.
        """
        entries = [entry for order in self.orders for entry in self._entries(order.id)]
        entries += [told for job, pictures in self._kept.items() if job not in self._order_of for told in pictures]
        write_manifest(self.folder, [entry for entry in entries if isinstance(entry, Picture)])
        page = gallery_page(title=self.folder.resolve().name, entries=entries)
        write_whole(self.folder / PAGE, page.encode())

    def _entries(self, job: str) -> Sequence[Picture | FailedPrompt]:
        failed = self._failed.get(job)
        return self._kept.get(job, []) if failed is None else [failed]

    async def _settled(self, order: Order, outcome: Outcome) -> Settled:
        results = outcome.unwrap().data
        kept = self._kept.get(order.id, [])
        if outcome.is_from_journal and len(kept) == len(results):
            pictures = await in_thread(self._in_place, order, kept)
            fresh = []
        else:
            pictures = fresh = [await self._saved(order, outcome, place) for place in range(len(results))]
        self._kept[order.id] = pictures
        if pictures != kept:
            await in_thread(add_to_manifest, self.folder, pictures)
        facts = {"number": order.number, "id": order.id, "pictures": [asdict(told) for told in pictures]}
        return Settled(outputs=self._paths(pictures), written=self._paths(fresh), facts=facts)

    async def _saved(self, order: Order, outcome: Outcome, place: int) -> Picture:
        path = await outcome.result.data[place].save(self.folder / self._free_stem(order, place + 1))
        return picture_of(order, outcome, place, path.name)

    def _free_stem(self, order: Order, picture: int) -> str:
        # The same prompt in another size has the same name, and both pictures were paid for.
        stem = order.stem(picture)
        own = stem if self._owners.get(stem, order.id) == order.id else f"{stem}-{order.id[:8]}"
        self._owners[own] = order.id
        return own

    def _in_place(self, order: Order, pictures: Sequence[Picture]) -> list[Picture]:
        # Where prompts were put in between, the numbers of those behind have changed.
        return [evolve(told, number=order.number, file=self._moved(order, told)) for told in pictures]

    def _moved(self, order: Order, told: Picture) -> str:
        stem = order.stem(told.picture)
        old = self.folder / told.file
        new = old.with_name(stem + old.suffix)
        is_at_home = _stem(told) in (stem, f"{stem}-{order.id[:8]}")
        if is_at_home or stem in self._owners or new.exists():
            return told.file
        old.rename(new)
        self._owners[stem] = self._owners.pop(_stem(told))
        return new.name

    def _paths(self, pictures: Sequence[Picture]) -> list[Path]:
        return [self.folder / told.file for told in pictures]

    def _another(self, order: Order, outcome: Outcome) -> Job:
        job = Job(order.request, f"{outcome.id}+")
        self._order_of[f"{outcome.id}+"] = order
        return job


def _stem(told: Picture) -> str:
    return told.file.rpartition(".")[0]


def _is_lost(error: AzureOpenAIError | OSError) -> bool:
    is_gone = isinstance(error, PictureError) and error.status_code in _GONE
    return is_gone or isinstance(error, PictureExpiredError)


def _told_plainly(error: AzureOpenAIError) -> AzureOpenAIError:
    if not isinstance(error, ContentFilteredError) or error.filter_results is None:
        return error
    categories = filtered_for(as_dict(error.filter_results))
    told = copy.copy(error)
    told.message = f"{error.message} Filtered for {categories}." if categories else error.message
    return told
