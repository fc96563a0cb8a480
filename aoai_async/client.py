"""The client."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Self, overload
from urllib.parse import urlsplit

from attrs import evolve

from aoai_async.audio import AsyncAudio
from aoai_async.errors import ConfigurationError, InvalidInputError
from aoai_async.images import AsyncImages
from aoai_async.schema.given import NOT_GIVEN, NotGiven
from aoai_async.schema.images import GenerateImagesResponse, ImageGenerationsRequest
from aoai_async.transport.authentication import Credentials
from aoai_async.transport.clock import Clock, SystemClock
from aoai_async.transport.connections import Connections
from aoai_async.transport.pictures import Pictures
from aoai_async.transport.sending import answer_of, send
from aoai_async.transport.settings import AttemptReport, CallOptions, Settings
from aoai_async.transport.timeouts import Timeout
from aoai_async.wire.address import Endpoint, Router, checked_deployment, deployment_route
from aoai_async.wire.convert import put
from aoai_async.wire.limits import Limits
from aoai_async.wire.plan import Request, plan_request
from aoai_async.wire.retry import RetryPolicy

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from types import TracebackType

    import aiohttp

    from aoai_async.schema.audio import AudioRequest, AudioResponse, AudioVerboseResponse
    from aoai_async.transport.credentials import TokenCredential
    from aoai_async.wire.response import RawResponse

__all__ = ["AsyncAzureOpenAI", "endpoint_of"]

_DEFAULT_API_VERSION = "2024-10-21"


class AsyncAzureOpenAI:
    """The asyncio client for Azure OpenAI's audio and image operations (REST API 2024-10-21).

    ::

        async with AsyncAzureOpenAI() as client:
            heard = await client.audio.transcriptions.create(model="whisper", file="talk.mp3")
            made = await client.images.generate(model="dall-e-3", prompt="a corgi in a field")
            await made.data[0].save("corgi.png")

    A client cannot be changed; `with_options` gives a copy that shares its connections. It may be made outside of
    a running loop, serves any number of tasks of one loop, and is closed by ``async with`` or `close`.

    Args:
        azure_endpoint: The resource, for example ``"https://NAME.openai.azure.com"``, or a gateway with a path;
            from AZURE_OPENAI_ENDPOINT when left out.
        azure_deployment: The deployment of calls that give no `model`.
        api_version: From OPENAI_API_VERSION when left out, else ``"2024-10-21"``.
        api_key: A key, or a function that returns one; from AZURE_OPENAI_API_KEY when there are no credentials.
        azure_ad_token: A Microsoft Entra token, which the caller renews; from AZURE_OPENAI_AD_TOKEN when there are no
            credentials.
        azure_ad_token_provider: A function, sync or async, that returns a Microsoft Entra token. It is called off the
            loop, and again 5 minutes before the token expires or when the service refuses it.
        credential: A credential of azure-identity, sync or async, used in the same way.
        base_url: In place of `azure_endpoint`, the address up to ``/openai`` or ``/openai/deployments/NAME``.
        organization: Sent as OpenAI-Organization.
        project: Sent as OpenAI-Project.
        timeout: Seconds for a whole call with its retries (600), or a `Timeout`; None for no bound.
        max_retries: How often a request is sent again (2). A picture whose answer was lost on the way may be billed
            again by a retry.
        retry: How retries are spaced.
        default_headers: Headers of every request.
        default_query: Query parameters of every request.
        session: An aiohttp session to use; it is never closed here.
        limits: How much is sent and read at the most.
        on_attempt: Called with an `AttemptReport` after each attempt.
        allow_insecure_http: Whether the key may go in plain text to another machine.
        router: Makes the addresses, for a service with other paths.
        clock: Tells and passes time; for tests.
        http_client: Not taken: openai-python's HTTP client does not fit; give `session`.

    Raises:
        ConfigurationError: An option cannot be what it should be, is missing, or excludes another one.
    """

    __slots__ = ("_owns_connections", "_pictures", "_settings")

    _settings: Settings
    _pictures: Pictures
    _owns_connections: bool

    def __init__(
        self,
        *,
        azure_endpoint: str | None = None,
        azure_deployment: str | None = None,
        api_version: str | None = None,
        api_key: str | Callable[[], str | Awaitable[str]] | None = None,
        azure_ad_token: str | None = None,
        azure_ad_token_provider: Callable[[], str | Awaitable[str]] | None = None,
        credential: TokenCredential | None = None,
        base_url: str | None = None,
        organization: str | None = None,
        project: str | None = None,
        timeout: float | Timeout | NotGiven | None = NOT_GIVEN,
        max_retries: int | NotGiven = NOT_GIVEN,
        retry: RetryPolicy | None = None,
        default_headers: Mapping[str, str] | None = None,
        default_query: Mapping[str, object] | None = None,
        session: aiohttp.ClientSession | None = None,
        limits: Limits | None = None,
        on_attempt: Callable[[AttemptReport], object] | None = None,
        allow_insecure_http: bool = False,
        router: Router = deployment_route,
        clock: Clock | None = None,
        http_client: None = None,
    ) -> None:
        if http_client is not None:
            raise ConfigurationError("http_client= does not fit this client: give session=aiohttp.ClientSession(...)")
        endpoint = endpoint_of(azure_endpoint, base_url, allow_http=allow_insecure_http)
        credentials = Credentials(
            api_key=api_key,
            azure_ad_token=azure_ad_token,
            azure_ad_token_provider=azure_ad_token_provider,
            credential=credential,
        )
        clock = clock or SystemClock()
        settings = Settings(
            endpoint=endpoint,
            authenticator=credentials.or_environment().authenticator(clock),
            connections=Connections(session),
            deployment=_deployment(azure_deployment) or endpoint.deployment,
            headers={**_account(organization, project), **(default_headers or {})},
            query={"api-version": _version(api_version), **(default_query or {})},
            timeout=Timeout() if isinstance(timeout, NotGiven) else Timeout.of(timeout),
            limits=limits or Limits(),
            retry=_retries(retry or RetryPolicy(), max_retries),
            router=router,
            on_attempt=on_attempt,
            clock=clock,
        )
        self._take(settings, owns_connections=True)

    def with_options(
        self,
        *,
        azure_deployment: str | None = None,
        api_version: str | None = None,
        api_key: str | Callable[[], str | Awaitable[str]] | None = None,
        azure_ad_token: str | None = None,
        azure_ad_token_provider: Callable[[], str | Awaitable[str]] | None = None,
        credential: TokenCredential | None = None,
        timeout: float | Timeout | NotGiven | None = NOT_GIVEN,
        max_retries: int | NotGiven = NOT_GIVEN,
        retry: RetryPolicy | None = None,
        default_headers: Mapping[str, str] | None = None,
        default_query: Mapping[str, object] | None = None,
        limits: Limits | None = None,
        on_attempt: Callable[[AttemptReport], object] | None = None,
    ) -> Self:
        """Return a copy with other options that shares the connections of this client.

        Headers and query parameters add to or replace those of this client. To close the copy closes nothing.

        Raises:
            ConfigurationError: An option cannot be what it should be.
        """
        old = self._settings
        credentials = Credentials(
            api_key=api_key,
            azure_ad_token=azure_ad_token,
            azure_ad_token_provider=azure_ad_token_provider,
            credential=credential,
        )
        version = {} if api_version is None else {"api-version": api_version}
        settings = evolve(
            old,
            authenticator=credentials.authenticator(old.clock) if credentials.are_given() else old.authenticator,
            deployment=_deployment(azure_deployment) or old.deployment,
            headers={**old.headers, **(default_headers or {})},
            query={**old.query, **version, **(default_query or {})},
            timeout=old.timeout if isinstance(timeout, NotGiven) else Timeout.of(timeout),
            limits=limits or old.limits,
            retry=_retries(retry or old.retry, max_retries),
            on_attempt=on_attempt or old.on_attempt,
        )
        copy = object.__new__(type(self))
        copy._take(settings, owns_connections=False)
        return copy

    copy = with_options

    def _take(self, settings: Settings, *, owns_connections: bool) -> None:
        object.__setattr__(self, "_settings", settings)
        object.__setattr__(self, "_pictures", Pictures(settings))
        object.__setattr__(self, "_owns_connections", owns_connections)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"A client cannot be changed: with_options(...) gives a copy with another {name}")

    @property
    def audio(self) -> AsyncAudio:
        """``audio.transcriptions.create`` and ``audio.translations.create``."""
        return AsyncAudio.of(self.ask)

    @property
    def images(self) -> AsyncImages:
        """``images.generate``."""
        return AsyncImages(self.ask, self.pictures)

    @property
    def pictures(self) -> Pictures:
        """What gets the bytes of pictures for the results of this client."""
        return self._pictures

    async def ask(self, request: Request, options: CallOptions) -> RawResponse[Any]:
        """Send a request object and return the whole answer: what all methods of `audio` and `images` are built on.

        Raises:
            AzureOpenAIError: As the methods do.
        """
        finish = self._attached if isinstance(request, ImageGenerationsRequest) else None
        return await send(self._settings, plan_request(request), options, finish)

    def _attached(self, answer: GenerateImagesResponse) -> GenerateImagesResponse:
        pictures = self.pictures
        for result in answer.data:
            put(result, "fetcher", pictures)
        return answer

    @overload
    async def send(
        self, request: ImageGenerationsRequest, *, timeout: float | Timeout | NotGiven | None = NOT_GIVEN
    ) -> GenerateImagesResponse: ...
    @overload
    async def send(
        self, request: AudioRequest, *, timeout: float | Timeout | NotGiven | None = NOT_GIVEN
    ) -> AudioResponse | AudioVerboseResponse | str: ...
    async def send(self, request: Any, *, timeout: float | Timeout | NotGiven | None = NOT_GIVEN) -> Any:
        """Send a request object and return its answer; what the methods of `audio` and `images` do with theirs.

        Args:
            request: A `CreateTranscriptionRequest`, `CreateTranslationRequest` or `ImageGenerationsRequest`.
            timeout: Seconds for the whole call with its retries, or a `Timeout`; the client's when left out.

        Raises:
            AzureOpenAIError: As the methods do.
        """
        options = CallOptions(timeout=None if isinstance(timeout, NotGiven) else Timeout.of(timeout))
        return await answer_of(await self.ask(request, options))

    async def close(self) -> None:
        """Close the connections this client opened; a session that was given to it stays open."""
        if self._owns_connections:
            await self._settings.authenticator.close()
            await self._settings.connections.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    @property
    def deployment(self) -> str | None:
        """The deployment of calls that give no `model`."""
        return self._settings.deployment

    @property
    def clock(self) -> Clock:
        """What tells and passes time for this client."""
        return self._settings.clock

    @property
    def host(self) -> str:
        """The endpoint's host, by which logs and outcomes name it."""
        return urlsplit(self._settings.endpoint.base).netloc

    def __repr__(self) -> str:
        settings = self._settings
        return f"<{type(self).__name__} {settings.endpoint.base} deployment={settings.deployment!r}>"


