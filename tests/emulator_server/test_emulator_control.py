import hashlib
import json
from typing import Any

import pytest
from emulator_server.emulator_calls import Caller, Reply

from aoai_async.emulator import Fault


async def _put(caller: Caller, what: str, document: Any) -> Reply:
    return await caller.send("PUT", f"/emulator/{what}", json=document)


async def test_health(caller: Caller) -> None:
    """The emulator says that it is well, without credentials."""
    reply = await caller.send("GET", "/emulator/health")
    assert (reply.status, reply.json()) == (200, {"status": "ok"})


async def test_requests_shows_what_arrived(caller: Caller) -> None:
    """Every request is shown with its parts and the status it was answered, its credentials blanked."""
    headers = {"api-key": caller.emulator.api_key, "Authorization": "Bearer secret"}
    await caller.audio(("prompt", "Grüße"), content=b"sound", headers=headers)
    await caller.image({"prompt": "a cat"})
    audio, image = (await caller.send("GET", "/emulator/requests")).json()
    assert audio["method"] == "POST"
    assert audio["path"] == "/openai/deployments/whisper/audio/transcriptions"
    assert audio["query"] == {"api-version": "2024-10-21"}
    assert (audio["headers"]["api-key"], audio["headers"]["Authorization"]) == ("***", "***")
    assert audio["parts"] == [
        {
            "name": "file",
            "filename": "talk.mp3",
            "content_type": "application/octet-stream",
            "size": 5,
            "sha256": hashlib.sha256(b"sound").hexdigest(),
            "text": None,
        },
        {
            "name": "prompt",
            "filename": None,
            "content_type": "text/plain; charset=utf-8",
            "size": 7,
            "sha256": hashlib.sha256("Grüße".encode()).hexdigest(),
            "text": "Grüße",
        },
    ]
    assert (audio["status"], str(audio["size"])) == (200, audio["headers"]["Content-Length"])
    assert (image["json"], image["parts"], image["status"]) == ({"prompt": "a cat"}, [], 200)


async def test_python_sees_the_same(caller: Caller) -> None:
    """The property shows the same records, and header names are case-insensitive there."""
    await caller.audio()
    (record,) = caller.emulator.requests
    shown = (await caller.send("GET", "/emulator/requests")).json()
    assert json.loads(json.dumps(record.as_json())) == shown[0]
    assert record.headers["API-KEY"] == "***"
    assert record.part("file").filename == "talk.mp3"
    with pytest.raises(KeyError):
        record.part("prompt")


async def test_requests_can_be_forgotten(caller: Caller) -> None:
    """DELETE and clear_requests forget everything that arrived."""
    await caller.audio()
    assert (await caller.send("DELETE", "/emulator/requests")).status == 204
    assert caller.emulator.requests == []
    await caller.audio()
    caller.emulator.clear_requests()
    assert (await caller.send("GET", "/emulator/requests")).json() == []


async def test_refused_and_unknown_requests_are_shown_too(caller: Caller) -> None:
    """What was refused, what led nowhere and downloads are in the list; control requests are not."""
    await caller.audio(headers={})
    await caller.send("GET", "/nothing%20here")
    await caller.send("GET", "/storage/x")
    await caller.send("GET", "/emulator/health")
    records = caller.emulator.requests
    assert [record.status for record in records] == [401, 404, 403]
    assert records[1].path == "/nothing%20here"


async def test_faults_can_be_put(caller: Caller) -> None:
    """A list of objects with the fields of Fault does what set_faults does."""
    rows = [{"status": 503, "headers": {"Retry-After": "0", "apim-request-id": None}}, {"body": {"text": 1}}]
    assert (await _put(caller, "faults", rows)).status == 204
    first, second = await caller.audio(), await caller.audio()
    assert (first.status, first.headers["Retry-After"], "apim-request-id" in first.headers) == (503, "0", False)
    assert second.json() == {"text": 1}


@pytest.mark.parametrize(
    "document", [{}, 7, [7], [{"status": 1}], [{"stauts": 500}], [{"delay": "1"}], None, [{"status": 500}, {"a": 1}]]
)
async def test_faults_that_make_no_sense_are_400(caller: Caller, document: Any) -> None:
    """What is no list of faults is refused with a reason, and the faults on order stay."""
    caller.emulator.set_faults([Fault(status=599)])
    reply = await _put(caller, "faults", document)
    assert reply.status == 400
    assert reply.error["message"]
    assert (await caller.audio()).status == 599


async def test_quota_can_be_put(caller: Caller) -> None:
    """An object sets a deployment's quota, and a limit of null lifts it."""
    row = {"deployment": "whisper", "limit": 1, "window": 3600, "kind": "even"}
    assert (await _put(caller, "quota", row)).status == 204
    assert [(await caller.audio()).status for _ in range(2)] == [200, 429]
    assert (await _put(caller, "quota", {"deployment": "whisper", "limit": None})).status == 204
    assert (await caller.audio()).status == 200


@pytest.mark.parametrize(
    "document",
    [
        [],
        [1],
        "whisper",
        None,
        {"limit": 1},
        {"deployment": "nowhere", "limit": 1},
        {"deployment": ["whisper"], "limit": 1},
        {"deployment": "whisper", "limit": "many"},
        {"deployment": "whisper", "limit": 0},
        {"deployment": "whisper", "limit": 1, "per": "hour"},
    ],
)
async def test_quotas_that_make_no_sense_are_400(caller: Caller, document: Any) -> None:
    """What is no quota of a deployment is refused with a reason."""
    reply = await _put(caller, "quota", document)
    assert reply.status == 400
    assert reply.error["message"]


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[" * 100_000])
async def test_control_bodies_that_are_no_json_are_400(caller: Caller, body: bytes) -> None:
    """A body that is no JSON is refused."""
    assert (await caller.send("PUT", "/emulator/faults", data=body)).status == 400
