"""The emulator itself: what it is made of, when it opens and closes, and its control methods."""

import time
from collections.abc import Callable, Container, Iterable, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from aiohttp import web
from anyio import to_thread
from yarl import URL

from aoai_async.emulator.audio import AudioDesk
from aoai_async.emulator.control import ControlRoutes
from aoai_async.emulator.faults import Fault, Faults
from aoai_async.emulator.gateway import Gateway
from aoai_async.emulator.handling import OperationHandler
from aoai_async.emulator.heard import Painter, Recognizer
from aoai_async.emulator.images import ImageDesk
from aoai_async.emulator.intake import Intake
from aoai_async.emulator.journal import Journal, RecordedRequest
from aoai_async.emulator.operations import OPERATIONS, Kind
from aoai_async.emulator.painters import PillowPainter, PlainPainter
from aoai_async.emulator.quota import Quota, Quotas
from aoai_async.emulator.recognizers import ScriptedRecognizer, SphinxRecognizer
from aoai_async.emulator.routing import application
from aoai_async.emulator.spool import Spool
from aoai_async.emulator.storage import PictureStore

__all__ = ["AzureOpenAIEmulator"]

_PATIENCE_AT_CLOSE = 0.2
_READ_BYTES = 65_536
_DEPLOYMENTS: Mapping[str, Kind] = {"whisper": "audio", "dall-e-3": "image"}


