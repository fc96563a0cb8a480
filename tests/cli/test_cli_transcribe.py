"""`aoai transcribe` and `aoai translate`, as processes against the emulator: what they write, ask, and say."""

from __future__ import annotations

import asyncio
import json
import os
import re
from typing import TYPE_CHECKING, Any

import pytest
from cli.cli_tools import RECORDING, REFUSES_VERBOSE, Run, asked, settings

from aoai_async import AsyncAzureOpenAI, AudioVerboseResponse
from aoai_async.emulator import AzureOpenAIEmulator, Fault, emulator_in_thread

if TYPE_CHECKING:
    from pathlib import Path

ODD_NAMES = ["it's.mp3", 'a "talk".mp3', "two words.mp3", "🎉 party.mp3", "new\nline.mp3", "\x1b[31mred.mp3", "-v.mp3"]
TEXT = "The kettle is on. Would you like some tea?\n"


def put(folder: Path, *names: str, content: bytes = RECORDING) -> list[Path]:
    paths = [folder / name for name in names]
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content + os.fsencode(path.name))
    return paths


def names_in(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file() and ".aoai" not in path.parts}


def told(stdout: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stdout.splitlines()]


def answers_of(emulator: AzureOpenAIEmulator, path: Path) -> dict[str, Any]:
    async def ask() -> dict[str, Any]:
        async with AsyncAzureOpenAI(azure_endpoint=emulator.endpoint, api_key=emulator.api_key) as client:
            create: Any = client.audio.transcriptions.create
            formats = ("text", "srt", "vtt", "verbose_json")
            return {form: await create(model="whisper", file=path, response_format=form) for form in formats}

    return asyncio.run(ask())


# What is written


def test_all_formats_for_one_request(run: Run, aoai_emulator: AzureOpenAIEmulator) -> None:
    """Six files beside the recording are paid for with one request, and say what the service's own answers say."""
    (talk,) = put(run.folder, "talk.mp3")
    done = run("transcribe", "talk.mp3", "--format", "all")
    assert done.returncode == 0, done.stderr
    assert asked(aoai_emulator) == ["verbose_json"]
    written = ["talk.txt", "talk.srt", "talk.vtt", "talk.tsv", "talk.json", "talk.verbose.json"]
    assert done.stdout.splitlines() == written
    own = answers_of(aoai_emulator, talk)
    assert [(run.folder / f"talk.{end}").read_text() for end in ("txt", "srt", "vtt")] == [
        own["text"],
        own["srt"],
        own["vtt"],
    ]
    assert (run.folder / "talk.tsv").read_text().splitlines()[1] == "250\t1500\tThe kettle is on."
    assert json.loads((run.folder / "talk.json").read_text()) == {"text": own["verbose_json"].text}
    verbose = json.loads((run.folder / "talk.verbose.json").read_text())
    assert [segment["text"] for segment in verbose["segments"]] == [s.text for s in own["verbose_json"].segments]


def test_text_alone_is_asked_for_as_text(run: Run, aoai_emulator: AzureOpenAIEmulator) -> None:
    """Without --format it is the text, asked for as text, and nothing but its path is on standard output."""
    put(run.folder, "talk.mp3")
    done = run("transcribe", "talk.mp3")
    assert (done.returncode, done.stdout) == (0, "talk.txt\n")
    assert (run.folder / "talk.txt").read_text() == TEXT
    assert asked(aoai_emulator) == ["text"]


def test_verbose_json_alone_ends_in_json(run: Run) -> None:
    """It is called talk.json when json is not asked for, too; --word-times gives it words."""
    put(run.folder, "talk.mp3")
    assert run("transcribe", "talk.mp3", "--format", "verbose_json", "--word-times").stdout == "talk.json\n"
    verbose = json.loads((run.folder / "talk.json").read_text())
    assert len(verbose["words"]) == 9
    assert len(verbose["segments"]) == 2


