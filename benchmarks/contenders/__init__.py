"""The ways to do the same work that are compared.

Each imports its library only when it is opened, so that a process holds no more than its own contender.
"""

from __future__ import annotations

from benchmarks.contenders import bare_aiohttp, curl, imports, openai_python, ours, raw_sendfile, raw_socket

__all__ = ["CONTENDERS"]

_ALL = (
    ours.CONTENDER,
    openai_python.PATH,
    openai_python.FILE,
    openai_python.AIOHTTP,
    bare_aiohttp.CONTENDER,
    curl.CONTENDER,
    curl.PARALLEL,
    raw_socket.CONTENDER,
    raw_socket.THREADED,
    raw_sendfile.CONTENDER,
    imports.CLIENT,
    imports.PACKAGE,
    imports.AIOHTTP,
    imports.OPENAI,
)
CONTENDERS = {contender.name: contender for contender in _ALL}
