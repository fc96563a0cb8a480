"""From the command's options to a client or pool, without a process of its own."""

from __future__ import annotations

import asyncio
import os
import sys
from argparse import ArgumentParser, Namespace
from types import ModuleType, SimpleNamespace
from typing import TYPE_CHECKING, Any, Self

import pytest

from aoai_async.batch import DeploymentPool
from aoai_async.cli.connect import connected
from aoai_async.cli.parsers.shared import add_connection, add_pace
from aoai_async.errors import ConfigurationError
from aoai_async.schema.audio import CreateTranscriptionRequest

if TYPE_CHECKING:
    from pathlib import Path

    from aoai_async.emulator import AzureOpenAIEmulator

KEY = "0123456789abcdef0123456789abcdef"
REQUEST = CreateTranscriptionRequest(file=("talk.mp3", b"anything"))


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take away every variable the client looks at."""
    for name in list(os.environ):
        if name.startswith(("AZURE_", "OPENAI_")) or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)


# Made here, because argparse looks for translations on the disk.
PARSER = ArgumentParser()
add_connection(PARSER)
add_pace(PARSER)


def options(*given: object) -> Namespace:
    return PARSER.parse_args([str(option) for option in given])


async def test_from_options(aoai_emulator: AzureOpenAIEmulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """Endpoint, deployment and the variable with the key are taken from the options."""
    monkeypatch.setenv("MY_KEY", aoai_emulator.api_key)
    given = options("--endpoint", aoai_emulator.endpoint, "--model", "whisper", "--api-key-env", "MY_KEY")
    async with connected(given) as client:
        assert await client.send(REQUEST)
    assert [request.status for request in aoai_emulator.requests] == [200]


async def test_from_the_environment(aoai_emulator: AzureOpenAIEmulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """What no option says is taken from the environment."""
    monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", aoai_emulator.endpoint)
    monkeypatch.setenv("AZURE_OPENAI_DEPLOYMENT", "whisper")
    monkeypatch.setenv("AZURE_OPENAI_API_KEY", aoai_emulator.api_key)
    async with connected(options()) as client:
        assert await client.send(REQUEST)


@pytest.mark.parametrize(("given", "sent"), [([], "Authorization"), (["--api-key-env", "MY_KEY"], "api-key")])
async def test_a_token_in_the_environment(
    given: list[str], sent: str, aoai_emulator: AzureOpenAIEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A token in the environment goes before a key there, as in the library; a variable named by an option wins."""
    monkeypatch.setenv("AZURE_OPENAI_AD_TOKEN", "a-token")
    monkeypatch.setenv("AZURE_OPENAI_API_KEY", "not-this-one")
    monkeypatch.setenv("MY_KEY", aoai_emulator.api_key)
    async with connected(options("--endpoint", aoai_emulator.endpoint, "--model", "whisper", *given)) as client:
        assert await client.send(REQUEST)
    assert sent in aoai_emulator.requests[0].headers


def test_no_deployment() -> None:
    """Without a deployment the error names the option and the variable."""
    with pytest.raises(ConfigurationError, match=r"--model .*AZURE_OPENAI_DEPLOYMENT"):
        connected(options("--endpoint", "https://somewhere.example"))


def test_a_variable_that_is_not_set() -> None:
    """A variable that should hold the key, and is not set, is named."""
    with pytest.raises(ConfigurationError, match="MY_KEY"):
        connected(options("--endpoint", "https://somewhere.example", "--model", "whisper", "--api-key-env", "MY_KEY"))


@pytest.mark.parametrize("key", [KEY, "a" + KEY, "emulator-key", ""])
@pytest.mark.parametrize("option", ["--api-key-env", "--api-key"])
def test_a_key_in_place_of_its_variable(option: str, key: str) -> None:
    """A key given as an option is refused, and not repeated."""
    with pytest.raises(ConfigurationError, match="the name of an environment variable") as caught:
        connected(options("--model", "whisper", option, key))
    assert not key or key not in str(caught.value)


class Credential:
    """Like azure-identity's; notes what happens to it."""

    noted: list[object]

    async def __aenter__(self) -> Self:
        self.noted.append("opened")
        return self

    async def __aexit__(self, *_: object) -> None:
        self.noted.append("closed")

    async def get_token(self, *scopes: str) -> Any:
        """Give a token that lives long."""
        self.noted.extend(scopes)
        return SimpleNamespace(token="from-entra", expires_on=4_000_000_000)


