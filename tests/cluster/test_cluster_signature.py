"""That the runner on a cluster takes what any runner takes."""

from __future__ import annotations

import inspect

from aoai_async.batch import BatchRunner, DaskBatchRunner

ELSEWHERE = {
    "client_or_pool": "a client or pool sends from here; `dask_client` and `deployments` say who sends, and to whom",
    "requests_per_minute": "each `Deployment` has its own",
}
OF_THE_CLUSTER = {"dask_client", "deployments"}


def test_the_signatures_differ_on_purpose_only() -> None:
    """But for what is named here, both take the same options in the same order, with the same types and defaults."""
    plain = inspect.signature(BatchRunner).parameters
    on_cluster = inspect.signature(DaskBatchRunner).parameters
    assert set(plain) >= set(ELSEWHERE)
    assert set(on_cluster) >= OF_THE_CLUSTER
    shared = [parameter for name, parameter in plain.items() if name not in ELSEWHERE]
    assert [parameter for name, parameter in on_cluster.items() if name not in OF_THE_CLUSTER] == shared


def test_the_methods_are_the_same() -> None:
    """What a run takes and gives is not written twice."""
    assert all(getattr(DaskBatchRunner, name) is getattr(BatchRunner, name) for name in ("run", "gather", "stop"))
