import asyncio
import hashlib

import aiohttp
import pytest
from emulator_server.emulator_calls import Caller, form_body, raw_exchange, raw_post

from aoai_async.emulator import AzureOpenAIEmulator, Fault


def _statuses(emulator: AzureOpenAIEmulator) -> list[int | None]:
    return [request.status for request in emulator.requests]


async def test_faults_are_used_up_in_order(caller: Caller) -> None:
    """Each fault spoils one request; when none is left the emulator works again."""
    caller.emulator.set_faults([Fault(status=500), Fault(status=529)])
    assert [(await caller.audio()).status for _ in range(3)] == [500, 529, 200]
    assert _statuses(caller.emulator) == [500, 529, 200]


async def test_a_status_has_an_error_body_by_default(caller: Caller) -> None:
    """A bare status is a JSON error with the headers of every answer, even an unknown one."""
    caller.emulator.set_faults([Fault(status=503), Fault(status=599)])
    reply = await caller.audio()
    assert reply.json() == {"error": {"code": "503", "message": "Service Unavailable"}}
    assert reply.headers["apim-request-id"]
    assert (await caller.audio()).error["code"] == "599"


async def test_a_429_has_the_services_body_and_waits_one_second(caller: Caller) -> None:
    """A fault of 429 looks like a used-up quota, and its headers can be replaced or taken away."""
    caller.emulator.set_faults(
        [
            Fault(status=429),
            Fault(status=429, headers={"retry-after": None, "x-ratelimit-reset-requests": None}),
            Fault(status=429, headers={"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT", "retry-after-ms": "5"}),
        ]
    )
    plain, silent, odd = [await caller.audio() for _ in range(3)]
    assert (plain.headers["Retry-After"], plain.headers["policy-id"]) == ("1", "DeploymentRatelimit-Call")
    assert "retry after 1 second." in plain.error["message"]
    assert "Retry-After" not in silent.headers
    assert "x-ratelimit-reset-requests" not in silent.headers
    assert (odd.headers["Retry-After"], odd.headers["retry-after-ms"]) == ("Wed, 21 Oct 2026 07:28:00 GMT", "5")


async def test_a_body_of_ones_own(caller: Caller) -> None:
    """A document is sent as JSON, a text as it is, with 200 unless a status says otherwise."""
    caller.emulator.set_faults(
        [Fault(body={"text": 1}), Fault(status=400, body="no"), Fault(body="{", content_type="application/json")]
    )
    document, text, odd = [await caller.audio() for _ in range(3)]
    assert (document.status, document.json()) == (200, {"text": 1})
    assert (text.status, text.body, text.headers["Content-Type"]) == (400, b"no", "text/plain; charset=utf-8")
    assert (odd.status, odd.body, odd.headers["Content-Type"]) == (200, b"{", "application/json")


