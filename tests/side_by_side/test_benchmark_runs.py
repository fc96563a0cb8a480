import json
import mmap
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from side_by_side.records import ROOT

from benchmarks.recordings import NotEvictedError, evict
from benchmarks.slow_disk import ReadPastSimulationError, simulated

CLIENTS = ("aoai_async", "openai", "aiohttp", "matplotlib", "uvloop")


def python(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_one_command_runs_a_case(tmp_path: Path) -> None:
    """Every contender's run is in the results, and the tables can be printed from them."""
    options = ("--out", tmp_path, "--case", "small_answers", "--contender", "aoai_async", "raw socket")
    done = python("-m", "benchmarks", "--quick", *options)
    assert done.returncode == 0, done.stderr
    results: dict[str, Any] = json.loads((tmp_path / "results.json").read_text())
    assert [(record["contender"], record["problem"]) for record in results["records"]] == [
        ("aoai_async", None),
        ("raw socket", None),
    ]
    assert "image call" in python("-m", "benchmarks", "--markdown", "--out", tmp_path).stdout


def test_a_process_holds_no_contender_but_its_own() -> None:
    """To import what measures imports none of those that are measured."""
    program = f"import benchmarks.one_run, sys; print([name for name in {CLIENTS} if name in sys.modules])"
    assert python("-c", program).stdout.strip() == "[]"


def test_the_slow_disk_is_slow_for_all_ways_to_read(tmp_path: Path) -> None:
    """Every byte is counted, and nothing is in memory."""
    file = tmp_path / "a.mp3"
    file.write_bytes(b"ID3" * 1000)
    with simulated([file, file, file]):
        descriptor = os.open(file, os.O_RDONLY)
        with pytest.raises(BlockingIOError):
            os.preadv(descriptor, [bytearray(10)], 0, os.RWF_NOWAIT)
        assert os.preadv(descriptor, [bytearray(3000)], 0) == 3000
        os.close(descriptor)
        assert file.read_bytes() == b"ID3" * 1000
        with file.open("rb") as source:
            assert source.read() == b"ID3" * 1000


def test_reads_past_the_slow_disk_fail(tmp_path: Path) -> None:
    """A run that the simulation did not slow is no run."""
    file = tmp_path / "a.mp3"
    file.write_bytes(b"ID3")
    with pytest.raises(ReadPastSimulationError), simulated([file]):
        pass


def test_a_file_in_memory_is_told_from_one_that_is_not(tmp_path: Path) -> None:
    """What was written to the disk can be evicted; what somebody looks at stays in memory."""
    file = tmp_path / "a.mp3"
    with file.open("wb") as target:
        target.write(os.urandom(100_000))
        target.flush()
        os.fsync(target.fileno())
    try:
        evict(file)
    except NotEvictedError:
        pytest.skip("this file system keeps its files in memory")
    with file.open("rb") as source, mmap.mmap(source.fileno(), 0, access=mmap.ACCESS_READ) as pages:
        assert len(bytes(pages)) == 100_000
        with pytest.raises(NotEvictedError):
            evict(file)
