"""From the options of a command to the client or pool that it uses."""

from __future__ import annotations

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any

from aoai_async.batch.pool import Deployment, DeploymentPool
from aoai_async.cli.fleet import checked_variable, read_fleet
from aoai_async.client import AsyncAzureOpenAI
from aoai_async.errors import ConfigurationError
from aoai_async.transport.clock import SystemClock
from aoai_async.transport.credentials import SCOPE

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Awaitable, Callable

__all__ = ["asked_model", "connected", "deployments"]

_OF_ONE = {"endpoint": "--endpoint", "model": "--model", "api_key_env": "--api-key-env", "entra": "--entra"}


def connected(arguments: Namespace) -> AsyncAzureOpenAI | DeploymentPool:
    """Return the client or pool that the options describe, for the caller to enter and close.

    A file of deployments is read, so that it is best called before the loop runs.

    Raises:
        ConfigurationError: Something is missing, contradicts itself, or cannot be read.
        ModuleNotFoundError: ``--entra`` needs azure-identity.
    """
    members = deployments(arguments)
    if arguments.deployments is not None:
        return DeploymentPool(_checked(members, arguments))
    (member,) = members
    if not member.model:
        raise ConfigurationError("No deployment: give --model NAME, or set AZURE_OPENAI_DEPLOYMENT")
    return AsyncAzureOpenAI(
        azure_endpoint=member.azure_endpoint,
        azure_deployment=member.model,
        api_key=_key(member.api_key_env),
        azure_ad_token_provider=member.azure_ad_token_provider,
    )


def asked_model(arguments: Namespace) -> str | None:
    """Return the deployment that the options or the environment name; None where those of a pool have their own."""
    return None if arguments.deployments else arguments.model or os.environ.get("AZURE_OPENAI_DEPLOYMENT")


def deployments(arguments: Namespace) -> list[Deployment]:
    """Return the deployments that the options describe; the name of a single one may be missing, and is then empty.

    Raises:
        ConfigurationError: The options contradict each other, or a file of deployments cannot be used.
        ModuleNotFoundError: ``--entra`` needs azure-identity.
    """
    if arguments.api_key_env is not None:
        checked_variable(arguments.api_key_env, "--api-key-env")
    if arguments.deployments is not None:
        _check_alone(arguments)
        return read_fleet(arguments.deployments, _entra_tokens)
    if arguments.entra and arguments.api_key_env is not None:
        raise ConfigurationError("--entra and --api-key-env exclude each other")
    return [
        Deployment(
            model=asked_model(arguments) or "",
            azure_endpoint=arguments.endpoint,
            api_key_env=arguments.api_key_env,
            azure_ad_token_provider=_entra_tokens() if arguments.entra else None,
        )
    ]


def _check_alone(arguments: Namespace) -> None:
    given = [option for name, option in _OF_ONE.items() if getattr(arguments, name)]
    # Only commands that do batches have --rpm.
    given += ["--rpm"] if getattr(arguments, "rpm", None) is not None else []
    if given:
        raise ConfigurationError(f"--deployments excludes {', '.join(given)}: the file says it for each deployment")


def _checked(members: list[Deployment], arguments: Namespace) -> list[Deployment]:
    for number, member in enumerate(members, start=1):
        try:
            member.client(SystemClock())
        except ConfigurationError as error:
            where = f"{arguments.deployments}, deployment {number} ({member.model})"
            raise ConfigurationError(f"{where}: {error.message}") from None
    return members


def _key(variable: str | None) -> str | None:
    if variable is None:
        return None
    key = os.environ.get(variable)
    if not key:
        raise ConfigurationError(f"The environment variable {variable}, which should hold the key, is not set")
    return key


def _entra_tokens() -> Callable[[], Awaitable[Any]]:
    # Imported before anything runs: it takes half a second, and may be missing.
    identity = import_module("azure.identity.aio")

    async def token() -> Any:
        # The client keeps a token until shortly before it expires, so that a credential is not needed in between.
        async with identity.DefaultAzureCredential() as credential:
            return await credential.get_token(SCOPE)

    return token