def test_everything_that_can_be_asked_is_sent(run: Run, aoai_emulator: AzureOpenAIEmulator) -> None:
    """Language, prompt and temperature arrive as they were given, and the deployment is the one named."""
    put(run.folder, "talk.mp3")
    options = ("--language", "de", "--prompt", "Grüße, Öl", "--temperature", "0.5", "--model", "whisper")
    assert run("transcribe", "talk.mp3", *options).returncode == 0
    assert [asked(aoai_emulator, field)[0] for field in ("language", "prompt", "temperature")] == [
        "de",
        "Grüße, Öl",
        "0.5",
    ]


def test_translate(run: Run, aoai_emulator: AzureOpenAIEmulator) -> None:
    """`aoai translate` asks for a translation, and what was transcribed before is not taken for one."""
    put(run.folder, "talk.mp3")
    assert run("transcribe", "talk.mp3", "--output-dir", "one").returncode == 0
    assert run("translate", "talk.mp3", "--output-dir", "one", "--format", "json").returncode == 0
    assert [request.path.rpartition("/")[2] for request in aoai_emulator.requests] == ["transcriptions", "translations"]


def test_whisper_spellings(run: Run) -> None:
    """What people type for whisper's own command works."""
    put(run.folder, "talk.mp3")
    done = run("transcribe", "talk.mp3", "--output_dir", "out", "--output_format", "txt", "--initial_prompt", "Tea.")
    assert (done.returncode, done.stdout) == (0, "out/talk.txt\n")
    assert run("transcribe", "talk.mp3", "-o", "out", "-f", "srt").stdout == "out/talk.srt\n"


# Names


def test_only_the_last_suffix_is_cut(run: Run) -> None:
    """a.b.mp3 becomes a.b.txt."""
    put(run.folder, "a.b.mp3")
    assert run("transcribe", "a.b.mp3").stdout == "a.b.txt\n"


@pytest.mark.parametrize("order", [("foo.wav", "foo.mp3"), ("foo.mp3", "foo.wav")])
def test_two_recordings_with_one_stem(run: Run, order: tuple[str, str]) -> None:
    """Neither overwrites the other, and the order does not matter: both keep their whole names."""
    put(run.folder, *order, "bar.mp3")
    assert run("transcribe", *order, "bar.mp3").returncode == 0
    assert names_in(run.folder) == {*order, "bar.mp3", "foo.wav.txt", "foo.mp3.txt", "bar.txt"}


def test_one_stem_in_two_runs(run: Run, aoai_emulator: AzureOpenAIEmulator) -> None:
    """A recording does not overwrite what an earlier run made of another one, and is not paid for."""
    put(run.folder, "foo.wav", "foo.mp3")
    assert run("transcribe", "foo.wav").returncode == 0
    done = run("transcribe", "foo.mp3")
    assert done.returncode == 1
    assert "foo.txt is there already" in done.stderr
    assert len(aoai_emulator.requests) == 1


def test_the_tree_is_kept_below_the_output_folder(run: Run) -> None:
    """--recursive looks into folders, keeps their tree, goes round no loop, and leaves hidden files alone."""
    put(run.folder / "talks", "a.mp3", "deep/er/b.OGG", "deep/.hidden.mp3", ".trash/c.mp3", "deep/notes.txt")
    (run.folder / "talks/deep/loop").symlink_to("..")
    done = run("transcribe", "talks", "--recursive", "--output-dir", "out")
    assert done.returncode == 0, done.stderr
    assert names_in(run.folder / "out") == {"a.txt", "deep/er/b.txt"}


def test_a_folder_alone_is_not_searched_below(run: Run) -> None:
    """Without --recursive only the recordings right in the folder are taken; beside them are the outputs."""
    put(run.folder / "talks", "a.mp3", "deep/b.mp3")
    assert run("transcribe", "talks").stdout == "talks/a.txt\n"


