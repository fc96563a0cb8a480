"""Which of the credentials given, or found in the environment, opens the service."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from attrs import frozen

from aoai_async.errors import ConfigurationError
from aoai_async.transport.credentials import Authenticator, KeyAuthenticator, TokenAuthenticator, credential_asker

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aoai_async.transport.clock import Clock

__all__ = ["Credentials"]


@frozen(kw_only=True, repr=False)
class Credentials:
    """What a caller gave to be let in; at most one of them."""

    api_key: str | Callable[[], Any] | None = None
    azure_ad_token: str | None = None
    azure_ad_token_provider: Callable[[], Any] | None = None
    credential: Any = None

    def are_given(self) -> bool:
        """Tell whether there is one."""
        return bool(self._given())

    def or_environment(self) -> Credentials:
        """Return these, or those of AZURE_OPENAI_AD_TOKEN or AZURE_OPENAI_API_KEY when there are none.

        Raises:
            ConfigurationError: There are none there either.
        """
        if self.are_given():
            return self
        if token := os.environ.get("AZURE_OPENAI_AD_TOKEN"):
            return Credentials(azure_ad_token=token)
        if key := os.environ.get("AZURE_OPENAI_API_KEY"):
            return Credentials(api_key=key)
        raise ConfigurationError(
            "No credentials: give api_key=, azure_ad_token=, azure_ad_token_provider= or credential=, or set "
            "AZURE_OPENAI_API_KEY or AZURE_OPENAI_AD_TOKEN"
        )

    def authenticator(self, clock: Clock) -> Authenticator:
        """Return what makes the headers.

        Raises:
            ConfigurationError: More than one was given, or one cannot be what it should be.
        """
        given = self._given()
        if len(given) != 1:
            raise ConfigurationError(f"Give one of {', '.join(given)}, not all of them: they exclude each other")
        if self.credential is not None:
            return TokenAuthenticator(credential_asker(_credential(self.credential)), _bearer, clock)
        if self.azure_ad_token_provider is not None:
            return TokenAuthenticator(_callable(self.azure_ad_token_provider), _bearer, clock)
        if self.azure_ad_token is not None:
            return KeyAuthenticator(_bearer(_secret(self.azure_ad_token, "azure_ad_token")))
        if isinstance(self.api_key, str):
            return KeyAuthenticator(_key(_secret(self.api_key, "api_key")))
        return TokenAuthenticator(_callable(self.api_key), _key, clock)

    def _given(self) -> list[str]:
        names = ("api_key", "azure_ad_token", "azure_ad_token_provider", "credential")
        return [name for name in names if getattr(self, name) is not None]


def _bearer(token: str) -> Mapping[str, str]:
    return {"Authorization": f"Bearer {token}"}


def _key(key: str) -> Mapping[str, str]:
    return {"api-key": key}


def _callable(provider: Any) -> Callable[[], Any]:
    if not callable(provider):
        raise ConfigurationError(f"A token provider is a function without arguments, not a {type(provider).__name__}")
    return provider  # type: ignore[no-any-return]


def _credential(credential: Any) -> Any:
    if not hasattr(credential, "get_token"):
        raise ConfigurationError("credential= takes an object with get_token(scope), such as azure-identity has")
    return credential


def _secret(value: Any, option: str) -> str:
    if not isinstance(value, str) or not value or not value.isascii() or not value.isprintable() or " " in value:
        raise ConfigurationError(
            f"{option}= is not one: it is empty, or holds a blank, a line break or a character that is not ASCII "
            "(a key read from a file may need .strip())"
        )
    return value
