import asyncio
import os
import pickle
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest
from client.client_tools import PNG, VirtualClock, answer, encoded, picture_of, raw_server
from client.conftest import MakeClient

from aoai_async import (
    APIConnectionError,
    APITimeoutError,
    AsyncAzureOpenAI,
    ConfigurationError,
    ImageResult,
    InvalidInputError,
    Limits,
    PictureError,
    PictureExpiredError,
    Timeout,
    as_dict,
)
from aoai_async.emulator import AzureOpenAIEmulator

OPENAI = "https://NAME.openai.azure.com"
LARGE = PNG * 4
JPEG, WEBP, GIF = b"\xff\xd8\xff\xe0" + PNG, b"RIFF1234WEBP" + PNG, b"GIF89a" + PNG


async def names(folder: Path) -> list[str]:
    return sorted(await asyncio.to_thread(os.listdir, folder))


async def content_of(path: Path) -> bytes:
    return await asyncio.to_thread(path.read_bytes)


@asynccontextmanager
async def storage(*answers: bytes) -> AsyncIterator[tuple[str, list[str]]]:
    """Answer one after the other, the last one for ever; lends an address and the heads of the requests."""
    left, heads = list(answers), list[str]()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append((await reader.readuntil(b"\r\n\r\n")).decode())
        writer.write(left.pop(0) if len(left) > 1 else left[0])

    async with raw_server(serve) as endpoint:
        yield f"{endpoint}/x.png?sig=a%2Fb%3D&se=2023-11-15T22%3A13%3A20Z", heads


@pytest.fixture
def keeper(make_client: MakeClient) -> AsyncAzureOpenAI:
    return make_client(OPENAI)


@pytest.mark.parametrize("response_format", [None, "url", "b64_json"])
async def test_read_and_save(painter: AsyncAzureOpenAI, tmp_path: Path, response_format: str | None) -> None:
    """A picture is read and saved whichever way the service sent it, as often as wanted."""
    made = await painter.images.generate(prompt="x", response_format=response_format)
    picture = made.data[0]
    assert bool(picture.b64_json) is (response_format == "b64_json")
    content = await picture.read()
    assert content.startswith(b"\x89PNG")
    saved = await picture.save(tmp_path / "corgi.png")
    assert saved == tmp_path / "corgi.png"
    assert await content_of(saved) == content
    assert await names(tmp_path) == ["corgi.png"]


@pytest.mark.parametrize(
    ("content", "asked", "saved"),
    [
        (PNG, "a.png", "a.png"),
        (PNG, "a.PNG", "a.PNG"),
        (PNG, "a", "a.png"),
        (PNG, "a.jpg", "a.png"),
        (PNG, "v1.2", "v1.2.png"),
        (PNG, "a.txt", "a.txt.png"),
        (JPEG, "a.jpeg", "a.jpeg"),
        (JPEG, "a.png", "a.jpg"),
        (WEBP, "a.gif", "a.webp"),
        (GIF, "a", "a.gif"),
        (PNG, "x" * 251 + ".png", "x" * 251 + ".png"),
    ],
)
async def test_the_ending_tells_the_truth(
    keeper: AsyncAzureOpenAI, tmp_path: Path, content: bytes, asked: str, saved: str
) -> None:
    """The ending follows what the picture is; what is no picture's ending belongs to the name."""
    path = await picture_of(keeper, b64_json=encoded(content)).save(str(tmp_path / asked))
    assert path == tmp_path / saved
    assert await content_of(path) == content
    assert await names(tmp_path) == [saved]


async def test_the_storage_host_learns_nothing(painter: AsyncAzureOpenAI, emulator: AzureOpenAIEmulator) -> None:
    """The storage host gets the address byte for byte, and neither key nor any header of the client's."""
    client = painter.with_options(default_headers={"X-Team": "a"}, default_query={"q": "1"})
    made = await client.images.generate(prompt="x")
    assert await made.data[0].read()
    request = emulator.requests[1]
    assert request.status == 200
    assert not {"api-key", "Authorization", "X-Team", "Cookie", "x-ms-client-request-id"} & set(request.headers)
    assert "q" not in request.query


