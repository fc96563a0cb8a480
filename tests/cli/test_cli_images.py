"""`aoai images` as a process, against the emulator."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest
from cli.cli_painters import billed, manifest, pictures_in
from cli.cli_tools import Run, settings

from aoai_async.emulator import Fault, emulator_in_thread

if TYPE_CHECKING:
    from pathlib import Path

    from aoai_async.emulator import AzureOpenAIEmulator

COMMAND = ("images", "--model", "dall-e-3", "--out", "out", "--rpm", "60000")
DAY = 86_400.0


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """The folder of the pictures."""
    return tmp_path / "out"


@pytest.fixture
def asked(aoai_emulator: AzureOpenAIEmulator) -> Any:
    """What the requests that arrived ask for."""
    return lambda: [request.json for request in billed(aoai_emulator)]


def test_prompts_become_pictures(run: Run, out: Path, tmp_path: Path, asked: Any) -> None:
    """Each prompt becomes a file; manifest and gallery tell of it; standard output has the paths and nothing else."""
    (tmp_path / "prompts.csv").write_text("prompt,size\na corgi,1792x1024\na cat,\n")
    done = run(*COMMAND, "prompts.csv", "a lighthouse", "--quality", "hd", "--style", "natural")
    assert done.returncode == 0, done.stderr
    names = ["0001-a-corgi.png", "0002-a-cat.png", "0003-a-lighthouse.png"]
    assert sorted(done.stdout.splitlines()) == [f"out/{name}" for name in names]
    assert pictures_in(out) == names
    told = manifest(out)
    assert [line["file"] for line in told] == names
    assert [line["prompt"] for line in told] == ["a corgi", "a cat", "a lighthouse"]
    assert [line["size"] for line in told] == ["1792x1024", None, None]
    assert all(line["content_filter_results"]["violence"] == {"filtered": False, "severity": "safe"} for line in told)
    assert all(line["request_id"] and line["created"] and line["revised_prompt"] for line in told)
    assert all(line["quality"] == "hd" and line["model"] == "dall-e-3" for line in told)
    assert not (out / "failures.jsonl").exists()
    assert all(name in (out / "index.html").read_text() for name in names)
    assert done.stderr.endswith("The gallery is out/index.html\n")


def test_only_what_is_given_is_sent(run: Run, asked: Any) -> None:
    """Nothing that was not said is sent: defaults differ between models."""
    assert run(*COMMAND, "a corgi", "-n", "1").returncode == 0
    assert asked() == [{"prompt": "a corgi", "n": 1}]


def test_what_is_done_is_not_done_again(run: Run, out: Path, aoai_emulator: AzureOpenAIEmulator) -> None:
    """A second run asks for nothing and leaves all as it is; another size is drawn beside the first picture."""
    assert run(*COMMAND, "a corgi", "a cat").returncode == 0
    before = manifest(out), (out / "index.html").read_text()
    aoai_emulator.clear_requests()
    again = run(*COMMAND, "a corgi", "a cat")
    assert (again.returncode, again.stdout) == (0, "")
    assert billed(aoai_emulator) == []
    assert (manifest(out), (out / "index.html").read_text()) == before
    assert run(*COMMAND, "a corgi", "--size", "1792x1024").stdout.startswith("out/0001-a-corgi-")
    assert len(billed(aoai_emulator)) == 1
    assert len(pictures_in(out)) == 3
    assert [line["size"] for line in manifest(out)] == ["1792x1024", None, None]


def test_pictures_follow_their_prompts(run: Run, out: Path, aoai_emulator: AzureOpenAIEmulator) -> None:
    """Where a prompt is put in front, those behind keep their pictures, under new numbers."""
    assert run(*COMMAND, "a corgi", "a cat").returncode == 0
    aoai_emulator.clear_requests()
    assert run(*COMMAND, "a fox", "a corgi", "a cat").stdout == "out/0001-a-fox.png\n"
    assert len(billed(aoai_emulator)) == 1
    assert pictures_in(out) == ["0001-a-fox.png", "0002-a-corgi.png", "0003-a-cat.png"]
    assert [(line["number"], line["file"]) for line in manifest(out)] == list(enumerate(pictures_in(out), start=1))


def test_the_filter(run: Run, out: Path) -> None:
    """A refusal of the filter is a failure that tells category and severity, everywhere, and what to do."""
    done = run(*COMMAND, "a corgi", "a forbidden-content duel")
    assert done.returncode == 1
    assert "#2 a forbidden-content duel failed: 400 content_policy_violation" in done.stderr
    assert "Filtered for violence (low)." in done.stderr
    assert "To do: reword the prompt" in done.stderr
    (told,) = [json.loads(line) for line in (out / "failures.jsonl").read_text().splitlines()]
    assert told["error"]["filter_results"]["violence"] == {"filtered": True, "severity": "low"}
    assert told["error"]["request_id"]
    assert "violence (low)" in told["error"]["message"]
    assert pictures_in(out) == ["0001-a-corgi.png"]
    page = (out / "index.html").read_text()
    assert "Filtered for violence (low)" in page
    assert "reword the prompt" in page


def test_a_failure_is_done_again_on_request(run: Run, out: Path, aoai_emulator: AzureOpenAIEmulator) -> None:
    """What failed stays failed until it is asked for again; then nothing is left of the failure."""
    aoai_emulator.set_faults([Fault(status=422)])
    assert run(*COMMAND, "a corgi").returncode == 1
    assert run(*COMMAND, "a corgi").returncode == 1
    assert len(billed(aoai_emulator)) == 1
    assert run(*COMMAND, "a corgi", "--retry-failed").returncode == 0
    assert not (out / "failures.jsonl").exists()
    assert len(manifest(out)) == 1


def test_lines_of_json(run: Run) -> None:
    """--json tells each outcome in a line: what was asked, the files, the facts of each picture, or the error."""
    done = run(*COMMAND, "a corgi", "a forbidden-content duel", "--json")
    good, bad = sorted(map(json.loads, done.stdout.splitlines()), key=lambda line: line["input"])
    assert good["status"] == "done"
    assert good["outputs"] == ["out/0001-a-corgi.png"]
    assert good["pictures"][0]["prompt"] == "a corgi"
    assert (bad["status"], bad["outputs"]) == ("failed", [])
    assert bad["error"]["kind"] == "ContentFilteredError"


@pytest.mark.parametrize(
    "wrong",
    [
        ("prompts.csv",),
        ("a corgi", "--size", "large!"),
        ("a corgi", "-n", "0"),
        ("a corgi", "--concurrency", "none"),
        (),
        (" ",),
    ],
)
def test_wrong_use(run: Run, out: Path, aoai_emulator: AzureOpenAIEmulator, wrong: tuple[str, ...]) -> None:
    """Wrong use is told in a few words, before anything is sent or written."""
    done = run(*COMMAND, *wrong)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    assert billed(aoai_emulator) == []
    assert not out.exists()


def test_a_pool_of_deployments(run: Run, out: Path, tmp_path: Path, aoai_emulator: AzureOpenAIEmulator) -> None:
    """Deployments of a file draw together; a prompt cannot name another model then."""
    fleet = f'[[deployment]]\nmodel = "dall-e-3"\nendpoint = "{aoai_emulator.endpoint}"\n'
    (tmp_path / "fleet.toml").write_text(fleet)
    (tmp_path / "own.jsonl").write_text('{"prompt": "a corgi", "model": "my-own"}')
    command = ("images", "--deployments", "fleet.toml", "--out", "out")
    assert run(*command, "own.jsonl").returncode == 2
    assert run(*command, "a corgi").returncode == 0
    assert pictures_in(out) == ["0001-a-corgi.png"]
    assert manifest(out)[0]["model"].endswith("dall-e-3")


def test_models_of_their_own(out: Path, tmp_path: Path, aoai_emulator: AzureOpenAIEmulator) -> None:
    """Where each prompt names its model, nothing else need; where one does not, it is said what is missing."""
    run = Run(tmp_path, settings(aoai_emulator, AZURE_OPENAI_DEPLOYMENT=""))
    prompts = tmp_path / "prompts.jsonl"
    prompts.write_text('{"prompt": "a corgi", "model": "dall-e-3"}\n')
    assert run("images", "prompts.jsonl", "--out", "out").returncode == 0
    assert manifest(out)[0]["model"] == "dall-e-3"
    prompts.write_text('{"prompt": "a corgi", "model": "dall-e-3"}\n{"prompt": "a fox"}\n')
    lacking = run("images", "prompts.jsonl", "--out", "other")
    assert lacking.returncode == 2
    assert "--model" in lacking.stderr


def test_standard_input(run: Run, out: Path) -> None:
    """Prompts can come from another program."""
    assert run(*COMMAND, "-", stdin=b"a corgi\n# not this\na cat\n").returncode == 0
    assert pictures_in(out) == ["0001-a-corgi.png", "0002-a-cat.png"]


def test_quiet(run: Run) -> None:
    """-q leaves the results alone."""
    done = run(*COMMAND, "a corgi", "-q")
    assert (done.stdout, done.stderr) == ("out/0001-a-corgi.png\n", "")


def test_a_picture_that_was_removed(tmp_path: Path, out: Path) -> None:
    """It is fetched again for nothing while its address works, and then drawn again only when that is asked for."""
    # The addresses it gives out have expired by everybody else's clock, and for itself when it says so.
    now = [time.time() - 2 * DAY]
    with emulator_in_thread(clock=lambda: now[0]) as emulator:
        run = Run(tmp_path, settings(emulator))
        assert run(*COMMAND, "a corgi", "a cat").returncode == 0
        first = manifest(out)[0]["request_id"]
        (out / "0001-a-corgi.png").unlink()
        emulator.clear_requests()
        assert run(*COMMAND, "a corgi", "a cat").stdout == "out/0001-a-corgi.png\n"
        assert billed(emulator) == []
        (out / "0001-a-corgi.png").unlink()
        now[0] += DAY + 1
        lost = run(*COMMAND, "a corgi", "a cat")
        assert lost.returncode == 1
        assert "#1 a corgi failed in an earlier run: The picture's address worked until" in lost.stderr
        assert "--retry-failed, which draws another and is billed again" in lost.stderr
        assert billed(emulator) == []
        now[0] = time.time()
        drawn = run(*COMMAND, "a corgi", "a cat", "--retry-failed")
        assert (drawn.returncode, drawn.stdout) == (0, "out/0001-a-corgi.png\n")
        assert len(billed(emulator)) == 1
        another = manifest(out)[0]["request_id"]
        assert another != first
        assert run(*COMMAND, "a corgi", "a cat", "--retry-failed").stdout == ""
        assert manifest(out)[0]["request_id"] == another


def test_several_pictures_of_a_prompt(run: Run, out: Path, aoai_emulator: AzureOpenAIEmulator) -> None:
    """Each of several pictures has a file and a line of its own."""
    dot = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
    aoai_emulator.set_faults([Fault(body={"created": 1, "data": [{"b64_json": dot}, {"b64_json": dot}]})])
    assert run(*COMMAND, "a corgi", "-n", "2").returncode == 0
    assert pictures_in(out) == ["0001-2-a-corgi.png", "0001-a-corgi.png"]
    assert [line["picture"] for line in manifest(out)] == [1, 2]
    (out / "0001-2-a-corgi.png").unlink()
    assert run(*COMMAND, "a corgi", "-n", "2").returncode == 0
    assert len(pictures_in(out)) == 2
    assert len(billed(aoai_emulator)) == 1


def test_a_folder_that_cannot_be_written(run: Run, tmp_path: Path) -> None:
    """A file where the folder should be is told in a line."""
    (tmp_path / "out").write_text("")
    done = run(*COMMAND, "a corgi")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr


def test_the_page_of_a_hostile_prompt(run: Run, out: Path) -> None:
    """What a prompt says stands in the page as data, never as markup."""
    assert run(*COMMAND, "</script><img src=x onerror=alert(1)>").returncode == 0
    assert "<img src=x" not in (out / "index.html").read_text()
