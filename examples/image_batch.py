"""A file of prompts in, a folder of pictures out, at the speed of the quota; run it again and it goes on.

python examples/image_batch.py prompts.txt pictures
"""

import asyncio
import sys
from pathlib import Path

from aoai_async import AsyncAzureOpenAI, ImageGenerationsRequest
from aoai_async.batch import BatchRunner


async def main(prompts: Path, folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    async with AsyncAzureOpenAI(azure_deployment="dall-e-3") as client:
        runner = BatchRunner(client, max_concurrency=4, journal=folder / "journal.jsonl")
        jobs = (ImageGenerationsRequest(prompt=line) for line in prompts.read_text().splitlines() if line)
        async for outcome in runner.run(jobs):
            picture = folder / f"{outcome.index:04}.png"
            if outcome.error is not None:
                print(f"{outcome.request.prompt}: {outcome.error}")
            elif not picture.exists():
                print(await outcome.result.data[0].save(picture))
    print(f"{runner.progress.done} done, {runner.progress.skipped} done before, {runner.progress.failed} failed")


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), Path(sys.argv[2])))