def test_files_of_one_name_from_two_folders(run: Run) -> None:
    """When even whole names are the same, the tree keeps them apart."""
    put(run.folder, "one/talk.mp3", "two/talk.mp3")
    assert run("transcribe", "one/talk.mp3", "two/talk.mp3", "-o", "out").returncode == 0
    assert names_in(run.folder / "out") == {"one/talk.mp3.txt", "two/talk.mp3.txt"}


def test_globs(run: Run) -> None:
    """A glob that no shell has taken apart is one; a name that looks like one is a name; twice is once."""
    put(run.folder, "a.mp3", "deep/b.mp3", "c [1].mp3", "notes.txt")
    done = run("transcribe", "**/*.*", "c [1].mp3", "a.mp3", "-o", "out", "--json")
    assert {line["input"] for line in told(done.stdout)} == {"a.mp3", "deep/b.mp3", "c [1].mp3"}
    assert names_in(run.folder / "out") == {"a.txt", "deep/b.txt", "c [1].txt"}


def test_odd_names(run: Run) -> None:
    """Blanks, quotes, emoji, line breaks, control characters, bytes that are no UTF-8: all are written as they are."""
    names = [*ODD_NAMES, os.fsdecode(b"bytes\xff.mp3")]
    put(run.folder / "talks", *names)
    done = run("transcribe", "talks", "--format", "text,json")
    assert done.returncode == 0, done.stderr
    stems = [name.removesuffix(".mp3") for name in names]
    assert names_in(run.folder / "talks") == {f"{stem}{end}" for stem in stems for end in (".mp3", ".txt", ".json")}
    assert all(f"talks/{stem}.txt\n" in done.stdout for stem in stems)
    # A terminal obeys nothing that a name says.
    assert "\x1b" not in done.stderr
    assert "\\x1b[31mred.mp3" in done.stderr


# What is done is known


def test_what_is_done_is_not_done_again(run: Run, aoai_emulator: AzureOpenAIEmulator) -> None:
    """The same command again asks nothing, writes nothing, and says how many were done before."""
    put(run.folder / "talks", "a.mp3", "b.mp3")
    assert run("transcribe", "talks").returncode == 0
    done = run("transcribe", "talks")
    assert (done.returncode, done.stdout) == (0, "")
    assert "0 done, 2 done before, 0 failed" in done.stderr
    assert len(aoai_emulator.requests) == 2


def test_outputs_that_are_missing_are_written_again_for_nothing(run: Run, aoai_emulator: AzureOpenAIEmulator) -> None:
    """A deleted output, or another format, comes from the answer that is kept; a mere file is no answer."""
    put(run.folder, "talk.mp3")
    assert run("transcribe", "talk.mp3", "--format", "srt").returncode == 0
    before = (run.folder / "talk.srt").read_bytes()
    (run.folder / "talk.srt").unlink()
    assert run("transcribe", "talk.mp3", "--format", "srt,tsv").stdout == "talk.srt\ntalk.tsv\n"
    assert (run.folder / "talk.srt").read_bytes() == before
    assert len(aoai_emulator.requests) == 1


def test_a_changed_recording_is_done_again(run: Run, aoai_emulator: AzureOpenAIEmulator) -> None:
    """So is one with other options; what this command wrote before is replaced."""
    put(run.folder, "talk.mp3")
    assert run("transcribe", "talk.mp3").returncode == 0
    put(run.folder, "talk.mp3", content=RECORDING * 2)
    aoai_emulator.set_faults([Fault(body="Something new.")])
    assert run("transcribe", "talk.mp3").stdout == "talk.txt\n"
    assert (run.folder / "talk.txt").read_text() == "Something new.\n"
    assert run("transcribe", "talk.mp3", "--language", "en").stdout == "talk.txt\n"
    assert (run.folder / "talk.txt").read_text() == TEXT
    assert len(aoai_emulator.requests) == 3
    # The first options again: their answer is kept.
    assert run("transcribe", "talk.mp3").stdout == "talk.txt\n"
    assert (run.folder / "talk.txt").read_text() == "Something new.\n"
    assert len(aoai_emulator.requests) == 3


