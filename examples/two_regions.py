"""Two deployments as one: the second takes over while the first is busy or broken.

python examples/two_regions.py https://FIRST.openai.azure.com https://SECOND.openai.azure.com recording.mp3 ...
"""

import asyncio
import sys

from aoai_async import CreateTranscriptionRequest
from aoai_async.batch import BatchRunner, Deployment, DeploymentPool


async def main(first: str, second: str, recordings: list[str]) -> None:
    deployments = [
        Deployment(model="whisper", azure_endpoint=first, priority=0),
        Deployment(model="whisper", azure_endpoint=second, priority=1),
    ]
    async with DeploymentPool(deployments) as pool:
        heard = await pool.audio.transcriptions.create(file=recordings[0])
        print(heard.region, heard.text)
        jobs = (CreateTranscriptionRequest(file=recording) for recording in recordings)
        async for outcome in BatchRunner(pool).run(jobs):
            print(outcome.deployment, outcome.request.file, outcome.error or outcome.result.text)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], sys.argv[3:]))
