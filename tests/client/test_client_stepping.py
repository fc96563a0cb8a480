import asyncio

import pytest
from anyio.lowlevel import checkpoint
from client.client_tools import ticking

from aoai_async.transport import stepping
from aoai_async.transport.stepping import by_turns
from aoai_async.wire.steps import Steps

COUNT = 5


@pytest.fixture(autouse=True)
def _each_step_takes_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stepping, "_LONGEST", -1.0)


def steps(name: str, done: list[str]) -> Steps[str]:
    for _ in range(COUNT):
        done.append(name)
        yield
    return name * 2


async def test_the_loop_turns_after_each_step_that_takes_long() -> None:
    """Others get on between any two of them."""
    done: list[str] = []
    with ticking(lambda: done.append("-")):
        assert await by_turns(steps("a", done)) == "aa"
    assert "".join(done).count("a-") >= COUNT - 1
    assert "aa" not in "".join(done)


async def test_the_loop_does_not_turn_after_short_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many short steps are one: to turn after each would cost more than it gives."""
    monkeypatch.setattr(stepping, "_LONGEST", 3600.0)
    done: list[str] = []
    with ticking(lambda: done.append("-")):
        assert await by_turns(steps("a", done)) == "aa"
    assert "a" * COUNT in "".join(done)


async def test_one_follows_another() -> None:
    """Two at once would hold up the loop for two steps a turn."""
    done: list[str] = []
    assert await asyncio.gather(by_turns(steps("a", done)), by_turns(steps("b", done))) == ["aa", "bb"]
    assert "".join(done) == "a" * COUNT + "b" * COUNT


async def test_who_fails_or_is_cancelled_makes_way() -> None:
    """The next one takes its steps all the same."""

    def broken() -> Steps[str]:
        yield
        raise ValueError("broken")

    done: list[str] = []
    with pytest.raises(ValueError, match="broken"):
        await by_turns(broken())
    cancelled = asyncio.ensure_future(by_turns(steps("a", done)))
    await checkpoint()
    cancelled.cancel()
    assert await by_turns(steps("b", done)) == "bb"
    assert cancelled.cancelled()
    assert done.count("a") < COUNT