def test_files_of_others_are_not_overwritten(run: Run, aoai_emulator: AzureOpenAIEmulator) -> None:
    """A file that this command did not make stays, before anything is paid for; --overwrite replaces it."""
    put(run.folder, "talk.mp3", "b.mp3")
    (run.folder / "talk.srt").write_text("by hand")
    done = run("transcribe", "talk.mp3", "b.mp3", "--format", "srt")
    assert (done.returncode, done.stdout) == (1, "b.srt\n")
    assert "talk.srt is there already" in done.stderr
    assert "--overwrite" in done.stderr
    assert (run.folder / "talk.srt").read_text() == "by hand"
    assert len(aoai_emulator.requests) == 1
    assert run("transcribe", "talk.mp3", "--format", "srt", "--overwrite").stdout == "talk.srt\n"
    assert (run.folder / "talk.srt").read_text() != "by hand"
    assert not (run.folder / "failures.jsonl").exists()


def test_corrections_by_hand_are_not_lost(run: Run, aoai_emulator: AzureOpenAIEmulator) -> None:
    """An edited output is left alone, also when the recording changes; --overwrite makes it new for nothing."""
    put(run.folder, "talk.mp3")
    assert run("transcribe", "talk.mp3").returncode == 0
    (run.folder / "talk.txt").write_text("Corrected by hand.")
    assert run("transcribe", "talk.mp3").returncode == 0
    put(run.folder, "talk.mp3", content=RECORDING * 2)
    assert run("transcribe", "talk.mp3").returncode == 1
    assert (run.folder / "talk.txt").read_text() == "Corrected by hand."
    assert run("transcribe", "talk.mp3", "--overwrite").stdout == "talk.txt\n"
    assert (run.folder / "talk.txt").read_text() == TEXT
    assert len(aoai_emulator.requests) == 2


def test_a_folder_and_its_outputs_can_be_moved(run: Run, aoai_emulator: AzureOpenAIEmulator) -> None:
    """What is done is known by where it lies relative to the outputs, not by where both lie."""
    put(run.folder / "one", "talk.mp3")
    assert Run(run.folder / "one", run.environment)("transcribe", "talk.mp3").returncode == 0
    (run.folder / "one").rename(run.folder / "two")
    assert Run(run.folder / "two", run.environment)("transcribe", run.folder / "two/talk.mp3").stdout == ""
    assert len(aoai_emulator.requests) == 1


# What fails


def test_a_folder_of_trouble(run: Run, aoai_emulator: AzureOpenAIEmulator) -> None:
    """Too large, empty, locked, no file at all: each is named with what to do, and the rest goes on."""
    folder = run.folder / "talks"
    put(folder, "good.mp3", "locked.mp3", "broken.mp3")
    (folder / "empty.mp3").touch()
    with (folder / "large.mp3").open("wb") as large:
        large.truncate(30_000_000)
    (folder / "folder.mp3").mkdir()
    (folder / "dangling.mp3").symlink_to("nowhere.mp3")
    os.mkfifo(folder / "pipe.mp3")
    (folder / "locked.mp3").chmod(0)
    aoai_emulator.set_faults([Fault(status=400, body={"error": {"code": "model_error", "message": "Not decoded."}})])
    done = run("transcribe", "talks", "--concurrency", "1")
    assert done.returncode == 1
    failed = {"empty", "large", "folder", "dangling", "pipe", "broken"} | ({"locked"} if os.geteuid() else set())
    written = {"good", *({"locked"} - failed)}
    assert set(done.stdout.splitlines()) == {f"talks/{stem}.txt" for stem in written}
    failures = told((run.folder / "failures.jsonl").read_text())
    assert {failure["input"] for failure in failures} == {f"talks/{stem}.mp3" for stem in failed}
    assert all(failure["error"]["to_do"] for failure in failures)
    assert all(f"talks/{stem}.mp3 failed: " in done.stderr for stem in failed)
    assert done.stderr.count("To do: ") == len(failed)
    assert "30,000,000 bytes" in done.stderr
    assert f"{len(written)} done, {len(failed)} failed" in done.stderr