async def test_a_proxys_page(caller: Caller) -> None:
    """HTML comes with 200, or with the status that was wished."""
    caller.emulator.set_faults([Fault(html=True), Fault(html=True, status=502)])
    page, bad_gateway = await caller.audio(), await caller.image({"prompt": "a cat"})
    assert (page.status, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert page.text.startswith("<!DOCTYPE html>")
    assert bad_gateway.status == 502


async def test_headers_and_content_type_on_a_real_answer(caller: Caller) -> None:
    """Without a status the request is carried out, and only the headers are spoiled."""
    caller.emulator.set_faults([Fault(headers={"APIM-Request-Id": None, "x-extra": "1"}, content_type="text/html")])
    reply = await caller.audio()
    assert (reply.status, reply.headers["Content-Type"], reply.headers["x-extra"]) == (200, "text/html", "1")
    assert "apim-request-id" not in reply.headers
    assert reply.json().keys() == {"text"}


async def test_an_operation_is_waited_for(caller: Caller) -> None:
    """A fault for another operation stays where it is until that operation is asked for."""
    caller.emulator.set_faults([Fault(status=500, operation="images/generations"), Fault(status=503)])
    assert [(await caller.audio()).status for _ in range(2)] == [503, 200]
    assert [(await caller.image({"prompt": "a cat"})).status for _ in range(2)] == [500, 200]


async def test_new_faults_replace_the_old(caller: Caller) -> None:
    """Setting a list forgets what is left of the one before."""
    caller.emulator.set_faults([Fault(status=500)] * 5)
    caller.emulator.set_faults([])
    assert (await caller.audio()).status == 200


async def test_a_faulted_request_does_not_count_for_the_quota(session: aiohttp.ClientSession) -> None:
    """An answer on order comes from in front of the gateway: neither key nor quota is looked at."""
    async with AzureOpenAIEmulator(rpm_audio=1, clock=lambda: 1000.0) as emulator:
        emulator.set_faults([Fault(status=500)])
        caller = Caller(emulator, session)
        assert [(await caller.audio()).status for _ in range(3)] == [500, 200, 429]


async def test_a_faulted_request_is_read_to_its_end(caller: Caller) -> None:
    """The journal has the size and hash of what arrived although the answer was an error."""
    caller.emulator.set_faults([Fault(status=503)])
    content = bytes(range(256)) * 2000
    assert (await caller.audio(content=content)).status == 503
    part = caller.emulator.requests[0].part("file")
    assert (part.size, part.sha256) == (len(content), hashlib.sha256(content).hexdigest())


async def test_a_delay_comes_before_the_answer(caller: Caller) -> None:
    """The answer waits for as long as was wished; the request has been read by then."""
    caller.emulator.set_faults([Fault(delay=3600), Fault(delay=0.05)])
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await caller.audio()
    loop = asyncio.get_running_loop()
    began = loop.time()
    assert (await caller.audio()).status == 200
    assert loop.time() - began >= 0.049
    assert _statuses(caller.emulator) == [None, 200]


@pytest.mark.parametrize("count", [0, 100])
async def test_cut_after_read_drops_the_connection(emulator: AzureOpenAIEmulator, count: int) -> None:
    """The connection is gone without an answer, and no more than the first bytes of the body were taken."""
    emulator.set_faults([Fault(cut_after_read=count)])
    body = form_body(b"s" * 50)
    try:
        answer = await raw_exchange(emulator, raw_post(body[:100], "Content-Length: 100000"))
    except ConnectionResetError:
        answer = b""
    assert answer == b""
    record = emulator.requests[0]
    assert (record.status, record.size) == (None, count)


async def test_cut_after_read_spoils_an_upload(caller: Caller) -> None:
    """An HTTP client sees its connection end in the middle of its upload."""
    caller.emulator.set_faults([Fault(cut_after_read=1000)])
    with pytest.raises(aiohttp.ClientError):
        await caller.audio(content=b"s" * 1_000_000)
    assert caller.emulator.requests[0].size == 1000
    assert (await caller.audio()).status == 200


@pytest.mark.parametrize("count", [0, 5])
async def test_cut_after_sent_promises_more_than_it_sends(emulator: AzureOpenAIEmulator, count: int) -> None:
    """The answer's headers promise the whole body, and only its first bytes arrive."""
    emulator.set_faults([Fault(cut_after_sent=count)])
    whole = b'{\n  "text": "Gr\xc3\xbc\xc3\x9f dich, Welt. Bye."\n}'
    head, _, body = (await raw_exchange(emulator, raw_post(form_body(b"s")))).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 ")
    assert f"Content-Length: {len(whole)}".encode() in head
    assert body == whole[:count]
    assert emulator.requests[0].status == 200


async def test_cut_after_sent_leaves_chunks_unfinished(caller: Caller) -> None:
    """A chunked answer ends before its last chunk, and so fails."""
    caller.emulator.set_faults([Fault(cut_after_sent=10)])
    with pytest.raises(aiohttp.ClientPayloadError):
        await caller.image({"prompt": "a cat"})


async def test_a_gateway_that_refuses_chunks(emulator: AzureOpenAIEmulator) -> None:
    """A chunked upload is answered 411, one with a length is carried out; each uses the fault up."""
    emulator.set_faults([Fault(refuse_chunked=True)] * 2)
    body = form_body(b"sound")
    chunked = f"{len(body):x}\r\n".encode() + body + b"\r\n0\r\n\r\n"
    answers = [
        await raw_exchange(emulator, request)
        for request in (
            raw_post(chunked, "Transfer-Encoding: chunked"),
            raw_post(body),
            raw_post(chunked, "Transfer-Encoding: chunked"),
        )
    ]
    assert [answer[9:12] for answer in answers] == [b"411", b"200", b"200"]
    assert {request.size for request in emulator.requests} == {len(body)}


@pytest.mark.parametrize(
    ("facts", "error"),
    [
        ({"status": 99}, ValueError),
        ({"status": "500"}, TypeError),
        ({"body": 7}, TypeError),
        ({"html": 1}, TypeError),
        ({"headers": ["Retry-After"]}, TypeError),
        ({"headers": {"Retry-After": 5}}, TypeError),
        ({"headers": {"Retry-After": "5\r\nX: y"}}, ValueError),
        ({"content_type": 1}, TypeError),
        ({"content_type": "a\nb"}, ValueError),
        ({"delay": -1}, ValueError),
        ({"cut_after_read": -1}, ValueError),
        ({"cut_after_sent": 1.5}, TypeError),
        ({"operation": "audio/nothing"}, ValueError),
        ({"stauts": 500}, TypeError),
    ],
)
def test_faults_that_make_no_sense(facts: dict[str, object], error: type[Exception]) -> None:
    """A fault that could not be carried out is refused when it is made."""
    with pytest.raises(error):
        Fault(**facts)  # type: ignore[arg-type]  # it is what this test is about
