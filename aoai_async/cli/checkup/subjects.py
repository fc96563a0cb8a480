"""What is examined: deployments, and where each thing that is known of them comes from."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from attrs import frozen

from aoai_async.batch.pool import Deployment
from aoai_async.cli.connect import deployments

if TYPE_CHECKING:
    from argparse import Namespace


__all__ = ["Subject", "subjects"]

_ENDPOINT, _KEY, _TOKEN = "AZURE_OPENAI_ENDPOINT", "AZURE_OPENAI_API_KEY", "AZURE_OPENAI_AD_TOKEN"


@frozen
class Subject:
    """One deployment.

    Attributes:
        label: How a person tells it from others.
        member: What is configured; its `model` may be empty.
        file: The file that names it; None when options or the environment do.
        model_source: Where its name comes from.
    """

    label: str
    member: Deployment
    file: str | None
    model_source: str

    @property
    def endpoint(self) -> str:
        """The endpoint as it is configured; empty when it is not."""
        return self.member.azure_endpoint or os.environ.get(_ENDPOINT, "")

    @property
    def endpoint_source(self) -> str:
        """Where the endpoint comes from."""
        return (self.file or "--endpoint") if self.member.azure_endpoint else _ENDPOINT

    @property
    def variable(self) -> str:
        """The environment variable with the key or token; a token goes before a key, as in the library."""
        return self.member.api_key_env or (_TOKEN if os.environ.get(_TOKEN) else _KEY)

    @property
    def has_token(self) -> bool:
        """Whether a token opens it, rather than a key."""
        return self.signs_in or (self.member.api_key_env is None and self.variable == _TOKEN)

    @property
    def signs_in(self) -> bool:
        """Whether azure-identity is asked for tokens, rather than the environment."""
        return self.member.azure_ad_token_provider is not None


def subjects(arguments: Namespace) -> list[Subject]:
    """Return the deployments that the options describe.

    Raises:
        ConfigurationError: The options contradict each other, or a file of deployments cannot be used.
        ModuleNotFoundError: Entra needs azure-identity.
    """
    members = deployments(arguments)
    if arguments.deployments is None:
        (member,) = members
        source = "--model" if arguments.model else "AZURE_OPENAI_DEPLOYMENT"
        return [Subject(member.model, member, None, source)]
    file = str(arguments.deployments)
    return [
        Subject(f"deployment {number} of {len(members)}, {member.model}", member, file, file)
        for number, member in enumerate(members, start=1)
    ]
