from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aoai_async.errors import ConfigurationError, InvalidInputError
from aoai_async.wire.address import Endpoint, Route, checked_deployment, deployment_route, is_safe_transport

DEPLOYMENT_LETTERS = "ABCXYZabcxyz0189._-"
SECRETS = st.text(st.characters(codec="ascii", categories=["L", "N", "P", "S"], exclude_characters="/?#[]"), min_size=8)


@pytest.mark.parametrize(
    ("given_address", "base"),
    [
        ("https://name.openai.azure.com", "https://name.openai.azure.com/openai"),
        ("https://name.openai.azure.com/", "https://name.openai.azure.com/openai"),
        ("  https://name.openai.azure.com//\n", "https://name.openai.azure.com/openai"),
        ("HTTPS://gateway.example/ai/east/", "https://gateway.example/ai/east/openai"),
        ("https://gateway.example:8443/ai", "https://gateway.example:8443/ai/openai"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080/openai"),
        ("http://[::1]:8080/", "http://[::1]:8080/openai"),
        ("http://localhost", "http://localhost/openai"),
        ("http://Emulator.Localhost:1", "http://Emulator.Localhost:1/openai"),
    ],
)
def test_a_resources_address_becomes_a_base(given_address: str, base: str) -> None:
    """A prefix is kept, a slash at the end does not matter, and plain http reaches this machine."""
    assert Endpoint.of_resource(given_address) == Endpoint(base)


@pytest.mark.parametrize(
    ("given_address", "base", "deployment"),
    [
        ("https://name.openai.azure.com/openai", "https://name.openai.azure.com/openai", None),
        ("https://gateway.example/v2/", "https://gateway.example/v2", None),
        (
            "https://name.openai.azure.com/openai/deployments/my-whisper/",
            "https://name.openai.azure.com/openai",
            "my-whisper",
        ),
    ],
)
def test_a_base_url_may_name_its_deployment(given_address: str, base: str, deployment: str | None) -> None:
    """A full base address is taken as it is, without the deployment at its end."""
    assert Endpoint.of_base_url(given_address) == Endpoint(base, deployment)


@pytest.mark.parametrize("end", ["whisper/audio/transcriptions", "my%20whisper", "..", "w" * 65])
def test_a_base_url_with_no_deployment_behind_deployments_is_refused(end: str) -> None:
    """What follows ``/deployments/`` must be the name of one."""
    with pytest.raises(ConfigurationError, match="base_url"):
        Endpoint.of_base_url(f"https://name.openai.azure.com/openai/deployments/{end}")


@pytest.mark.parametrize(
    "address",
    [
        "",
        "name.openai.azure.com",
        "ftp://name.openai.azure.com",
        "https://",
        "https:///openai",
        "https://:443",
        "https://name:port",
        "https://name:99999",
        "https://[name",
        "https://na me.example",
        "https://name.example/\r\nHost: other",
        "https://name\0.example",
        None,
        b"https://name.example",
        5,
    ],
)
def test_what_is_no_address_is_refused(address: Any) -> None:
    """An address without https, host or sense is refused, with an example of a good one."""
    with pytest.raises(ConfigurationError, match=r"azure_endpoint .*https://NAME\.openai\.azure\.com"):
        Endpoint.of_resource(address)


@pytest.mark.parametrize("tail", ["?api-version=2024-10-21", "#top"])
def test_query_and_fragment_are_refused(tail: str) -> None:
    """A query or fragment is no part of an endpoint, and is not repeated."""
    with pytest.raises(ConfigurationError, match="leave it out") as raised:
        Endpoint.of_base_url(f"https://name.example/openai{tail}")
    assert tail not in str(raised.value)


def test_an_empty_query_does_no_harm() -> None:
    """A question mark without a query is dropped."""
    assert Endpoint.of_base_url("https://name.example/openai?").base == "https://name.example/openai"


@pytest.mark.parametrize("address", ["http://name.example", "http://10.0.0.1:80", "http://localhost.example"])
def test_plain_http_to_other_machines_needs_a_word(address: str) -> None:
    """The key is sent in plain text only where that was allowed by name."""
    with pytest.raises(ConfigurationError, match="allow_insecure_http=True"):
        Endpoint.of_resource(address)
    assert Endpoint.of_resource(address, allow_http=True) == Endpoint(f"{address}/openai", allow_http=True)
    assert Endpoint.of_base_url(address, allow_http=True) == Endpoint(address, allow_http=True)


@pytest.mark.parametrize(
    "template",
    [
        "https://user:{}@name.example",
        "https://{}@name.example",
        "ftp://user:{}@name.example",
        "user:{}@name.example",
        "https:///user:{}@name.example",
        "https://user:{}@na℀me.example",
        "https://user:{}@name.example:port",
        "https://user:x{}/more@name.example",
        "https://name.example?key={}",
        "https://name.example#{}",
        "{}",
    ],
)
@given(secret=SECRETS)
def test_a_secret_in_an_address_is_never_repeated(template: str, secret: str) -> None:
    """A password, or a key that stands where the address belongs, is refused and stays out of the message."""
    with pytest.raises(ConfigurationError) as raised:
        Endpoint.of_resource(template.format(secret))
    assert secret not in str(raised.value)
    assert raised.value.__suppress_context__ or raised.value.__context__ is None


@pytest.mark.parametrize(
    ("scheme", "host", "expected"),
    [
        ("https", "name.example", True),
        ("http", "127.0.0.1", True),
        ("http", "127.9.9.9", True),
        ("http", "::1", True),
        ("http", "localhost", True),
        ("http", "a.localhost", True),
        ("http", "name.example", False),
        ("http", "0.0.0.0", False),  # noqa: S104 - nothing is bound
        ("http", None, False),
        ("ftp", "localhost", False),
    ],
)
def test_only_https_or_this_machine_is_safe(scheme: str, host: str | None, expected: bool) -> None:
    """Nobody reads along over https, or on the way to this machine itself."""
    assert is_safe_transport(scheme, host) is expected


@given(st.text(DEPLOYMENT_LETTERS, min_size=1, max_size=64).filter(lambda name: name.strip(".")))
def test_names_of_deployments_are_kept(name: str) -> None:
    """Letters, digits, dots, underscores and hyphens make a name, and go into the path as they are."""
    assert checked_deployment(name) == name
    assert deployment_route("https://h/openai", name, "audio/translations") == Route(
        f"https://h/openai/deployments/{name}/audio/translations"
    )


@pytest.mark.parametrize(
    "name", ["", ".", "..", "a/b", "../keys", "a b", "a?b", "a#b", "a%2fb", "ä", "a\n", "w" * 65, None, 5, b"whisper"]
)
def test_what_is_no_deployment_is_refused(name: object) -> None:
    """A name that would lead to another path never reaches an address; the error names the parameter."""
    with pytest.raises(InvalidInputError, match="azure_deployment=") as raised:
        checked_deployment(name, option="azure_deployment")
    assert raised.value.field == "azure_deployment"


def test_a_route_adds_no_fields_by_itself() -> None:
    """The paths of version 2024-10-21 leave the body alone, and quote what is no name of a deployment."""
    assert dict(deployment_route("b", "a/b?", "images/generations").fields) == {}
    assert deployment_route("b", "a b?", "images/generations").url == "b/deployments/a%20b%3F/images/generations"
