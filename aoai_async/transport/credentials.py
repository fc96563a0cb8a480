"""Keys and tokens (API reference: Authentication)."""

from __future__ import annotations

import asyncio
import base64
import binascii
import inspect
from copy import copy
from typing import TYPE_CHECKING, Any, Protocol

from attrs import field, frozen

from aoai_async.errors import AzureOpenAIError, ConfigurationError, CredentialError
from aoai_async.transport.threads import in_thread
from aoai_async.wire.convert import MalformedJSONError, decode_json

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from aoai_async.transport.clock import Clock

__all__ = ["SCOPE", "Authenticator", "KeyAuthenticator", "TokenAuthenticator", "TokenCredential", "credential_asker"]

SCOPE = "https://cognitiveservices.azure.com/.default"

_REFRESH_BEFORE = 300.0


class TokenCredential(Protocol):
    """A credential as azure-identity makes them, sync or async."""

    def get_token(self, *scopes: str) -> Any:
        """Return an access token with `token` and `expires_on`, or an awaitable of it."""
        ...


class Authenticator(Protocol):
    """What knows the headers that open the service."""

    can_refresh: bool

    async def headers(self, *, rejected: Mapping[str, str] | None = None) -> Mapping[str, str]:
        """Return the headers; with `rejected`, those the service just refused, get others first."""
        ...

    async def close(self) -> None:
        """Stop what is under way."""
        ...


class KeyAuthenticator:
    """A fixed header: an API key, or a token that the caller renews."""

    can_refresh = False

    def __init__(self, header: Mapping[str, str]) -> None:
        self._header = header

    async def headers(self, *, rejected: Mapping[str, str] | None = None) -> Mapping[str, str]:  # noqa: ARG002 - as in the protocol
        """Return the one header there is."""
        return self._header

    async def close(self) -> None:
        """Do nothing: nothing is ever under way."""


@frozen
class _Token:
    text: str = field(repr=False)
    expires: float


class TokenAuthenticator:
    """Tokens from a function: asked for off the loop, kept until shortly before they expire.

    Many callers that need a token at the same moment wait for one request of it. A token that does not say
    when it expires is asked for at every attempt.

    Args:
        ask: Returns a token as text, an object with `token` and `expires_on`, or an awaitable of either.
        header: Makes the header of a token.
        clock: Tells unix time.
    """

    can_refresh = True

    def __init__(self, ask: Callable[[], Any], header: Callable[[str], Mapping[str, str]], clock: Clock) -> None:
        self._ask = ask
        self._header = header
        self._clock = clock
        self._token: _Token | None = None
        self._asking: asyncio.Task[_Token] | None = None

    async def headers(self, *, rejected: Mapping[str, str] | None = None) -> Mapping[str, str]:
        """Return the header with a token that still lives and is not the rejected one.

        Raises:
            CredentialError: The function failed, or gave no token.
        """
        token = self._token
        if token is None or self._is_stale(token) or self._header(token.text) == rejected:
            token = await self._shared_token()
        return self._header(token.text)

    async def close(self) -> None:
        """Stop asking."""
        if self._asking is not None:
            self._asking.cancel()
            await asyncio.wait([self._asking])

    def _is_stale(self, token: _Token) -> bool:
        return token.expires - _REFRESH_BEFORE <= self._clock.unix()

    async def _shared_token(self) -> _Token:
        asking = self._shared_asking()
        await asyncio.wait([asking])
        if asking.cancelled():
            raise ConfigurationError("The client was closed while it asked for a token; make a new one")
        if (error := asking.exception()) is not None:
            # Each waiter has an error of its own, which will tell its own number of attempts.
            raise copy(error) from error.__cause__
        return asking.result()

    def _shared_asking(self) -> asyncio.Task[_Token]:
        if self._asking is None:
            self._asking = asyncio.create_task(self._renewed())
            self._asking.add_done_callback(self._note_end)
        return self._asking

    def _note_end(self, asking: asyncio.Task[_Token]) -> None:
        self._asking = None
        if not asking.cancelled():
            asking.exception()

    async def _renewed(self) -> _Token:
        self._token = _understood(await self._asked())
        return self._token

    async def _asked(self) -> object:
        try:
            if inspect.iscoroutinefunction(self._ask):
                return await self._ask()
            answer = await in_thread(self._ask)
            return await answer if inspect.isawaitable(answer) else answer
        except AzureOpenAIError:
            raise
        except Exception as error:
            raise CredentialError(f"The token provider failed: {type(error).__name__}: {error}") from error


def credential_asker(credential: TokenCredential) -> Callable[[], Any]:
    """Return a function that asks a credential for a token of the service's scope."""
    if inspect.iscoroutinefunction(credential.get_token):

        async def ask() -> Any:
            return await credential.get_token(SCOPE)

        return ask
    return lambda: credential.get_token(SCOPE)


def _understood(answer: object) -> _Token:
    text = getattr(answer, "token", answer)
    if not isinstance(text, str) or not text or not text.isascii() or not text.isprintable():
        raise CredentialError(f"The token provider gave a {type(answer).__name__} that is no token: expected a str")
    expires = getattr(answer, "expires_on", None)
    return _Token(text, float(expires) if isinstance(expires, int | float) else _expiry_within(text))


def _expiry_within(token: str) -> float:
    # A JSON web token carries its expiry in its middle part; whether it is genuine is for the service to judge.
    try:
        middle = token.split(".")[1]
        claims = decode_json(base64.urlsafe_b64decode(middle + "=" * (-len(middle) % 4)))
        return float(claims["exp"])
    except (IndexError, KeyError, TypeError, ValueError, binascii.Error, MalformedJSONError):
        return 0.0
