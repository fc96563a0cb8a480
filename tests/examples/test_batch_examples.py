"""The examples of batches run, against the emulator, as a user would run them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from aoai_async.emulator import AzureOpenAIEmulator, Fault, emulator_in_thread

if TYPE_CHECKING:
    from collections.abc import Iterator

EXAMPLES = Path(__file__).parents[2] / "examples"
SAMPLES = [str(EXAMPLES / "audio" / name) for name in ("summer.ogg", "agenda.mp3")]
HEARD = "The kettle is on. Would you like some tea?"


@pytest.fixture
def emulator() -> Iterator[AzureOpenAIEmulator]:
    with emulator_in_thread() as emulator:
        yield emulator


def output_of(script: str, emulator: AzureOpenAIEmulator, *arguments: str) -> str:
    environment = {
        **os.environ,
        "AZURE_OPENAI_ENDPOINT": emulator.endpoint,
        "AZURE_OPENAI_API_KEY": emulator.api_key,
    }
    command = [sys.executable, "-I", str(EXAMPLES / script), *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_image_batch(emulator: AzureOpenAIEmulator, tmp_path: Path) -> None:
    """Each prompt becomes a picture or a line that says why not; a second run asks for nothing again."""
    prompts, folder = tmp_path / "prompts.txt", tmp_path / "pictures"
    prompts.write_text("a corgi\na cat\nforbidden-content\n")
    first = output_of("image_batch.py", emulator, str(prompts), str(folder))
    assert "2 done, 0 done before, 1 failed" in first
    assert "forbidden-content: 400 content_policy_violation" in first
    assert {path.name for path in folder.glob("*.png")} == {"0000.png", "0001.png"}
    emulator.clear_requests()
    (folder / "0001.png").unlink()
    second = output_of("image_batch.py", emulator, str(prompts), str(folder))
    assert "0 done, 3 done before, 0 failed" in second
    assert [request.method for request in emulator.requests] == ["GET"]


def test_bulk_transcribe(emulator: AzureOpenAIEmulator, tmp_path: Path) -> None:
    """Each recording gets its subtitles; what failed is tried again by the next run, what is done is not."""
    for sample in SAMPLES:
        shutil.copy(sample, tmp_path)
    emulator.set_faults([Fault(status=400)])
    assert "1 failed" in output_of("bulk_transcribe.py", emulator, str(tmp_path))
    emulator.clear_requests()
    assert "2 of 2, 0 failed" in output_of("bulk_transcribe.py", emulator, str(tmp_path))
    assert len(emulator.requests) == 1
    subtitles = sorted(path.name for path in tmp_path.glob("*.srt"))
    assert subtitles == ["agenda.mp3.srt", "summer.ogg.srt"]
    assert "00:00:00,250 --> 00:00:01,500" in (tmp_path / subtitles[0]).read_text()


def test_two_regions(emulator: AzureOpenAIEmulator) -> None:
    """While the first region is out of order, the second one answers."""
    emulator.set_faults([Fault(status=503)] * 10)
    with emulator_in_thread(region="Second Region") as second:
        told = output_of("two_regions.py", emulator, emulator.endpoint, second.endpoint, *SAMPLES)
        assert told.splitlines()[0] == f"Second Region {HEARD}"
        assert told.count(HEARD) == 3
        assert len(second.requests) == 3


def test_on_a_cluster(emulator: AzureOpenAIEmulator) -> None:
    """Two processes transcribe the recordings they are given."""
    pytest.importorskip("distributed", reason="the extra `dask` is not installed")
    told = output_of("on_a_cluster.py", emulator, *SAMPLES)
    assert sorted(told.splitlines()) == sorted(f"{sample} {HEARD}" for sample in SAMPLES)
