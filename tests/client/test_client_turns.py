"""Large answers are read one after another, and none waits for a slow one."""

import asyncio
from contextlib import suppress

from aoai_async.transport.turns import Turns


async def test_one_after_another() -> None:
    """Each gets its turn when the one before has ended, in the order they came, also after a failure or a cancel."""
    turns, ends, begun = Turns(longest=3600), [asyncio.Event() for _ in range(4)], list[int]()

    async def read(number: int) -> None:
        async with turns.turn():
            begun.append(number)
            await ends[number].wait()
            if number == 0:
                raise OSError

    reads = [asyncio.create_task(read(number)) for number in range(4)]
    await _turn_of_the_loop()
    assert begun == [0]
    ends[0].set()
    await asyncio.wait([reads[0]])
    await _turn_of_the_loop()
    assert begun == [0, 1]
    reads[2].cancel()
    reads[1].cancel()
    await asyncio.wait([reads[1], reads[2]])
    await _turn_of_the_loop()
    assert begun == [0, 1, 3]
    ends[3].set()
    await asyncio.gather(*reads, return_exceptions=True)


async def test_nothing_is_read_while_something_is_saved() -> None:
    """Whoever saves does not wait, and whoever wants to read waits for all who save."""
    turns = Turns(longest=3600)
    with suppress(OSError), turns.work():
        with turns.work():
            read = asyncio.ensure_future(turns.turn().__aenter__())
            await _turn_of_the_loop()
        await _turn_of_the_loop()
        assert not read.done()
        raise OSError
    await read


async def test_a_slow_one_holds_nobody_up() -> None:
    """A turn ends by itself, once: afterwards there is still one place."""
    turns = Turns(longest=0)
    with turns.work():
        async with turns.turn(), turns.turn():
            pass
    turns = Turns(longest=3600)
    async with turns.turn():
        second = asyncio.ensure_future(turns.turn().__aenter__())
        await _turn_of_the_loop()
        assert not second.done()
        second.cancel()


async def _turn_of_the_loop() -> None:
    for _ in range(3):
        await asyncio.sleep(0)
