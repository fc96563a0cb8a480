"""The same jobs on a Dask cluster; here one of two processes on this machine. The key stays in the environment.

python examples/on_a_cluster.py recording.mp3 ...
"""

import asyncio
import sys

from distributed import Client, LocalCluster

from aoai_async import CreateTranscriptionRequest
from aoai_async.batch import DaskBatchRunner, Deployment


async def main(recordings: list[str]) -> None:
    whisper = Deployment(model="whisper", api_key_env="AZURE_OPENAI_API_KEY")
    jobs = (CreateTranscriptionRequest(file=recording) for recording in recordings)
    async with (
        LocalCluster(n_workers=2, threads_per_worker=1, asynchronous=True, dashboard_address=None) as cluster,
        Client(cluster, asynchronous=True) as dask_client,
        DaskBatchRunner(dask_client, whisper, max_concurrency=32) as runner,
    ):
        async for outcome in runner.run(jobs):
            print(outcome.request.file, outcome.error or outcome.result.text)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