def test_failures_are_done_again_when_asked(run: Run, aoai_emulator: AzureOpenAIEmulator) -> None:
    """An earlier failure is named again and not sent; --retry-failed sends it, and then nothing is left of it."""
    put(run.folder, "talk.mp3")
    aoai_emulator.set_faults([Fault(status=400)])
    assert run("transcribe", "talk.mp3").returncode == 1
    again = run("transcribe", "talk.mp3")
    assert again.returncode == 1
    assert "talk.mp3 failed in an earlier run: 400" in again.stderr
    assert "--retry-failed" in again.stderr
    assert len(aoai_emulator.requests) == 1
    assert run("transcribe", "talk.mp3", "--retry-failed").stdout == "talk.txt\n"
    assert not (run.folder / "failures.jsonl").exists()


def test_an_output_that_cannot_be_written(run: Run, aoai_emulator: AzureOpenAIEmulator) -> None:
    """It is a failure of that recording, and when it can be written again nothing is paid twice."""
    put(run.folder, "a.mp3", "b.mp3")
    (run.folder / "out").mkdir()
    (run.folder / "out/a").write_text("where a folder should be")
    put(run.folder / "talks", "a/b.mp3", "c.mp3")
    done = run("transcribe", "talks", "--recursive", "-o", "out")
    assert (done.returncode, done.stdout) == (1, "out/c.txt\n")
    assert "talks/a/b.mp3 failed: " in done.stderr
    (run.folder / "out/a").unlink()
    assert run("transcribe", "talks", "--recursive", "-o", "out").stdout == "out/a/b.txt\n"
    assert len(aoai_emulator.requests) == 2


def test_a_wrong_key_ends_it(run: Run, aoai_emulator: AzureOpenAIEmulator) -> None:
    """When nobody is let in, it is not tried with every recording."""
    put(run.folder / "talks", *(f"{number:02}.mp3" for number in range(20)))
    locked_out = Run(run.folder, {**run.environment, "AZURE_OPENAI_API_KEY": "wrong"})
    done = locked_out("transcribe", "talks", "--concurrency", "1")
    assert done.returncode == 1
    assert "no more jobs are begun" in done.stderr
    assert " left in " in done.stderr
    assert len(aoai_emulator.requests) < 5


def test_the_traceback_is_for_those_who_ask(run: Run, aoai_emulator: AzureOpenAIEmulator) -> None:
    """It is printed with -vv alone; -v tells attempts and seconds."""
    put(run.folder, "talk.mp3")
    aoai_emulator.set_faults([Fault(status=400)])
    plain = run("transcribe", "talk.mp3", "-v")
    assert "Traceback" not in plain.stderr
    assert re.search(r"talk.mp3: failed \([\d.]+ s, attempts: 1, 127.0.0.1:\d+/whisper\)", plain.stderr)
    aoai_emulator.set_faults([Fault(status=400)])
    assert "Traceback" in run("transcribe", "talk.mp3", "-vv", "--retry-failed").stderr


def test_quiet(run: Run, aoai_emulator: AzureOpenAIEmulator) -> None:
    """-q prints results, and failures when there are some, and nothing else."""
    put(run.folder, "a.mp3", "b.mp3")
    done = run("transcribe", "a.mp3", "-q")
    assert (done.stdout, done.stderr) == ("a.txt\n", "")
    aoai_emulator.set_faults([Fault(status=400)])
    assert "b.mp3 failed: " in run("transcribe", "b.mp3", "-q").stderr


# A deployment that refuses verbose_json


