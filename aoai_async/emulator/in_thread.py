"""The emulator on an event loop and in a thread of its own, for callers without a loop, or with any."""

from collections.abc import Callable, Container, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, TypedDict, Unpack

from anyio.from_thread import start_blocking_portal

from aoai_async.emulator.app import AzureOpenAIEmulator
from aoai_async.emulator.heard import Painter, Recognizer
from aoai_async.emulator.operations import Kind

__all__ = ["EmulatorOptions", "emulator_in_thread"]


class EmulatorOptions(TypedDict, total=False):
    """The arguments of `AzureOpenAIEmulator`."""

    host: str
    port: int
    api_key: str
    bearer_tokens: Container[str] | None
    rpm_audio: int | None
    rpm_images: int | None
    recognizer: Literal["scripted", "sphinx"] | Recognizer
    painter: Literal["plain", "pillow"] | Painter
    deployments: Mapping[str, Kind]
    region: str
    clock: Callable[[], float]
    picture_lifetime: float
    body_limit: int
    spool_dir: str | Path | None


@contextmanager
def emulator_in_thread(**options: Unpack[EmulatorOptions]) -> Iterator[AzureOpenAIEmulator]:
    """Open an emulator in a thread of its own and close it at the end.

    A recogniser, a painter or a clock of yours is called in that thread.

    Args:
        options: The arguments of `AzureOpenAIEmulator`.

    Raises:
        OSError: The address cannot be listened on.
        ImportError: The extra that the recogniser or the painter needs is not installed.
    """
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(AzureOpenAIEmulator(**options)) as emulator,
    ):
        yield emulator
