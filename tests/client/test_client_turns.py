"""Large answers are read two at a time, and none waits for a slow one."""

import asyncio

from aoai_async.transport.turns import Turns


async def test_two_at_a_time() -> None:
    """The third gets its turn when one of two has ended, in the order they came, and also after a failure."""
    turns, ends, begun = Turns(longest=3600), [asyncio.Event() for _ in range(4)], list[int]()

    async def read(number: int) -> None:
        async with turns.turn():
            begun.append(number)
            await ends[number].wait()
            if number == 1:
                raise OSError

    reads = [asyncio.create_task(read(number)) for number in range(4)]
    await asyncio.sleep(0)
    assert begun == [0, 1]
    ends[1].set()
    await asyncio.wait([reads[1]])
    await asyncio.sleep(0)
    assert begun == [0, 1, 2]
    reads[0].cancel()
    await asyncio.wait([reads[0]])
    await asyncio.sleep(0)
    assert begun == [0, 1, 2, 3]
    ends[2].set()
    ends[3].set()
    await asyncio.gather(*reads, return_exceptions=True)


async def test_a_slow_one_holds_nobody_up() -> None:
    """A turn ends by itself, once: afterwards there are still two places."""
    turns = Turns(longest=0)
    async with turns.turn(), turns.turn(), turns.turn():
        pass
    turns = Turns(longest=3600)
    async with turns.turn(), turns.turn():
        third = asyncio.ensure_future(turns.turn().__aenter__())
        await asyncio.sleep(0)
        assert not third.done()
        third.cancel()
