"""From the options of a command to the client or pool that it uses."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from aoai_async.client import AsyncAzureOpenAI
from aoai_async.errors import ConfigurationError

if TYPE_CHECKING:
    from argparse import Namespace

    from aoai_async.batch import DeploymentPool

__all__ = ["connected"]


def connected(arguments: Namespace) -> AsyncAzureOpenAI | DeploymentPool:
    """Return the client or pool that the options describe, for the caller to enter and close.

    Raises:
        ConfigurationError: Something is missing, contradicts itself, or cannot be read.
    """
    return AsyncAzureOpenAI(
        azure_endpoint=arguments.endpoint,
        azure_deployment=arguments.model or os.environ.get("AZURE_OPENAI_DEPLOYMENT"),
        api_key=_key(arguments.api_key_env),
    )


def _key(variable: str) -> str:
    key = os.environ.get(variable)
    if not key:
        raise ConfigurationError(f"No key: set the environment variable {variable}, or sign in with --entra")
    return key