def test_what_needs_no_times_is_asked_for_as_json(run: Run, aoai_emulator: AzureOpenAIEmulator) -> None:
    """The recording that found it out is sent again, the others are sent once, and the next run sends nothing."""
    put(run.folder / "talks", "a.mp3", "b.mp3", "c.mp3", "d.mp3")
    aoai_emulator.set_faults([REFUSES_VERBOSE])
    command = ("transcribe", "talks", "--format", "text,json", "--concurrency", "1")
    done = run(*command)
    assert done.returncode == 0, done.stderr
    assert "4 done, 0 failed" in done.stderr
    formats = asked(aoai_emulator)
    assert len(formats) == 5
    assert formats[-1] == "json"
    assert json.loads((run.folder / "talks/a.json").read_text()) == {"text": TEXT.strip()}
    assert (run.folder / "talks/a.txt").read_text() == TEXT
    assert run(*command).stdout == ""
    assert len(aoai_emulator.requests) == 5


def test_times_cannot_be_had_from_it(run: Run, aoai_emulator: AzureOpenAIEmulator) -> None:
    """Subtitles are then a failure that says what would do."""
    put(run.folder, "talk.mp3")
    aoai_emulator.set_faults([REFUSES_VERBOSE])
    done = run("transcribe", "talk.mp3", "--format", "srt,text")
    assert done.returncode == 1
    assert "--format text,json" in done.stderr
    assert asked(aoai_emulator) == ["verbose_json"]


# For machines


def test_json_lines(run: Run, aoai_emulator: AzureOpenAIEmulator) -> None:
    """Each recording is one JSON object on standard output: what became of it, where it is, what went wrong."""
    put(run.folder, "a.mp3", "b.mp3")
    aoai_emulator.set_faults([Fault(status=400)])
    command = ("transcribe", "a.mp3", "b.mp3", "--format", "srt", "--json", "--concurrency", "1")
    failed, done = told(run(*command).stdout)
    assert (failed["input"], failed["status"], failed["error"]["status_code"]) == ("a.mp3", "failed", 400)
    assert (done["input"], done["status"], done["outputs"], done["error"]) == ("b.mp3", "done", ["b.srt"], None)
    assert (done["language"], done["duration"]) == ("english", 3.5)
    assert [line["status"] for line in told(run(*command).stdout)] == ["failed", "skipped"]


def test_several_deployments_share_the_work(tmp_path: Path) -> None:
    """With a file of deployments a recording goes to whichever is free, and the one named alone is not asked."""
    with emulator_in_thread(deployments={"east": "audio", "west": "audio"}) as emulator:
        (tmp_path / "fleet.toml").write_text('[[deployment]]\nmodel = "east"\n[[deployment]]\nmodel = "west"\n')
        put(tmp_path / "talks", *(f"{number}.mp3" for number in range(6)))
        run = Run(tmp_path, settings(emulator))
        done = run("transcribe", "talks", "--deployments", "fleet.toml", "--json")
        assert run("transcribe", "talks", "--deployments", "fleet.toml").stdout == ""
        assert len(emulator.requests) == 6
    assert done.returncode == 0, done.stderr
    assert {line["deployment"].rpartition("/")[2] for line in told(done.stdout)} == {"east", "west"}


# Wrong use


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["nowhere.mp3"], "There is no 'nowhere.mp3'"),
        (["*.flac"], "No recording matches '*.flac'"),
        (["talk.mp3", "--format", "pdf"], "there is no format 'pdf'"),
        (["talk.mp3", "--format", ","], "no format is named"),
        (["talk.mp3", "--word-times"], "--word-times"),
        (["talk.mp3", "-"], "stands alone"),
        (["talk.mp3", "--concurrency", "0"], "--concurrency"),
        (["-", "--format", "all"], "in one format"),
        (["-", "--output-dir", "out"], "to no folder"),
        (["talk.mp3", "talk.verbose.mp3", "--format", "all"], "would both be written"),
    ],
)
def test_wrong_use_of_transcribe(run: Run, aoai_emulator: AzureOpenAIEmulator, arguments: list[str], told: str) -> None:
    """It ends with status 2 and says what is wrong before anything is sent or written."""
    put(run.folder, "talk.mp3", "talk.verbose.mp3")
    done = run("transcribe", *arguments)
    assert done.returncode == 2
    assert told in done.stderr
    assert "Traceback" not in done.stderr
    assert aoai_emulator.requests == []
    assert names_in(run.folder) == {"talk.mp3", "talk.verbose.mp3"}


