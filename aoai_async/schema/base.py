"""What all schema objects share: unknown keys are kept, and a repr stays short and harmless."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any, Self

from attrs import field, fields, frozen

__all__ = ["Answer", "AnswerInfo", "OpenEnum", "SchemaObject", "TextAnswer"]

_LONGEST_SHOWN = 300


class OpenEnum(StrEnum):
    """A string enumeration that also takes values it does not know, and keeps them.

    The service adds values between versions: ``ImageSize("auto")`` is a member like any other, equal to its
    text, only without an attribute of its own.
    """

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        if not isinstance(value, str):
            return None
        member = str.__new__(cls, value)
        member._name_ = value
        member._value_ = value
        return member


@frozen(kw_only=True)
class AnswerInfo:
    """What the headers of an answer say about it.

    Attributes:
        request_id: The service's id of the request, which support asks for.
        region: Where it was answered, for example ``"Sweden Central"``.
        remaining_requests: What is left of the deployment's quota in this window.
        client_request_id: The id this client gave the request.
    """

    request_id: str | None = None
    region: str | None = None
    remaining_requests: int | None = None
    client_request_id: str | None = None


class _Nothing(Mapping[str, Any]):
    """An empty mapping that all may hold: thousands of segments need no dictionary each for keys that never come."""

    __slots__ = ()

    def __getitem__(self, key: str) -> Any:
        raise KeyError(key)

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0

    def __repr__(self) -> str:
        return "{}"

    def __reduce__(self) -> str:
        return "_NOTHING"


_NOTHING = _Nothing()


@frozen(kw_only=True, repr=False)
class SchemaObject:
    """A JSON object of the service.

    Attributes:
        extra: Keys the API reference does not name, as they came.
    """

    extra: Mapping[str, Any] = _NOTHING

    def __attrs_pre_init__(self) -> None:
        # Where msgspec finds no value it raises and catches an exception, which takes a quarter of a segment's time.
        _set_extra(self, _NOTHING)

    def __repr__(self) -> str:
        shown = ((a.name, getattr(self, a.name)) for a in fields(type(self)) if a.repr)
        told = ", ".join(f"{name}={_shortened(value)}" for name, value in shown if value not in (None, {}))
        return f"{type(self).__name__}({told})"


_set_extra: Any = vars(SchemaObject)["extra"].__set__


class _Informed:
    """What knows from its headers who answered it."""

    __slots__ = ()

    info: AnswerInfo

    @property
    def request_id(self) -> str | None:
        """The service's id of the request, which support asks for."""
        return self.info.request_id

    @property
    def _request_id(self) -> str | None:
        # openai-python's name.
        return self.info.request_id

    @property
    def region(self) -> str | None:
        """Where the request was answered, for example ``"Sweden Central"``."""
        return self.info.region

    @property
    def remaining_requests(self) -> int | None:
        """What is left of the deployment's quota in this window, where the service says so."""
        return self.info.remaining_requests


@frozen(kw_only=True, repr=False)
class Answer(SchemaObject, _Informed):
    """A JSON answer, with what its headers say.

    Attributes:
        info: Request id, region and remaining requests; not compared when two answers are.
    """

    info: AnswerInfo = field(default=AnswerInfo(), eq=False, repr=False)


class TextAnswer(str, _Informed):
    """A text/plain answer (``text``, ``srt`` or ``vtt``): a `str` that also knows its request.

    Attributes:
        info: Request id, region and remaining requests.
    """

    def __new__(cls, text: str, info: AnswerInfo | None = None) -> Self:
        """Make a string of `text` that carries `info`."""
        made = super().__new__(cls, text)
        made.info = info or AnswerInfo()
        return made


def _shortened(value: object) -> str:
    shown = repr(value)
    if len(shown) <= _LONGEST_SHOWN:
        return shown
    return f"{shown[:_LONGEST_SHOWN]}… ({len(shown):,} characters)"
