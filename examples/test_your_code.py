"""How to test code of your own without an account: the fixture `aoai_emulator` comes with the package.

pytest examples/test_your_code.py
"""

import asyncio

from aoai_async import AsyncAzureOpenAI, RateLimitError
from aoai_async.emulator import AzureOpenAIEmulator, Fault


async def caption(client: AsyncAzureOpenAI, prompt: str) -> str:
    try:
        made = await client.images.generate(model="dall-e-3", prompt=prompt)
    except RateLimitError:
        return "too busy"
    return made.data[0].revised_prompt or prompt


def test_a_busy_service(aoai_emulator: AzureOpenAIEmulator) -> None:
    """When the quota is used up, the caption says so."""
    aoai_emulator.set_faults([Fault(status=429)])

    async def run() -> str:
        async with AsyncAzureOpenAI(
            azure_endpoint=aoai_emulator.endpoint, api_key=aoai_emulator.api_key, max_retries=0
        ) as client:
            return await caption(client, "a corgi in a field")

    assert asyncio.run(run()) == "too busy"
    assert [request.status for request in aoai_emulator.requests] == [429]
