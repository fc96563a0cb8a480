"""`aoai doctor` on its way to the service: names, TLS, proxies, clocks, and servers that are something else."""

from __future__ import annotations

import asyncio
import signal
import socket
import sys
from contextlib import AsyncExitStack, suppress
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from types import ModuleType
from typing import TYPE_CHECKING, Any, Self

import anyio
import pytest
import trustme
from cli.doctor_tools import NOT_FOUND, answers, begin_doctor, doctor, tls_server, verdicts
from client.client_tools import answer, raw_server, read_request

from aoai_async.cli import main
from aoai_async.cli.checkup.rounds import _in_time
from aoai_async.cli.checkup.way import Way, has_a_name

if TYPE_CHECKING:
    from pathlib import Path
    from subprocess import CompletedProcess

    from aoai_async.cli.checkup.findings import Finding
    from aoai_async.emulator import AzureOpenAIEmulator

REFUSED = b'{"error": {"code": "invalid_value", "message": "no such format"}}'


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA(organization_name="Authority of the Tests")


@pytest.fixture(scope="module")
def trusted(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of trusted certificates for those who trust the authority."""
    path = tmp_path_factory.mktemp("trust") / "authority.pem"
    authority.cert_pem.write_to_path(path)
    return path


@pytest.fixture(scope="module")
def certificate(authority: trustme.CA) -> trustme.LeafCert:
    return authority.issue_cert("localhost", organization_name="The Tests")


async def over_tls(certificate: trustme.LeafCert, **variables: str) -> CompletedProcess[str]:
    async with tls_server(certificate, answers(NOT_FOUND)) as port:
        return await look_at(f"https://localhost:{port}", **variables)


async def look_at(endpoint: str, **variables: str) -> CompletedProcess[str]:
    return await doctor("--json", "--endpoint", endpoint, "--model", "m", AZURE_OPENAI_API_KEY="a-key", **variables)


async def test_tls_is_all_right(certificate: trustme.LeafCert, trusted: Path) -> None:
    """Protocol, owner, issuer and days left are told, and what follows is tried."""
    found = verdicts(await over_tls(certificate, SSL_CERT_FILE=str(trusted)))
    assert found["tls"]["verdict"] == "ok"
    for part in ("TLSv1.", "The Tests", "Authority of the Tests", "days left"):
        assert part in found["tls"]["detail"]
    assert found["existence"]["detail"] == "there is no deployment m"


async def test_an_untrusted_certificate(certificate: trustme.LeafCert) -> None:
    """An untrusted certificate is told with the host and with what to do about a proxy that opens TLS."""
    done = await over_tls(certificate)
    finding = verdicts(done)["tls"]
    assert (done.returncode, finding["verdict"]) == (1, "fail")
    assert finding["detail"].startswith("the certificate of localhost is refused: ")
    assert "SSL_CERT_FILE" in finding["advice"]
    assert verdicts(done)["access"]["detail"] == "not tried, because 'tls' failed"


async def test_the_certificate_of_another(authority: trustme.CA, trusted: Path) -> None:
    """A certificate for another name is told as that."""
    found = verdicts(await over_tls(authority.issue_cert("other.example"), SSL_CERT_FILE=str(trusted)))
    assert "not valid for 'localhost'" in found["tls"]["detail"]
    assert "the name the certificate is made for" in found["tls"]["advice"]


@pytest.mark.parametrize(
    ("starts", "ends", "verdict", "told"),
    [
        (-20, -10, "fail", "clock right? otherwise"),
        (10, 20, "fail", "clock right?"),
        (-10, 5, "warn", "renewed soon"),
    ],
)
async def test_the_dates_of_a_certificate(
    starts: int, ends: int, verdict: str, told: str, authority: trustme.CA, trusted: Path
) -> None:
    """A certificate that is expired, not yet valid, or soon expired is told as that."""
    now = datetime.now(UTC)
    dated = authority.issue_cert(
        "localhost", not_before=now + timedelta(days=starts), not_after=now + timedelta(days=ends)
    )
    found = verdicts(await over_tls(dated, SSL_CERT_FILE=str(trusted)))
    assert found["tls"]["verdict"] == verdict
    assert told in found["tls"]["advice"]


async def test_no_tls_at_the_port() -> None:
    """A server that does not speak TLS, and one that hangs up, are told as that."""

    async def hang_up(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.read(1)

    async def speak_http(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(answer("400 Bad Request"))
        await reader.read()

    for handle, told in ((hang_up, "the connection broke in the handshake"), (speak_http, "no handshake with")):
        async with raw_server(handle) as endpoint:
            finding = verdicts(await look_at(endpoint.replace("http", "https")))["tls"]
        assert finding["verdict"] == "fail"
        assert told in finding["detail"]


class Proxy:
    """A proxy that opens the way to whom it is asked for, for those with its password."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        self.asked.append(head.split()[1])
        if "Proxy-Authorization: Basic bWU6c2VzYW1l" not in head:
            writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
            return
        host, _, port = self.asked[-1].partition(":")
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        async with AsyncExitStack() as stack:
            there, onward = await asyncio.open_connection(host, int(port))
            stack.callback(onward.close)
            with suppress(OSError):
                await asyncio.gather(pass_on(reader, onward), pass_on(there, writer))


async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while piece := await reader.read(65_536):
        writer.write(piece)
    writer.close()


async def test_through_a_proxy(certificate: trustme.LeafCert, trusted: Path) -> None:
    """Behind a proxy every step goes through it; its password is used and never shown."""
    proxy = Proxy()
    async with raw_server(proxy.handle) as address, tls_server(certificate, answers(NOT_FOUND)) as port:
        through = address.replace("http://", "http://me:sesame@")
        done = await look_at(f"https://localhost:{port}", SSL_CERT_FILE=str(trusted), HTTPS_PROXY=through)
    found = verdicts(done)
    assert found["proxy"]["detail"] == f"{address}, from HTTPS_PROXY"
    assert found["connection"]["detail"].startswith(f"to port {address.rpartition(':')[2]} of 127.0.0.1 of the proxy")
    assert (found["tls"]["verdict"], found["access"]["verdict"]) == ("ok", "ok")
    # Once for the handshake, and at least once for the requests.
    assert set(proxy.asked) == {f"localhost:{port}"}
    assert "sesame" not in done.stdout + done.stderr


async def test_a_proxy_that_refuses() -> None:
    """A proxy that does not open the way is told, with its answer."""
    async with raw_server(Proxy().handle) as address:
        finding = verdicts(await look_at("https://localhost:1", HTTPS_PROXY=address))["tls"]
    assert finding["detail"].startswith("the proxy does not open the way to localhost: it answered 407")


async def test_a_proxy_that_is_none() -> None:
    """What is no proxy is told as that."""

    async def hang_up(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")

    async with raw_server(hang_up) as address:
        finding = verdicts(await look_at("https://localhost:1", HTTPS_PROXY=address))["tls"]
    assert "it gave no answer of a proxy" in finding["detail"]


async def test_a_proxy_over_tls(certificate: trustme.LeafCert) -> None:
    """Whether TLS is good behind a proxy that speaks TLS itself is not tried."""
    async with tls_server(certificate, answers(b"")) as port:
        found = verdicts(await look_at("https://localhost:1", HTTPS_PROXY=f"https://127.0.0.1:{port}"))
    assert found["tls"]["verdict"] == "skip"


async def at_a_service_whose_clock_is_off(hours: int) -> CompletedProcess[str]:
    date = format_datetime(datetime.now(UTC) + timedelta(hours=hours), usegmt=True)
    async with raw_server(answers(answer("400 Bad Request", REFUSED, f"Date: {date}"))) as endpoint:
        return await look_at(endpoint)


@pytest.mark.parametrize(("hours", "told"), [(1, "behind the service's"), (-1, "ahead of the service's")])
async def test_a_clock_that_is_off(hours: int, told: str) -> None:
    """How far this machine's clock is off is told in seconds; over 300 is a warning, and no failure."""
    done = await at_a_service_whose_clock_is_off(hours)
    finding = verdicts(done)["clock"]
    assert (done.returncode, finding["verdict"]) == (0, "warn")
    seconds, told_so = finding["detail"].split(" s ")
    assert told_so == told
    assert abs(int(seconds) - 3600) < 100


async def test_a_clock_that_is_right() -> None:
    """A clock that is right, but for the seconds a busy machine takes, is no warning."""
    assert verdicts(await at_a_service_whose_clock_is_off(0))["clock"]["verdict"] == "ok"


async def test_a_service_without_a_clock() -> None:
    """An answer that does not tell the time is no reason to fail."""
    async with raw_server(answers(answer("400 Bad Request", REFUSED))) as endpoint:
        done = await look_at(endpoint)
    assert (done.returncode, verdicts(done)["clock"]["verdict"]) == (0, "skip")


@pytest.mark.parametrize(
    ("reply", "told"),
    [
        (answer("404 Not Found", b"<html>nothing here</html>", kind="text/html"), "no answer of the service: 404"),
        (answer("405 Not Allowed", b""), "no answer of the service: 405"),
        (answer("200 OK", b"<html>welcome</html>", kind="text/html"), "no answer that tells"),
        (answer("302 Found", b"", "Location: http://127.0.0.1:1/"), "no answer that tells"),
        (answer("401 Unauthorized", b'{"statusCode": 401, "message": "who?"}'), "401: who?"),
    ],
)
async def test_something_else_answers(reply: bytes, told: str) -> None:
    """Whatever else listens there is not taken for the service."""
    async with raw_server(answers(reply)) as endpoint:
        done = await look_at(endpoint)
    finding = verdicts(done)["access"]
    assert (done.returncode, finding["verdict"]) == (1, "fail")
    assert told in finding["detail"]


async def test_an_image_model_that_knows_no_audio_path() -> None:
    """A service that answers 404 for some operations alone has the deployment for the others."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await read_request(reader)
        missing = answer("404 Not Found", b'{"error": {"code": "404", "message": "Resource not found"}}')
        writer.write(missing if "/audio/" in request.head else answer("400 Bad Request", REFUSED))

    async with raw_server(handle) as endpoint:
        done = await look_at(endpoint)
    assert verdicts(done)["operations"]["detail"] == "images; not transcriptions, translations"


@pytest.mark.parametrize(("number", "told"), [(socket.EAI_NONAME, "spelt right"), (socket.EAI_AGAIN, "name server")])
async def test_a_name_that_is_not_known(number: int, told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that does not exist, and a name server that does not answer, are told apart."""

    async def fail(*_: object, **__: object) -> None:
        raise socket.gaierror(number, "no address")

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", fail)
    finding = await has_a_name(Way.to("https://a.example", None))
    assert finding.verdict == "fail"
    assert told in finding.advice


async def test_a_check_that_hangs() -> None:
    """A check that never ends is given up after its time."""

    async def hang() -> Finding:
        await asyncio.Event().wait()
        raise AssertionError

    finding = await _in_time("tls", hang(), 0.001)
    assert (finding.check, finding.verdict) == ("tls", "fail")
    assert "nothing happened" in finding.detail


class Credential:
    """Like azure-identity's, of somebody who has not signed in."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        pass

    async def get_token(self, *_: str) -> Any:
        """Fail, as azure-identity does, in many lines."""
        raise RuntimeError("DefaultAzureCredential failed to retrieve a token\nAttempted credentials:\n\tmany")


def test_nobody_is_signed_in(
    aoai_emulator: AzureOpenAIEmulator, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A sign-in that fails is told in one line with what to do; all its lines are there when asked for."""
    identity = ModuleType("azure.identity.aio")
    monkeypatch.setattr(identity, "DefaultAzureCredential", Credential, raising=False)
    monkeypatch.setitem(sys.modules, "azure.identity.aio", identity)
    command = ["doctor", "--entra", "--endpoint", aoai_emulator.endpoint, "--model", "whisper"]
    assert main.main(command) == 1
    told = capsys.readouterr().out
    assert "Microsoft Entra through azure-identity, by --entra" in told
    assert "az login" in told
    assert "Attempted credentials" not in told
    assert main.main([*command, "-v"]) == 1
    assert "Attempted credentials" in capsys.readouterr().out


async def test_an_interruption() -> None:
    """Ctrl-C while the service is silent ends it at once, with status 130 and without a traceback."""
    arrived = asyncio.Event()

    async def stay_silent(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        arrived.set()
        await reader.read()

    async with raw_server(stay_silent) as endpoint:
        process = await asyncio.to_thread(
            begin_doctor, "--endpoint", endpoint, "--model", "m", AZURE_OPENAI_API_KEY="k"
        )
        with anyio.fail_after(60):
            await arrived.wait()
        process.send_signal(signal.SIGINT)
        _, complaint = await asyncio.to_thread(process.communicate, timeout=60)
    assert (process.returncode, complaint) == (130, "")