class AzureOpenAIEmulator:
    """The audio and image operations of Azure OpenAI 2024-10-21, on a socket of this machine.

    It is for demonstrations and tests, and it is not the service: what it answers has the service's form, headers
    and errors, but its recognition is scripted, or English only and rough; it does not translate; and its pictures
    show the prompt's words rather than their meaning. It knows the api-versions 2024-02-01, 2024-06-01, 2024-10-21
    and every preview, and answers them all alike. A prompt that contains `forbidden-content` or `forbidden-partial`
    meets the content filter (see `aoai_async.emulator.moderation`). One instance serves one `async with` at a time.

    The control methods may be called from any thread, and have their like under `/emulator` (see `ControlRoutes`).

    Args:
        host: The address to listen on.
        port: The port; 0 lets the system choose one.
        api_key: The one key that is accepted.
        bearer_tokens: The bearer tokens that are accepted; None accepts every one that is not empty.
        rpm_audio: Calls a minute each audio deployment takes; None for any number.
        rpm_images: Calls a minute each image deployment takes; None for any number.
        recognizer: `scripted` hears the same in every recording, `sphinx` recognises English speech (needs the extra
            `emulator`); one of your own is not closed.
        painter: `plain` paints one colour, `pillow` writes the prompt (needs the extra `emulator`); one of your own
            is not closed.
        deployments: The deployments and the kind of each.
        region: The value of the header `x-ms-region`.
        clock: Tells the time, in seconds since 1970, for quotas and for the addresses of pictures.
        picture_lifetime: Seconds for which the address of a picture is good.
        body_limit: Bytes a whole request body may have.
        spool_dir: Where the temporary folder for uploads and pictures is made; None for the system's own place.
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        api_key: str = "emulator-key",
        bearer_tokens: Container[str] | None = None,
        rpm_audio: int | None = None,
        rpm_images: int | None = None,
        recognizer: Literal["scripted", "sphinx"] | Recognizer = "scripted",
        painter: Literal["plain", "pillow"] | Painter = "plain",
        deployments: Mapping[str, Kind] = _DEPLOYMENTS,
        region: str = "Emulated Central",
        clock: Callable[[], float] = time.time,
        picture_lifetime: float = 86_400.0,
        body_limit: int = 26_214_400,
        spool_dir: str | Path | None = None,
    ) -> None:
        self.api_key = api_key
        self._address = host, port
        self._endpoint: str | None = None
        self._recognizer = recognizer
        self._painter = painter
        self._region = region
        self._clock = clock
        self._picture_lifetime = picture_lifetime
        self._body_limit = body_limit
        self._spool_dir = spool_dir
        self._journal = Journal()
        self._faults = Faults()
        self._quotas = Quotas(clock)
        self._deployments = dict(deployments)
        for deployment, kind in deployments.items():
            rpm = rpm_audio if kind == "audio" else rpm_images
            self.set_quota(deployment, None if rpm is None else Quota(rpm))
        self._gateway = Gateway(api_key, bearer_tokens, self._deployments, self._quotas)
        self._stack = AsyncExitStack()

    @property
    def endpoint(self) -> str:
        """Scheme, host and port, such as `http://127.0.0.1:49152`.

        Raises:
            RuntimeError: The emulator does not listen.
        """
        if self._endpoint is None:
            raise RuntimeError("The emulator listens only inside its `async with`.")
        return self._endpoint

    @property
    def requests(self) -> list[RecordedRequest]:
        """What arrived, in order of arrival, but for what went to `/emulator`."""
        return self._journal.snapshot()

    def clear_requests(self) -> None:
        """Forget what arrived."""
        self._journal.clear()

    def set_faults(self, faults: Iterable[Fault]) -> None:
        """Let the next operation requests fail, one fault each; what is left of an earlier list is forgotten."""
        self._faults.set(faults)

    def set_quota(self, deployment: str, quota: Quota | None) -> None:
        """Give a deployment another quota, unused; None lifts it.

        Raises:
            ValueError: There is no such deployment.
        """
        if deployment not in self._deployments:
            raise ValueError(f"there is no deployment {deployment!r}")
        self._quotas.set(deployment, quota)

    async def __aenter__(self) -> Self:
        """Listen.

        Raises:
            OSError: The address cannot be listened on, or there is no place for the spool.
            ImportError: The extra that the recogniser or the painter needs is not installed.
        """
        async with AsyncExitStack() as stack:
            spool = await Spool.open(self._spool_dir)
            stack.push_async_callback(spool.aclose)
            handlers, store = await self._furnish(spool, stack)
            control = ControlRoutes(self._journal, self._faults, self._quotas, self._deployments)
            app = application(handlers, store, control, self._journal, self._region)
            self._endpoint = await _listen(app, self._address, stack)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop listening, drop what is still in progress, and remove everything from the disk."""
        self._endpoint = None
        await self._stack.aclose()

    async def _furnish(self, spool: Spool, stack: AsyncExitStack) -> tuple[list[OperationHandler], PictureStore]:
        recognizer = await _recognizer(self._recognizer, stack)
        painter = await _painter(self._painter, stack)
        store = PictureStore(spool, self._clock, self._picture_lifetime)
        intake = Intake(self._body_limit, spool)
        audio = AudioDesk(recognizer).answer
        images = ImageDesk(painter, store, self._clock).answer
        handlers = [
            OperationHandler(
                operation,
                audio if operation.kind == "audio" else images,
                self._gateway,
                intake,
                self._faults,
                self._journal,
                self._region,
            )
            for operation in OPERATIONS
        ]
        return handlers, store


async def _recognizer(chosen: str | Recognizer, stack: AsyncExitStack) -> Recognizer:
    if not isinstance(chosen, str):
        return chosen
    # Looking for an extra reads the disk.
    kind: Callable[[], Recognizer] = SphinxRecognizer if chosen == "sphinx" else ScriptedRecognizer
    recognizer = await to_thread.run_sync(kind)
    stack.push_async_callback(recognizer.aclose)
    return recognizer


async def _painter(chosen: str | Painter, stack: AsyncExitStack) -> Painter:
    if not isinstance(chosen, str):
        return chosen
    kind: Callable[[], Painter] = PillowPainter if chosen == "pillow" else PlainPainter
    painter = await to_thread.run_sync(kind)
    stack.push_async_callback(painter.aclose)
    return painter


async def _listen(app: web.Application, address: tuple[str, int], stack: AsyncExitStack) -> str:
    host, port = address
    runner = web.AppRunner(
        app,
        access_log=None,
        handler_cancellation=True,
        shutdown_timeout=_PATIENCE_AT_CLOSE,
        auto_decompress=False,
        read_bufsize=_READ_BYTES,
    )
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    await web.TCPSite(runner, host, port).start()
    return str(URL.build(scheme="http", host=host, port=runner.addresses[0][1]))