async def test_entra(aoai_emulator: AzureOpenAIEmulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """`--entra` signs in with azure-identity, asks for one token as long as it lives, and closes the credential."""
    Credential.noted = []
    identity = ModuleType("azure.identity.aio")
    monkeypatch.setattr(identity, "DefaultAzureCredential", Credential, raising=False)
    monkeypatch.setitem(sys.modules, "azure.identity.aio", identity)
    async with connected(options("--entra", "--endpoint", aoai_emulator.endpoint, "--model", "whisper")) as client:
        for _ in range(2):
            await client.send(REQUEST)
    assert [request.status for request in aoai_emulator.requests] == [200, 200]
    assert Credential.noted == ["opened", "https://cognitiveservices.azure.com/.default", "closed"]


def test_entra_without_azure_identity(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without azure-identity the error is there before anything runs, and names the module."""
    monkeypatch.setitem(sys.modules, "azure", None)
    monkeypatch.delitem(sys.modules, "azure.identity", raising=False)
    monkeypatch.delitem(sys.modules, "azure.identity.aio", raising=False)
    with pytest.raises(ModuleNotFoundError) as caught:
        connected(options("--entra", "--model", "whisper"))
    assert (caught.value.name or "").startswith("azure")


def fleet(folder: Path, text: str) -> Path:
    path = folder / "fleet.toml"
    path.write_text(text, "utf-8")
    return path


async def test_several_deployments(
    tmp_path: Path, aoai_emulator: AzureOpenAIEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file of deployments makes a pool of them, each with its own settings."""
    monkeypatch.setenv("KEY_ONE", aoai_emulator.api_key)
    monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", aoai_emulator.endpoint)
    monkeypatch.setenv("AZURE_OPENAI_API_KEY", aoai_emulator.api_key)
    text = f"""
        [[deployment]]
        model = "busy"
        endpoint = "{aoai_emulator.endpoint}"
        api_key_env = "KEY_ONE"
        priority = 1
        weight = 2
        requests_per_minute = 3
        max_concurrency = 4

        [[deployment]]
        model = "whisper"
        priority = 0
    """
    given = options("--deployments", await asyncio.to_thread(fleet, tmp_path, text))
    async with await asyncio.to_thread(connected, given) as pool:
        assert isinstance(pool, DeploymentPool)
        assert [(lane.model, lane.priority, lane.weight, lane.places) for lane in pool.group.lanes] == [
            ("busy", 1, 2, 4),
            ("whisper", 0, 1, None),
        ]
        await pool.send(REQUEST)
    assert "/whisper/" in aoai_emulator.requests[0].path


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ('api_key = "sesame"', r"deployment 2 \(two\): field api_key is refused"),
        ('azure_ad_token = "sesame"', r"deployment 2 \(two\): field azure_ad_token is refused"),
        ('api_key_env = "sesame-sesame"', "field api_key_env takes the name of an environment variable"),
        ('api_key_env = "NOT_SET"', r"deployment 2 \(two\): The environment variable NOT_SET"),
        ('colour = "red"', "field colour is unknown; known are model"),
        ('weight = "sesame"', "field weight is a number, not a text"),
        ("weight = 0", r"deployment 2 \(two\): 'weight' must be > 0"),
        ("max_concurrency = 1.5", "field max_concurrency is a whole number, not a number"),
        ("max_concurrency = true", "field max_concurrency is a whole number, not true or false"),
        ("requests_per_minute = 1979-05-27", "field requests_per_minute is a number, not a table or a date"),
        ('entra = "sesame"', "field entra is true or false, not a text"),
        ('endpoint = "https://a.example"\nazure_endpoint = "https://a.example"', "give one"),
        ('endpoint = "sesame"', r"deployment 2 \(two\): azure_endpoint is no address"),
        ("model = 3", "deployment 2: field model is a text"),
    ],
)
def test_a_deployment_that_cannot_be(table: str, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is wrong is told with file, deployment and field, and without the value, which may be a secret."""
    monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", "https://somewhere.example")
    monkeypatch.setenv("AZURE_OPENAI_API_KEY", "a-key")
    model = "" if table.startswith("model") else 'model = "two"'
    path = fleet(tmp_path, f'[[deployment]]\nmodel = "one"\n[[deployment]]\n{model}\n{table}')
    with pytest.raises(ConfigurationError, match=told) as caught:
        connected(options("--deployments", path))
    assert str(path) in str(caught.value)
    assert "sesame" not in str(caught.value)


def test_a_deployment_with_two_credentials(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Entra and a key exclude each other."""
    monkeypatch.setitem(sys.modules, "azure.identity.aio", ModuleType("azure.identity.aio"))
    path = fleet(tmp_path, '[[deployment]]\nmodel = "one"\nentra = true\napi_key_env = "A_KEY"')
    with pytest.raises(ConfigurationError, match="field entra and api_key_env exclude each other"):
        connected(options("--deployments", path))


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "has no deployment"),
        (b"deployment = 3", "has no deployment"),
        (b"deployment = [3]", "deployment 1: expected a table"),
        (b"[[deployment]]\nweight = 1", "deployment 1: field model is missing"),
        (b"[[deployments]]\nmodel = 'one'", "unknown deployments; expected"),
        (b"[[deployment]", "is no TOML"),
        (b"\xff", "is not UTF-8"),
        (None, "cannot be read: No such file"),
    ],
)
def test_a_file_that_cannot_be(content: bytes | None, told: str, tmp_path: Path) -> None:
    """A file that is missing, damaged or empty is named."""
    path = tmp_path / "fleet.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigurationError, match=told) as caught:
        connected(options("--deployments", path))
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    "excluded",
    [["--endpoint", "https://a.example"], ["--model", "m"], ["--api-key-env", "K"], ["--entra"], ["--rpm", "3"]],
)
def test_deployments_and_another_option(excluded: list[str], tmp_path: Path) -> None:
    """What the file says for each deployment cannot be said by an option as well."""
    with pytest.raises(ConfigurationError, match=f"--deployments excludes {excluded[0]}"):
        connected(options("--deployments", tmp_path / "fleet.toml", *excluded))


def test_entra_and_a_key() -> None:
    """`--entra` and `--api-key-env` exclude each other."""
    with pytest.raises(ConfigurationError, match="exclude each other"):
        connected(options("--entra", "--api-key-env", "MY_KEY", "--model", "whisper"))


@pytest.mark.parametrize("given", [["--concurrency", "0"], ["--concurrency", "x"], ["--rpm", "-1"], ["--rpm", "nan"]])
def test_a_wrong_value(given: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """A value that cannot be is refused with the option's name and in plain words."""
    with pytest.raises(SystemExit):
        options(*given)
    told = capsys.readouterr().err
    assert f"argument {given[0]}: '{given[1]}' is no " in told