async def test_the_query_is_left_as_it_is(keeper: AsyncAzureOpenAI) -> None:
    """No percent sign of a signed address is changed, whatever it stands for."""
    async with storage(answer(body=PNG)) as (url, heads):
        address = f"{url}&q=%7e+%2f;~&e&%c3%bc=%C3%BC"
        assert await picture_of(keeper, url=address).read() == PNG
    assert heads[0].split(" ")[1] == "/x.png?" + address.partition("?")[2]


@pytest.mark.parametrize("way", ["url", "b64_json"])
async def test_a_picture_over_the_limit(make_client: MakeClient, tmp_path: Path, way: str) -> None:
    """A picture is taken up to its limit only; exactly as much is allowed."""
    client = make_client(OPENAI, limits=Limits(picture=len(LARGE)))
    for content, fits in ((LARGE, True), (LARGE + b"x", False)):
        async with storage(answer(body=content)) as (url, _):
            fields = {"url": url} if way == "url" else {"b64_json": encoded(content)}
            if fits:
                assert await picture_of(client, **fields).read() == content
            else:
                with pytest.raises(PictureError, match="more than"):
                    await picture_of(client, **fields).save(tmp_path / "a.png")
    assert await names(tmp_path) == []


async def test_a_picture_without_end(make_client: MakeClient) -> None:
    """A storage host that does not stop sending is stopped."""

    async def pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while not writer.is_closing():
            writer.write(PNG)
            await writer.drain()

    async with raw_server(pour) as url:
        with pytest.raises(PictureError, match="more than 1,000,000 bytes"):
            await picture_of(make_client(OPENAI, limits=Limits(picture=10**6)), url=url).read()


async def test_an_expired_address(
    painter: AsyncAzureOpenAI, emulator: AzureOpenAIEmulator, clock: VirtualClock, tmp_path: Path
) -> None:
    """After 24 hours the error says that the address no longer works, and since when; nothing is repeated."""
    picture = (await painter.images.generate(prompt="x")).data[0]
    clock.now += 86_400
    with pytest.raises(PictureExpiredError, match="until 2023-11-15 22:13 UTC") as caught:
        await picture.save(tmp_path / "a.png")
    assert (caught.value.status_code, caught.value.attempts) == (403, 1)
    assert "sig" not in str(caught.value)
    assert await names(tmp_path) == []


@pytest.mark.parametrize("status", [302, 400, 403, 404])
async def test_a_storage_host_that_refuses(keeper: AsyncAzureOpenAI, status: int) -> None:
    """Another refusal is not taken for expiry, and not repeated; a redirect is not followed."""
    async with storage(answer(f"{status} No", b"no", "Location: /y.png")) as (url, heads):
        with pytest.raises(PictureError, match=str(status)) as caught:
            await picture_of(keeper, url=url).read()
        assert len(heads) == 1
    assert type(caught.value) is PictureError
    assert caught.value.status_code == status


async def test_a_storage_host_that_recovers(keeper: AsyncAzureOpenAI, clock: VirtualClock, tmp_path: Path) -> None:
    """What may pass is tried again: an overloaded host, a broken connection, half a picture."""
    half = answer(body=LARGE)[:-5000]
    patient = keeper.with_options(max_retries=3)
    async with storage(answer("503 Busy", b""), b"", half, answer(body=LARGE)) as (url, heads):
        path = await picture_of(patient, url=url).save(tmp_path / "a.png")
    assert await content_of(path) == LARGE
    assert len(heads) == 4
    # aiohttp itself repeats a GET whose connection broke.
    assert clock.slept[:2] == [0.5, 1.0]
    assert await names(tmp_path) == ["a.png"]


async def test_a_storage_host_that_stays_away(keeper: AsyncAzureOpenAI) -> None:
    """After the last retry the error tells how often it was tried."""
    async with storage(answer("503 Busy", b"")) as (url, heads):
        with pytest.raises(PictureError, match="503") as caught:
            await picture_of(keeper, url=url).read()
        assert len(heads) == caught.value.attempts == 3
    with pytest.raises(APIConnectionError) as unreachable:
        await picture_of(keeper, url="http://127.0.0.1:1/x.png?sig=s3cret").read()
    assert unreachable.value.attempts == 3
    assert "s3cret" not in str(unreachable.value)


