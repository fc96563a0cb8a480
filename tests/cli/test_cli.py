"""The command `aoai`, run as a process of its own."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest

import aoai_async

AOAI = [sys.executable, "-Im", "aoai_async.cli.main"]
SAMPLES = Path(__file__).parents[2] / "examples" / "audio"


def aoai(*arguments: str, timeout: float = 30) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*AOAI, *arguments], capture_output=True, text=True, timeout=timeout, check=False)


def test_the_version() -> None:
    """`--version` prints the package's version."""
    assert aoai("--version").stdout == f"aoai {aoai_async.__version__}\n"


@pytest.mark.parametrize("arguments", [[], ["sing"], ["serve", "--port", "high"]])
def test_wrong_use(arguments: list[str]) -> None:
    """Wrong use ends with status 2 and says how it is used."""
    done = aoai(*arguments)
    assert done.returncode == 2
    assert "usage: aoai" in done.stderr


def test_serve_until_told_to_stop() -> None:
    """`aoai serve` says where it listens and with which key, lets only that key in, and ends cleanly on SIGTERM."""
    command = [*AOAI, "serve", "--port", "0", "--recognizer", "scripted", "--api-key", "open-sesame"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        told = "".join(process.stdout.readline() for _ in range(3))
        endpoint = re.search(r"AZURE_OPENAI_ENDPOINT=(\S+)", told)
        assert endpoint is not None
        assert "AZURE_OPENAI_API_KEY=open-sesame" in told
        assert asked(endpoint[1], "open-sesame") == 200
        assert asked(endpoint[1], "wrong") == 401
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=20) == 0


def asked(endpoint: str, key: str) -> int:
    url = f"{endpoint}/openai/deployments/dall-e-3/images/generations?api-version=2024-10-21"
    body = json.dumps({"prompt": "a corgi"}).encode()
    headers = {"api-key": key, "Content-Type": "application/json"}
    try:
        with urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=20) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def test_serve_where_somebody_else_listens() -> None:
    """A port that is taken is said in one line, without a traceback."""
    import socket

    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = aoai("serve", "--recognizer", "scripted", "--port", str(taken.getsockname()[1]))
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "cannot listen on 127.0.0.1" in done.stderr


def test_the_demonstration(tmp_path: Path) -> None:
    """`aoai demo` hears every sample in five formats, translates one, saves pictures, and shows where all lies."""
    done = aoai("demo", "--out", str(tmp_path), timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    samples = [path.stem for path in SAMPLES.glob("*.txt")]
    transcripts = {path.name for path in (tmp_path / "transcripts").iterdir()}
    assert transcripts >= {f"{s}{e}" for s in samples for e in (".json", ".verbose.json", ".txt", ".srt", ".vtt")}
    assert any(name.endswith(".translation.json") for name in transcripts)
    pictures = list((tmp_path / "pictures").iterdir())
    assert len(pictures) >= 4
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in pictures)
    assert all(str(path) in done.stdout for path in [*(tmp_path / "transcripts").iterdir(), *pictures])
    assert re.search(r"\d+ requests in [\d.]+ s; peak memory \d+ MB", done.stdout)


def test_a_demonstration_that_hears_wrong(tmp_path: Path) -> None:
    """When more than a quarter of the words come out wrong, the demonstration fails and names the recording."""
    (tmp_path / "summer.ogg").write_bytes((SAMPLES / "summer.ogg").read_bytes())
    (tmp_path / "summer.txt").write_text("Something else entirely was said in this one.")
    done = aoai("demo", "--out", str(tmp_path / "out"), "--samples", str(tmp_path), timeout=120)
    assert done.returncode == 1
    assert "summer.ogg: " in done.stdout
    assert "of the words are wrong" in done.stdout


def test_a_demonstration_without_samples(tmp_path: Path) -> None:
    """A folder without recordings is named, without a traceback."""
    done = aoai("demo", "--out", str(tmp_path / "out"), "--samples", str(tmp_path))
    assert done.returncode == 1
    assert str(tmp_path) in done.stdout.replace("\n", "")
    assert "Traceback" not in done.stderr
