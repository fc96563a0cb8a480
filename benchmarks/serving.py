"""What both sinks answer, and what they tell of what came."""

from __future__ import annotations

import json

from attrs import asdict, define, field

from benchmarks import answers

__all__ = ["Service", "read_head", "service"]

_TALLY = b"/tally"
_PICTURE = b"/picture.png"


@define
class Tally:
    """What came.

    Attributes:
        requests: How many requests, those for the tally aside.
        smallest: The fewest bytes of a body.
        largest: The most bytes of a body.
    """

    requests: int = 0
    smallest: int = 2**62
    largest: int = 0


@define
class Service:
    """Whole answers with their heads, by the part of the path that chooses them, and what came."""

    replies: dict[bytes, bytes]
    tally: Tally = field(factory=Tally)

    def reply(self, target: bytes, size: int) -> bytes:
        """Note a request whose whole body has come, and return its answer; ``/tally`` tells and begins anew."""
        if target == _TALLY:
            told, self.tally = self.tally, Tally()
            return _reply(json.dumps(asdict(told)).encode())
        tally = self.tally
        tally.requests += 1
        tally.smallest = min(tally.smallest, size)
        tally.largest = max(tally.largest, size)
        return self.replies[_choice(target)]


def service(base: str) -> Service:
    """Return what answers at an address."""
    return Service(
        {
            b"whisper": _reply(answers.recording()),
            b"whisper-verbose": _reply(answers.verbose()),
            b"dall-e-3": _reply(answers.picture_url(base)),
            b"dall-e-3-base64": _reply(answers.picture_base64()),
            _PICTURE: _reply(answers.picture(), "image/png"),
        }
    )


def read_head(head: bytes) -> tuple[bytes, int]:
    """Return the target and the length of the body; raises `ValueError` for a body without Content-Length."""
    line, *lines = head.split(b"\r\n")
    method, target, _ = line.split(b" ")
    for header in lines:
        name, _, value = header.partition(b":")
        if name.lower() == b"content-length":
            return target, int(value)
    if method != b"GET":
        raise ValueError("a request without Content-Length")
    return target, 0


def _choice(target: bytes) -> bytes:
    path = target.partition(b"?")[0]
    return path if path == _PICTURE else path.split(b"/")[3]


def _reply(content: bytes, kind: str = "application/json") -> bytes:
    return f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {len(content)}\r\n\r\n".encode() + content
