"""`aoai doctor` against the emulator: what is configured, the key, the deployment, and that nothing is spent."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from cli.doctor_tools import run_doctor, verdicts

from aoai_async.cli import main
from aoai_async.emulator import AzureOpenAIEmulator, Fault, Quota, emulator_in_thread

if TYPE_CHECKING:
    from pathlib import Path

    from aoai_async.emulator import Heard, PictureWanted

KEY = "9f8e7d6c5b4a39281706f5e4d3c2b1a0"
ALL = ["endpoint", "deployment", "version", "credentials", "proxy", "name", "connection", "tls"]
SERVICE = ["access", "existence", "operations", "clock"]


class Worker:
    """A recogniser and a painter that must never be asked."""

    async def hear(self, recording: Path) -> Heard:
        """Fail."""
        raise AssertionError(recording)

    async def paint(self, wanted: PictureWanted) -> bytes:
        """Fail."""
        raise AssertionError(wanted)

    async def aclose(self) -> None:
        """Do nothing."""


def of(emulator: AzureOpenAIEmulator) -> dict[str, str]:
    return {"AZURE_OPENAI_ENDPOINT": emulator.endpoint, "AZURE_OPENAI_API_KEY": emulator.api_key}


@pytest.mark.parametrize(
    ("model", "operations"),
    [("whisper", "transcriptions, translations; not images"), ("dall-e-3", "images; not transcriptions, translations")],
)
def test_all_is_well(model: str, operations: str) -> None:
    """Every check has a line; it asks each operation once, and every request is refused before any work."""
    with emulator_in_thread(recognizer=Worker(), painter=Worker()) as emulator:
        done = run_doctor("--model", model, **of(emulator))
        requests = emulator.requests
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert [line.split()[1] for line in lines[:-1]] == [*ALL, *SERVICE, "quota"]
    assert {line.split()[0] for line in lines[:-1]} == {"ok", "skip"}
    assert lines[-1] == "All is well."
    assert f"operations   {operations}" in done.stdout
    assert "the key is accepted" in done.stdout
    paths = ["audio/transcriptions", "audio/translations", "images/generations"]
    assert [request.path for request in requests] == [f"/openai/deployments/{model}/{path}" for path in paths]
    assert [request.status for request in requests] == [400, 400, 400]
    assert sum(part.size for request in requests for part in request.parts if part.name == "file") == 2
    assert requests[2].json == {"n": 0}


def test_sources(aoai_emulator: AzureOpenAIEmulator) -> None:
    """Each thing configured is shown with the option or variable it comes from, the default version as it is sent."""
    from_variables = verdicts(run_doctor("--json", AZURE_OPENAI_DEPLOYMENT="whisper", **of(aoai_emulator)))
    assert from_variables["endpoint"]["detail"] == f"{aoai_emulator.endpoint}, from AZURE_OPENAI_ENDPOINT"
    assert from_variables["deployment"]["detail"] == "whisper, from AZURE_OPENAI_DEPLOYMENT"
    assert from_variables["credentials"]["detail"] == "a key, from AZURE_OPENAI_API_KEY"
    version = aoai_emulator.requests[0].query["api-version"]
    assert from_variables["version"]["detail"] == f"{version}, the default"
    options = ["--json", "--endpoint", aoai_emulator.endpoint, "--model", "whisper", "--api-key-env", "MY_KEY"]
    from_options = verdicts(run_doctor(*options, MY_KEY="emulator-key", OPENAI_API_VERSION="2024-06-01"))
    assert from_options["endpoint"]["detail"] == f"{aoai_emulator.endpoint}, from --endpoint"
    assert from_options["deployment"]["detail"] == "whisper, from --model"
    assert from_options["credentials"]["detail"] == "a key, from MY_KEY"
    assert from_options["version"]["detail"] == "2024-06-01, from OPENAI_API_VERSION"
    assert aoai_emulator.requests[-1].query["api-version"] == "2024-06-01"


def test_a_token_in_the_environment(aoai_emulator: AzureOpenAIEmulator) -> None:
    """A token in the environment goes before a key, and the doctor says so."""
    done = run_doctor("--json", "--model", "whisper", **of(aoai_emulator), AZURE_OPENAI_AD_TOKEN="a-token")
    found = verdicts(done)
    expected = "a token, from AZURE_OPENAI_AD_TOKEN; AZURE_OPENAI_API_KEY is not used"
    assert found["credentials"]["detail"] == expected
    assert found["access"]["detail"] == "the token is accepted"


@pytest.mark.parametrize("options", [[], ["--json"], ["-vv"], ["-q"]])
def test_a_wrong_key(options: list[str], aoai_emulator: AzureOpenAIEmulator) -> None:
    """A wrong key is told with what to do, what depends on it is not tried, and the key is never shown."""
    done = run_doctor("--model", "whisper", *options, **{**of(aoai_emulator), "AZURE_OPENAI_API_KEY": KEY})
    assert done.returncode == 1
    assert "invalid subscription key" in done.stdout
    assert "Keys and Endpoint" in done.stdout
    assert KEY not in done.stdout + done.stderr
    assert [request.status for request in aoai_emulator.requests] == [401]


def test_nothing_is_configured() -> None:
    """Without any configuration each missing thing is told with what to set, and nothing else is tried."""
    done = run_doctor("--json")
    found = verdicts(done)
    assert done.returncode == 1
    assert [name for name, finding in found.items() if finding["verdict"] == "fail"] == [
        "endpoint",
        "deployment",
        "credentials",
    ]
    assert "AZURE_OPENAI_ENDPOINT" in found["endpoint"]["advice"]
    assert "AZURE_OPENAI_DEPLOYMENT" in found["deployment"]["advice"]
    assert "AZURE_OPENAI_API_KEY" in found["credentials"]["detail"]
    assert {found[name]["verdict"] for name in ("name", "connection", "tls", *SERVICE)} == {"skip"}
    assert found["name"]["detail"] == "not tried, because 'endpoint' failed"


def test_without_a_deployment_the_way_is_tried(aoai_emulator: AzureOpenAIEmulator) -> None:
    """A missing deployment does not hinder the checks of the way to the service."""
    found = verdicts(run_doctor("--json", **of(aoai_emulator)))
    assert found["connection"]["verdict"] == "ok"
    assert found["access"]["detail"] == "not tried, because 'deployment' failed"
    assert aoai_emulator.requests == []


@pytest.mark.parametrize(
    ("variables", "check", "verdict", "told"),
    [
        ({"AZURE_OPENAI_ENDPOINT": "https://me:sesame@a.example"}, "endpoint", "fail", "carries credentials"),
        ({"AZURE_OPENAI_ENDPOINT": "http://a.example"}, "endpoint", "fail", "plain text"),
        ({"AZURE_OPENAI_ENDPOINT": "http://127.0.0.1:1/openai/v1"}, "endpoint", "warn", "http://127.0.0.1:1"),
        ({"AZURE_OPENAI_ENDPOINT": "https://a..b"}, "name", "fail", "a..b is not known"),
        ({"AZURE_OPENAI_ENDPOINT": "http://127.0.0.1:1"}, "connection", "fail", "Connection refused"),
        ({"AZURE_OPENAI_DEPLOYMENT": "a/b"}, "deployment", "fail", "is not the name of a deployment"),
        ({"AZURE_OPENAI_API_KEY": "sesame sesame"}, "credentials", "fail", "holds a blank"),
        ({"HTTP_PROXY": "sesame:8080"}, "proxy", "fail", "from HTTP_PROXY"),
        ({"ALL_PROXY": "http://me:sesame@127.0.0.1:1"}, "connection", "fail", "127.0.0.1 of the proxy"),
    ],
)
def test_what_cannot_be(
    variables: dict[str, str], check: str, verdict: str, told: str, aoai_emulator: AzureOpenAIEmulator
) -> None:
    """What cannot work is told where it is seen first, and no secret is repeated."""
    done = run_doctor("--json", **{**of(aoai_emulator), "AZURE_OPENAI_DEPLOYMENT": "whisper", **variables})
    finding = verdicts(done)[check]
    assert (done.returncode, finding["verdict"]) == (1, verdict)
    assert told in finding["detail"]
    assert finding["advice"]
    assert "sesame" not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("options", "variables", "told"),
    [
        (["--model", "nowhere"], {}, "there is no deployment nowhere"),
        (["--model", "whisper"], {"OPENAI_API_VERSION": "next"}, "nothing is found there: 404: Resource not found"),
    ],
)
def test_a_deployment_that_is_not_there(
    options: list[str], variables: dict[str, str], told: str, aoai_emulator: AzureOpenAIEmulator
) -> None:
    """A deployment that is not there and a version the service does not know are told apart; the key is right."""
    done = run_doctor("--json", *options, **of(aoai_emulator), **variables)
    found = verdicts(done)
    assert done.returncode == 1
    assert found["access"]["verdict"] == "ok"
    assert (found["existence"]["verdict"], found["operations"]["verdict"]) == ("fail", "skip")
    assert told in found["existence"]["detail"]


@pytest.mark.parametrize(
    ("faults", "check", "told"),
    [
        ([Fault(status=403)], "access", "403"),
        ([Fault(status=500)], "access", "no answer that tells"),
        ([Fault(cut_after_read=0)], "access", "no answer that tells"),
        ([Fault(), Fault(status=503)], "operations", "translations: 503"),
    ],
)
def test_trouble_at_the_service(faults: list[Fault], check: str, told: str, aoai_emulator: AzureOpenAIEmulator) -> None:
    """What the service or the way to it fails with is told, once and without repeating the request."""
    aoai_emulator.set_faults(faults)
    done = run_doctor("--json", "--model", "whisper", **of(aoai_emulator))
    finding = verdicts(done)[check]
    assert (done.returncode, finding["verdict"]) == (1, "fail")
    assert told in finding["detail"]
    assert len(aoai_emulator.requests) == (3 if check == "operations" else 1)


def test_a_quota_that_is_used_up(aoai_emulator: AzureOpenAIEmulator) -> None:
    """A refusal for quota shows that the key and the deployment are right; it is only a warning."""
    aoai_emulator.set_quota("whisper", Quota(1))
    done = run_doctor("--json", "--model", "whisper", **of(aoai_emulator))
    found = verdicts(done)
    assert done.returncode == 0
    assert found["operations"]["detail"] == "transcriptions, translations; not images"
    assert (found["quota"]["verdict"], found["quota"]["detail"]) == ("warn", "used up for now")
    assert found["quota"]["advice"].startswith("wait ")


def test_a_deployment_for_something_else() -> None:
    """A deployment that takes no operation of these is told."""
    with emulator_in_thread(deployments={"chat": "talk"}) as emulator:  # type: ignore[dict-item] # a kind of its own
        done = run_doctor("--json", "--model", "chat", **of(emulator))
    assert done.returncode == 1
    assert verdicts(done)["operations"]["detail"] == "none for audio or images"


def test_several_deployments(tmp_path: Path, aoai_emulator: AzureOpenAIEmulator) -> None:
    """Each deployment of a file is examined, under its own heading, and one that fails is enough for status 1."""
    path = tmp_path / "fleet.toml"
    text = '[[deployment]]\nmodel = "whisper"\n[[deployment]]\nmodel = "nowhere"\napi_key_env = "NOT_SET"\n'
    path.write_text(text, "utf-8")
    done = run_doctor("--deployments", path, **of(aoai_emulator))
    assert done.returncode == 1
    assert "deployment 1 of 2, whisper\n" in done.stdout
    assert f"ok    deployment   nowhere, from {path}" in done.stdout
    assert "the environment variable NOT_SET is not set" in done.stdout
    labels = [json.loads(line)["deployment"] for line in _json_lines(path, aoai_emulator)]
    assert set(labels) == {"deployment 1 of 2, whisper", "deployment 2 of 2, nowhere"}


def _json_lines(path: Path, emulator: AzureOpenAIEmulator) -> list[str]:
    return run_doctor("--json", "--deployments", path, **of(emulator)).stdout.splitlines()


def test_quiet_and_verbose(aoai_emulator: AzureOpenAIEmulator) -> None:
    """Quiet, a run without trouble prints nothing; verbose, it shows how each request was refused."""
    assert run_doctor("-q", "--model", "whisper", **of(aoai_emulator)).stdout == ""
    assert "images: 400 OperationNotSupported: " in run_doctor("-v", "--model", "whisper", **of(aoai_emulator)).stdout


def test_wrong_use() -> None:
    """Options that exclude each other are wrong use."""
    done = run_doctor("--entra", "--api-key-env", "MY_KEY")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "aoai: --entra and --api-key-env exclude each other\n"


@pytest.mark.parametrize(("variables", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_colours(variables: dict[str, str], coloured: bool) -> None:
    """There are colours on a terminal, unless NO_COLOR is set."""
    ours, theirs = pty.openpty()
    try:
        command = [sys.executable, "-Im", "aoai_async.cli.main", "doctor"]
        assert subprocess.run(command, stdout=theirs, env=variables, timeout=60, check=False).returncode == 1
        assert (b"\x1b[1;31mFAIL\x1b[0m" in os.read(ours, 4096)) is coloured
    finally:
        os.close(ours)
        os.close(theirs)


def test_entra_is_missing(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Without azure-identity, `--entra` tells what to install."""
    monkeypatch.setitem(sys.modules, "azure", None)
    for name in ("azure.identity", "azure.identity.aio"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    assert main.main(["doctor", "--entra"]) == 1
    assert capsys.readouterr().err.endswith("is missing: pip install 'aoai-async[entra]'\n")