@pytest.mark.parametrize("timeout", [Timeout(0.3), Timeout(60, attempt=0.1), Timeout(60, read=0.1)])
async def test_a_slow_storage_host(make_client: MakeClient, tmp_path: Path, timeout: Timeout) -> None:
    """Fetching a picture has the same deadlines as a call."""

    async def stall(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n" + PNG)
        await reader.read()

    async with raw_server(stall) as url:
        with pytest.raises(APITimeoutError):
            await picture_of(make_client(OPENAI, timeout=timeout, max_retries=1), url=url).save(tmp_path / "a.png")
    assert await names(tmp_path) == []


@pytest.mark.parametrize("text", ["%%%%", "iVBORw0KGg=x", "iVBORw0KGg", "iVBORw0KGgo\ud800", "é", "A" * 2**20 + "!"])
async def test_damaged_base64(keeper: AsyncAzureOpenAI, tmp_path: Path, text: str) -> None:
    """Damaged base64 is an error, not a damaged picture."""
    picture = picture_of(keeper, b64_json=text)
    with pytest.raises(PictureError, match="damaged"):
        await picture.read()
    with pytest.raises(PictureError, match="damaged"):
        await picture.save(tmp_path / "a.png")
    assert await names(tmp_path) == []


@pytest.mark.parametrize("way", ["url", "b64_json"])
@pytest.mark.parametrize("content", [b"<!DOCTYPE html><html></html>", b"x", b"\x89PNX" * 99])
async def test_something_else_than_a_picture(
    keeper: AsyncAzureOpenAI, tmp_path: Path, way: str, content: bytes
) -> None:
    """What is no picture is not saved as one; an existing file stays."""
    await asyncio.to_thread((tmp_path / "a.png").write_bytes, b"old")
    async with storage(answer(body=content)) as (url, _):
        picture = picture_of(keeper, **({"url": url} if way == "url" else {"b64_json": encoded(content)}))
        with pytest.raises(PictureError, match="no picture"):
            await picture.read()
        with pytest.raises(PictureError, match="no picture"):
            await picture.save(tmp_path / "a.png")
    assert await names(tmp_path) == ["a.png"]
    assert await content_of(tmp_path / "a.png") == b"old"


async def test_an_existing_file_is_replaced(keeper: AsyncAzureOpenAI, tmp_path: Path) -> None:
    """A picture takes the place of a file of its name."""
    await asyncio.to_thread((tmp_path / "a.png").write_bytes, b"old")
    await picture_of(keeper, b64_json=encoded(PNG)).save(tmp_path / "a.png")
    assert await content_of(tmp_path / "a.png") == PNG


@pytest.mark.parametrize(
    ("path", "message"),
    [("nowhere/a.png", "No such file"), ("folder", "is a folder"), ("", "folder|name")],
)
async def test_a_place_that_cannot_be(keeper: AsyncAzureOpenAI, tmp_path: Path, path: str, message: str) -> None:
    """A place that cannot be written is refused before the picture is fetched."""
    await asyncio.to_thread((tmp_path / "folder").mkdir)
    async with storage(answer(body=PNG)) as (url, heads):
        target = tmp_path / path if path else ""
        with pytest.raises(InvalidInputError, match=message) as caught:
            await picture_of(keeper, url=url).save(target)
        assert heads == []
    assert caught.value.field == "path"
    assert await names(tmp_path) == ["folder"]


async def test_a_name_that_cannot_be(keeper: AsyncAzureOpenAI, tmp_path: Path) -> None:
    """A name that turns out to be a folder's, or to be no name, is an error, and no temporary file stays."""
    await asyncio.to_thread((tmp_path / "a.png").mkdir)
    for name in ("a", "b\0.png", "x" * 253):
        with pytest.raises(PictureError, match="cannot be saved as"):
            await picture_of(keeper, b64_json=encoded(PNG)).save(tmp_path / name)
    assert await names(tmp_path) == ["a.png"]


async def test_a_full_disk(keeper: AsyncAzureOpenAI, tmp_path: Path, small_disk: None) -> None:
    """A picture that does not fit on the disk is an error; no part of it is saved, and an old file stays."""
    await asyncio.to_thread((tmp_path / "a.png").write_bytes, b"old")
    for content in (LARGE, LARGE[:200_001]):
        with pytest.raises(PictureError, match="large"):
            await picture_of(keeper, b64_json=encoded(content)).save(tmp_path / "a.png")
    assert await names(tmp_path) == ["a.png"]
    assert await content_of(tmp_path / "a.png") == b"old"


async def test_cancellation_leaves_nothing(keeper: AsyncAzureOpenAI, tmp_path: Path) -> None:
    """When saving is cancelled under way, no temporary file stays and an old one is untouched."""
    await asyncio.to_thread((tmp_path / "a.png").write_bytes, b"old")
    under_way = asyncio.Event()

    async def stall(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n" + LARGE)
        await writer.drain()
        under_way.set()
        await reader.read()

    async with raw_server(stall) as url:
        saving = asyncio.create_task(picture_of(keeper, url=url).save(tmp_path / "a.png"))
        await under_way.wait()
        with anyio.fail_after(10):
            while len(await names(tmp_path)) < 2:
                await anyio.lowlevel.checkpoint()
        saving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await saving
    assert await names(tmp_path) == ["a.png"]
    assert await content_of(tmp_path / "a.png") == b"old"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "nonsense",
        "http://[::1",
        "http://x:port/",
        "//host/x?sig=s3cret",
        "file:///etc/passwd",
        "data:,x",
        "http://",
    ],
)
async def test_an_address_that_is_none(make_client: MakeClient, url: str) -> None:
    """An answer with a strange address is an error of the picture, and does not show the address."""
    for insecure in (False, True):
        client = make_client(OPENAI, allow_insecure_http=insecure)
        with pytest.raises(PictureError) as caught:
            await picture_of(client, url=url).read()
        assert "s3cret" not in str(caught.value)


