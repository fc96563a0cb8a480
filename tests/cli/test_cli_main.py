"""What the command as a whole does, whichever of its parts is asked."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

AOAI = [sys.executable, "-Im", "aoai_async.cli.main"]


def test_help_loads_little() -> None:
    """`--help` of the command and of each part loads neither an event loop nor anything that is not needed for it."""
    script = """
import contextlib, io, json, sys
from aoai_async.cli.main import main, parser
commands = [action.choices for action in parser()._actions if isinstance(action.choices, dict)][0]
for arguments in [[], *([command] for command in commands)]:
    with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):
        main([*arguments, "--help"])
print(json.dumps([name for name in ("aiohttp", "anyio", "asyncio", "cattrs", "rich", "shtab") if name in sys.modules]))
"""
    done = subprocess.run([sys.executable, "-Ic", script], capture_output=True, text=True, timeout=60, check=True)
    assert json.loads(done.stdout) == []


@pytest.mark.parametrize("arguments", [["--help"], ["serve", "--help"], ["doctor"], ["doctor", "--json"]])
def test_a_reader_who_leaves(arguments: list[str]) -> None:
    """When nobody reads on, as after `| head`, the command ends without a word."""
    read, write = os.pipe()
    os.close(read)
    try:
        done = subprocess.run([*AOAI, *arguments], stdout=write, stderr=subprocess.PIPE, timeout=60, check=False)
    finally:
        os.close(write)
    assert (done.returncode, done.stderr) == (1, b"")


def ended(body: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command with a part whose module has this as the body of `run`."""
    script = f"""
import sys, types
from aoai_async.cli import main, serve
from aoai_async.errors import *
def run(arguments):
    {body}
serve.run = run
sys.exit(main.main(["serve"]) if not sys.argv[1:] else main._run(types.SimpleNamespace(module="serve", verbose=2)))
"""
    command = [sys.executable, "-Ic", script, *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize(
    ("raised", "status", "told"),
    [
        ("KeyboardInterrupt", 130, ""),
        ("ConfigurationError('no endpoint')", 2, "aoai: no endpoint\n"),
        ("InvalidInputError('no such file')", 2, "aoai: no such file\n"),
        ("APIConnectionError('nobody there')", 1, "aoai: nobody there\n"),
        ("ExceptionGroup('two', [ExceptionGroup('one', [ConfigurationError('no key')])])", 2, "aoai: no key\n"),
        ("OSError(28, 'No space left')", 1, "aoai: [Errno 28] No space left\n"),
        ("FileNotFoundError(2, 'No such file', 'talk.mp3')", 1, "aoai: talk.mp3: No such file\n"),
        ("BrokenPipeError()", 1, ""),
        ("ModuleNotFoundError(name='rich.console')", 1, "rich.console is missing: pip install 'aoai-async[cli]'\n"),
        ("ModuleNotFoundError(name='azure.identity')", 1, "pip install 'aoai-async[entra]'\n"),
        ("ModuleNotFoundError(name='pocketsphinx')", 1, "pip install 'aoai-async[emulator]'\n"),
        ("KeyError('x')", 1, "aoai: a fault of this program: KeyError: 'x'; -vv tells where\n"),
        ("ImportError('no name', name='aoai_async.x')", 1, "ImportError: no name; -vv tells where\n"),
    ],
)
def test_how_it_ends(raised: str, status: int, told: str) -> None:
    """Each kind of end has its status and is told in one line, without a traceback."""
    done = ended(f"raise {raised}")
    assert done.returncode == status, done.stderr
    assert done.stderr.endswith(told)
    assert done.stderr.count("\n") == (1 if told else 0)


def test_a_traceback_when_asked() -> None:
    """With -vv the traceback comes before the line."""
    done = ended("raise ConfigurationError('no endpoint')", "-vv")
    assert done.stderr.startswith("Traceback")
    assert done.stderr.endswith("aoai: no endpoint\n")
