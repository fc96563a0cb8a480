import aiohttp
import pytest
from emulator_server.emulator_calls import Caller

from aoai_async.emulator import AzureOpenAIEmulator, Quota
from aoai_async.emulator.quota import UNLIMITED, Quotas


class _Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def _quotas(quota: Quota) -> tuple[Quotas, _Clock]:
    clock = _Clock()
    quotas = Quotas(clock)
    quotas.set("whisper", quota)
    return quotas, clock


def test_a_fixed_window_starts_with_its_first_call() -> None:
    """All calls of a window may come at once; the next window starts with the first call after it."""
    quotas, clock = _quotas(Quota(limit=2, window=60.0, kind="fixed"))
    clock.now += 500
    assert [quotas.take("whisper") for _ in range(3)] == [(1, 0.0), (0, 0.0), (0, 60.0)]
    clock.now += 59
    assert quotas.take("whisper") == (0, 1.0)
    clock.now += 1
    assert quotas.take("whisper") == (1, 0.0)
    clock.now += 30
    assert [quotas.take("whisper") for _ in range(2)] == [(0, 0.0), (0, 30.0)]


def test_an_even_quota_wants_its_calls_spread() -> None:
    """One call passes each window / limit seconds, and quiet time saves up no more than the burst."""
    quotas, clock = _quotas(Quota(limit=6, window=60.0, kind="even"))
    assert [quotas.take("whisper") for _ in range(2)] == [(0, 0.0), (0, 10.0)]
    clock.now += 4
    assert quotas.take("whisper") == pytest.approx((0, 6.0))
    clock.now += 6
    assert quotas.take("whisper") == (0, 0.0)
    clock.now += 1000
    assert [wait for _, wait in (quotas.take("whisper") for _ in range(2))] == [0.0, 10.0]


def test_an_even_quota_may_have_a_burst() -> None:
    """A burst of two lets two calls pass at once."""
    quotas, _ = _quotas(Quota(limit=6, window=60.0, kind="even", burst=2))
    assert [quotas.take("whisper") for _ in range(3)] == [(1, 0.0), (0, 0.0), (0, 10.0)]


def test_without_a_quota_every_call_passes() -> None:
    """A deployment without a quota always has as many calls left."""
    quotas, _ = _quotas(Quota(limit=1))
    assert {quotas.take("dall-e-3") for _ in range(5)} == {(UNLIMITED, 0.0)}


@pytest.mark.parametrize(
    "facts", [{"limit": 0}, {"limit": 1, "window": 0}, {"limit": 1, "kind": "odd"}, {"limit": 1, "burst": 0}]
)
def test_quotas_that_make_no_sense(facts: dict[str, object]) -> None:
    """A quota that lets nothing through, or of an unknown kind, is refused."""
    with pytest.raises(ValueError, match=r"limit|window|kind|burst"):
        Quota(**facts)  # type: ignore[arg-type]  # it is what this test is about


async def test_calls_past_the_quota_are_429(session: aiohttp.ClientSession) -> None:
    """The answers count down, the call after the last is told how long to wait, and waiting helps."""
    clock = _Clock()
    async with AzureOpenAIEmulator(rpm_audio=3, clock=clock) as emulator:
        caller = Caller(emulator, session)
        served = [await caller.audio() for _ in range(3)]
        clock.now += 0.5
        refused = [await caller.audio(operation=operation) for operation in ("transcriptions", "translations")]
        clock.now += 59.5
        again = await caller.audio()
    assert [reply.headers["x-ratelimit-remaining-requests"] for reply in served] == ["2", "1", "0"]
    for reply, name in zip(refused, ("Audio_Transcriptions", "Audio_Translations"), strict=True):
        assert (reply.status, reply.error["code"]) == (429, "429")
        assert (reply.headers["Retry-After"], reply.headers["x-ratelimit-reset-requests"]) == ("60", "60")
        assert reply.headers["apim-operation-name"] == name
        assert f"the {name} Operation under Azure OpenAI API version 2024-10-21" in reply.error["message"]
        assert "retry after 60 seconds" in reply.error["message"]
        assert "x-ratelimit-remaining-requests" not in reply.headers
    assert again.status == 200


async def test_each_deployment_has_its_own_quota(session: aiohttp.ClientSession) -> None:
    """Audio and image deployments have their own limits, and one's calls do not count for another."""
    deployments = {"a": "audio", "b": "audio", "i": "image"}
    async with AzureOpenAIEmulator(rpm_audio=1, rpm_images=2, deployments=deployments, clock=_Clock()) as emulator:  # type: ignore[arg-type]  # the checker widens the literals
        caller = Caller(emulator, session)
        audio = [(await caller.audio(deployment=name)).status for name in "abab"]
        images = [(await caller.image({"prompt": "p"}, deployment="i")).status for _ in range(3)]
    assert (audio, images) == ([200, 200, 429, 429], [200, 200, 429])


async def test_refused_calls_do_not_count(session: aiohttp.ClientSession) -> None:
    """Neither a stranger's call nor one past the quota uses it up."""
    clock = _Clock()
    async with AzureOpenAIEmulator(rpm_audio=1, clock=clock) as emulator:
        caller = Caller(emulator, session)
        assert (await caller.audio(headers={})).status == 401
        assert [(await caller.audio()).status for _ in range(3)] == [200, 429, 429]
        clock.now += 60
        assert (await caller.audio()).status == 200


async def test_a_quota_can_be_set_and_lifted(caller: Caller) -> None:
    """A new quota starts unused, None lifts it, and an unknown deployment is an error."""
    caller.emulator.set_quota("whisper", Quota(1))
    assert [(await caller.audio()).status for _ in range(2)] == [200, 429]
    caller.emulator.set_quota("whisper", Quota(1))
    assert (await caller.audio()).status == 200
    caller.emulator.set_quota("whisper", None)
    assert (await caller.audio()).status == 200
    with pytest.raises(ValueError, match="nowhere"):
        caller.emulator.set_quota("nowhere", None)