async def test_plain_http_to_another_machine(keeper: AsyncAzureOpenAI) -> None:
    """A picture at a plain http address elsewhere is not fetched: the address opens it for everyone."""
    with pytest.raises(PictureError, match=r"not https, on far\.example"):
        await picture_of(keeper, url="http://far.example/x?sig=s3cret").read()


async def test_a_result_without_a_client(painter: AsyncAzureOpenAI, tmp_path: Path) -> None:
    """A stored result belongs to no client until `client.images.attach` gives it to one."""
    made = await painter.images.generate(prompt="x")
    stored: Any = pickle.loads(pickle.dumps(made))  # noqa: S301 - our own
    assert stored == made
    with pytest.raises(PictureError, match="attach"):
        await stored.data[0].read()
    with pytest.raises(PictureError, match="attach"):
        await ImageResult(b64_json="x").save(tmp_path / "a.png")
    assert await painter.images.attach(stored).data[0].read() == await made.data[0].read()
    assert "fetcher" not in as_dict(made)["data"][0]


async def test_a_closed_client_fetches_nothing(painter: AsyncAzureOpenAI, tmp_path: Path) -> None:
    """After the client is closed its results say so."""
    made = await painter.images.generate(prompt="x")
    await painter.close()
    with pytest.raises(ConfigurationError, match="closed"):
        await made.data[0].save(tmp_path / "a.png")
    assert await names(tmp_path) == []


async def test_many_pictures_at_once(painter: AsyncAzureOpenAI, tmp_path: Path) -> None:
    """Pictures saved under one name at once leave one whole file."""
    made = await painter.images.generate(prompt="x")
    async with anyio.create_task_group() as group:
        for _ in range(10):
            group.start_soon(made.data[0].save, tmp_path / "a.png")
    assert await names(tmp_path) == ["a.png"]
    assert await content_of(tmp_path / "a.png") == await made.data[0].read()