def test_no_deployment(run: Run) -> None:
    """Without a deployment nothing can be asked, and the two ways to name one are told."""
    put(run.folder, "talk.mp3")
    nameless = Run(run.folder, {name: run.environment[name] for name in run.environment if "DEPLOYMENT" not in name})
    done = nameless("transcribe", "talk.mp3")
    assert done.returncode == 2
    assert "--model" in done.stderr
    assert "AZURE_OPENAI_DEPLOYMENT" in done.stderr


def test_an_empty_folder(run: Run) -> None:
    """There is nothing to do in it, which is no failure, and it is said."""
    put(run.folder, "empty/deeper/talk.mp3")
    done = run("transcribe", "empty")
    assert (done.returncode, done.stdout) == (0, "")
    assert "no recordings in empty" in done.stderr


# Standard input


def test_standard_input(run: Run, aoai_emulator: AzureOpenAIEmulator) -> None:
    """A pipe is recognised by its first bytes or named; its text is printed, and nothing is written."""
    done = run("transcribe", "-", stdin=RECORDING)
    assert (done.returncode, done.stdout, done.stderr) == (0, TEXT, "")
    assert run("translate", "-", "--stdin-name", "talk.webm", "--format", "srt", stdin=b"?").stdout.startswith("1\n")
    assert [request.part("file").filename for request in aoai_emulator.requests] == ["audio.mp3", "talk.webm"]
    assert names_in(run.folder) == set()


def test_a_file_as_standard_input(run: Run) -> None:
    """What is redirected from a file is heard, too; --json makes it an object."""
    (talk,) = put(run.folder, "talk.mp3")
    with talk.open("rb") as file:
        done = run("transcribe", "-", "--json", "--format", "tsv", stdin=file)
    assert json.loads(done.stdout)["result"].startswith("start\tend\ttext\n")


def test_standard_input_from_a_deployment_that_refuses(run: Run, aoai_emulator: AzureOpenAIEmulator) -> None:
    """It is asked again for what it gives, or the failure says what would do."""
    aoai_emulator.set_faults([REFUSES_VERBOSE])
    assert json.loads(run("transcribe", "-", "--format", "json", stdin=RECORDING).stdout) == {"text": TEXT.strip()}
    aoai_emulator.set_faults([REFUSES_VERBOSE])
    refused = run("transcribe", "-", "--format", "srt", stdin=RECORDING)
    assert refused.returncode == 1
    assert "--format text,json" in refused.stderr


@pytest.mark.parametrize(
    ("content", "told"), [(b"", "no name"), (b"what is this?", "no name"), (b"ID3" + bytes(27_000_000), "too large")]
)
def test_standard_input_that_cannot_be_sent(
    run: Run, aoai_emulator: AzureOpenAIEmulator, content: bytes, told: str
) -> None:
    """Nothing, bytes of no kind, and too many are refused before anything is sent, with what to do."""
    done = run("transcribe", "-", "--json", stdin=content)
    assert done.returncode == 1
    assert told in done.stderr
    assert "To do: " in done.stderr
    assert json.loads(done.stdout)["status"] == "failed"
    assert aoai_emulator.requests == []


def test_the_answer_kept_is_whole(run: Run) -> None:
    """What the journal keeps is the answer itself, from which anything can be made later."""
    put(run.folder, "talk.mp3")
    assert run("transcribe", "talk.mp3", "--format", "srt").returncode == 0
    (line,) = told((run.folder / ".aoai/transcribe.jsonl").read_text())
    assert line["kind"] == AudioVerboseResponse.__name__
