"""What makes a shell complete the command, tried in the shells that are there."""

from __future__ import annotations

import os
import pty
import select
import shutil
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from aoai_async.cli.main import main, parser

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

SHELLS = ["bash", "zsh", "fish"]
ASKED = [
    (["serve", "--recognizer", ""], {"sphinx", "scripted"}),
    (["serve", "--recognizer", "sp"], {"sphinx"}),
    (["serve", "--rpm"], {"--rpm-audio", "--rpm-images"}),
    (["demo", "--sam"], {"--samples"}),
    (["completion", ""], set(SHELLS)),
    (["demo", "--out", "a-pl"], {"a-place"}),
]


def script_for(shell: str) -> str:
    command = [sys.executable, "-Im", "aoai_async.cli.main", "completion", shell]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout


def path_of(shell: str) -> str:
    found = shutil.which(shell)
    if found is None:
        pytest.skip(f"{shell} is not installed")
    return found


@pytest.fixture(scope="module")
def scripts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The script for each shell, in a file."""
    folder = tmp_path_factory.mktemp("completion")
    paths = {shell: folder / f"aoai.{shell}" for shell in SHELLS}
    for shell, path in paths.items():
        path.write_text(script_for(shell))
    return paths


def commands() -> set[str]:
    (choices,) = [action.choices for action in parser()._actions if isinstance(action.choices, dict)]
    return set(choices)


@pytest.mark.parametrize("shell", SHELLS)
def test_the_syntax(shell: str, scripts: dict[str, Path]) -> None:
    """The shell finds no fault in its script."""
    done = subprocess.run([path_of(shell), "-n", scripts[shell]], capture_output=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, b"")


def by_bash(script: Path, words: list[str], place: Path) -> set[str]:
    asking = """
        source "$1"; shift
        COMP_WORDS=(aoai "$@"); COMP_CWORD=$#
        "$(complete -p aoai | sed 's/.*-F \\([^ ]*\\).*/\\1/')" aoai
        printf '%s\\n' "${COMPREPLY[@]}"
    """
    return answers([path_of("bash"), "--norc", "-c", asking, "bash", str(script), *words], place)


def by_fish(script: Path, words: list[str], place: Path) -> set[str]:
    asking = 'source $argv[1]; complete -C "aoai $argv[2..]"'
    return answers([path_of("fish"), "--no-config", "-c", asking, str(script), *words], place)


def answers(command: list[str], place: Path) -> set[str]:
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True, cwd=place)
    # fish writes a description behind a tab, and a slash behind a folder.
    return {line.partition("\t")[0].rstrip("/") for line in done.stdout.splitlines()}


@pytest.mark.parametrize("ask", [by_bash, by_fish])
@pytest.mark.parametrize(("words", "offered"), ASKED)
def test_what_is_offered(
    ask: Callable[[Path, list[str], Path], set[str]],
    words: list[str],
    offered: set[str],
    scripts: dict[str, Path],
    tmp_path: Path,
) -> None:
    """Commands, options, choices and files are offered where they belong."""
    (tmp_path / "a-place").mkdir()
    assert ask(scripts[ask.__name__.removeprefix("by_")], words, tmp_path) == offered


@pytest.mark.parametrize("ask", [by_bash, by_fish])
def test_all_commands(ask: Callable[[Path, list[str], Path], set[str]], scripts: dict[str, Path]) -> None:
    """Whatever commands there are, they are all offered."""
    script = scripts[ask.__name__.removeprefix("by_")]
    assert ask(script, [""], script.parent) >= commands()


@contextmanager
def typed_into_zsh(place: Path) -> Iterator[int]:
    """Lend the terminal of a zsh."""
    ours, theirs = pty.openpty()
    environment = {"PATH": os.environ["PATH"], "TERM": "dumb", "PS1": "READY> ", "HOME": str(place)}
    command = [path_of("zsh"), "-f", "-i"]
    try:
        with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment, cwd=place) as zsh:
            try:
                yield ours
            finally:
                zsh.kill()
    finally:
        os.close(theirs)
        os.close(ours)


def read_until(terminal: int, awaited: bytes) -> bytes:
    seen = b""
    while awaited not in seen:
        assert select.select([terminal], [], [], 60)[0], seen
        seen += os.read(terminal, 4096)
    return seen


def test_in_zsh(scripts: dict[str, Path], tmp_path: Path) -> None:
    """The tab key completes a command, an option, a choice and a folder in a zsh that evaluates the script."""
    (tmp_path / "a-place").mkdir()
    with typed_into_zsh(tmp_path) as terminal:
        setup = f'autoload -U compinit; compinit -D; eval "$(<{scripts["zsh"]})"; aoai() {{ print "GOT" ":" "$@"; }}'
        read_until(terminal, b"READY> ")
        os.write(terminal, setup.encode() + b"\n")
        read_until(terminal, b"READY> ")
        os.write(terminal, b"aoai ser\t--recog\tsph\t\n")
        assert b"GOT : serve --recognizer sphinx" in read_until(terminal, b"sphinx\r\n")
        os.write(terminal, b"aoai demo --out a-pl\t\n")
        assert b"GOT : demo --out a-place" in read_until(terminal, b"GOT : demo --out a-place")


def test_without_shtab(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Without the extra, the command tells what to install."""
    monkeypatch.setitem(sys.modules, "shtab", None)
    monkeypatch.delitem(sys.modules, "aoai_async.cli.completion", raising=False)
    assert main(["completion", "bash"]) == 1
    assert capsys.readouterr().err == "aoai: shtab is missing: pip install 'aoai-async[cli]'\n"
