"""Batches: many jobs at the speed of the quota, over one deployment, several, or a cluster, and nothing lost.

Importing this package imports nothing else; each name is fetched when it is first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aoai_async.batch.cluster import DaskBatchRunner
    from aoai_async.batch.jobs import Job, Outcome
    from aoai_async.batch.pool import Deployment, DeploymentPool
    from aoai_async.batch.progress import Progress
    from aoai_async.batch.runner import BatchRunner

__all__ = ["BatchRunner", "DaskBatchRunner", "Deployment", "DeploymentPool", "Job", "Outcome", "Progress"]

_HOMES = {
    "BatchRunner": "runner",
    "DaskBatchRunner": "cluster",
    "Deployment": "pool",
    "DeploymentPool": "pool",
    "Job": "jobs",
    "Outcome": "jobs",
    "Progress": "progress",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_HOMES[name]}", __name__), name)