def endpoint_of(azure_endpoint: str | None, base_url: str | None, *, allow_http: bool) -> Endpoint:
    """Return where a client with these options sends its requests; without any, the environment says it.

    Raises:
        ConfigurationError: There is none, there are two, or it cannot be one.
    """
    if azure_endpoint is not None and base_url is not None:
        raise ConfigurationError("Give azure_endpoint= or base_url=, not both")
    if base_url is not None:
        return Endpoint.of_base_url(base_url, allow_http=allow_http)
    address = azure_endpoint or os.environ.get("AZURE_OPENAI_ENDPOINT")
    if not address:
        raise ConfigurationError(
            "No endpoint: give azure_endpoint='https://NAME.openai.azure.com', or set AZURE_OPENAI_ENDPOINT"
        )
    return Endpoint.of_resource(address, allow_http=allow_http)


def _deployment(name: str | None) -> str | None:
    try:
        return None if name is None else checked_deployment(name, option="azure_deployment")
    except InvalidInputError as error:
        raise ConfigurationError(error.message) from None


def _version(api_version: str | None) -> str:
    return api_version or os.environ.get("OPENAI_API_VERSION") or _DEFAULT_API_VERSION


def _account(organization: str | None, project: str | None) -> dict[str, str]:
    headers = {"OpenAI-Organization": organization, "OpenAI-Project": project}
    return {name: value for name, value in headers.items() if value is not None}


def _retries(retry: RetryPolicy, max_retries: int | NotGiven) -> RetryPolicy:
    if isinstance(max_retries, NotGiven):
        return retry
    try:
        return evolve(retry, max_retries=max_retries)
    except (TypeError, ValueError):
        raise ConfigurationError(f"max_retries={max_retries!r} is no number of retries: 0 or more") from None
