"""What is configured, and from where."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from aoai_async.cli.checkup.findings import Finding, failed, fine, worrying
from aoai_async.errors import ConfigurationError, InvalidInputError
from aoai_async.transport.authentication import Credentials
from aoai_async.transport.clock import SystemClock
from aoai_async.transport.connections import Connections
from aoai_async.wire.address import Endpoint, checked_deployment

if TYPE_CHECKING:
    from aoai_async.cli.checkup.subjects import Subject

__all__ = ["configuration", "proxy_of"]

_TOKEN, _KEY = "AZURE_OPENAI_AD_TOKEN", "AZURE_OPENAI_API_KEY"
_VERSION = "OPENAI_API_VERSION"
_DEFAULT_VERSION = "2024-10-21"


def configuration(subject: Subject) -> list[Finding]:
    """Return what is configured for a deployment: endpoint, name, version, credentials, proxy."""
    endpoint = _endpoint(subject)
    proxy = [] if endpoint.verdict == "fail" else [_proxy(subject.endpoint)]
    return [endpoint, _deployment(subject), _version(), _credentials(subject), *proxy]


def proxy_of(endpoint: str) -> str | None:
    """Return the proxy on the way to an endpoint, as the client finds it."""
    return Connections().proxy_for(endpoint)


def _endpoint(subject: Subject) -> Finding:
    if not subject.endpoint:
        advice = "give --endpoint https://NAME.openai.azure.com, or set AZURE_OPENAI_ENDPOINT"
        return failed("endpoint", "not configured", advice)
    try:
        Endpoint.of_resource(subject.endpoint)
    except ConfigurationError as error:
        return failed("endpoint", error.message, f"correct {subject.endpoint_source}")
    detail = f"{subject.endpoint}, from {subject.endpoint_source}"
    if "openai" in urlsplit(subject.endpoint).path.split("/"):
        return worrying("endpoint", detail, "leave out /openai and what follows it, unless a gateway has it twice")
    return fine("endpoint", detail)


def _deployment(subject: Subject) -> Finding:
    if not subject.member.model:
        return failed("deployment", "not configured", "give --model NAME, or set AZURE_OPENAI_DEPLOYMENT")
    try:
        checked_deployment(subject.member.model)
    except InvalidInputError as error:
        return failed("deployment", error.message, f"correct {subject.model_source}")
    return fine("deployment", f"{subject.member.model}, from {subject.model_source}")


def _version() -> Finding:
    given = os.environ.get(_VERSION)
    return fine("version", f"{given}, from {_VERSION}" if given else f"{_DEFAULT_VERSION}, the default")


def _credentials(subject: Subject) -> Finding:
    if subject.signs_in:
        return fine("credentials", f"Microsoft Entra through azure-identity, by {subject.file or '--entra'}")
    value = os.environ.get(subject.variable)
    if not value:
        advice = "" if subject.member.api_key_env else ", or sign in with --entra"
        detail = f"the environment variable {subject.variable} is not set"
        return failed("credentials", detail, f"set it to the key{advice}")
    return _secret(subject, value)


def _secret(subject: Subject, value: str) -> Finding:
    credentials = Credentials(azure_ad_token=value) if subject.has_token else Credentials(api_key=value)
    try:
        credentials.authenticator(SystemClock())
    except ConfigurationError as error:
        return failed("credentials", error.message, f"correct {subject.variable}")
    unused = f"; {_KEY} is not used" if subject.has_token and os.environ.get(_KEY) else ""
    return fine("credentials", f"a {'token' if subject.has_token else 'key'}, from {subject.variable}{unused}")


def _proxy(endpoint: str) -> Finding:
    proxy = proxy_of(endpoint)
    if proxy is None:
        return fine("proxy", "none")
    parts = urlsplit(proxy)
    source = _proxy_source(urlsplit(endpoint).scheme)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        advice = f"correct {source}: it takes something like http://proxy.example:8080"
        return failed("proxy", f"the address from {source} is none of a proxy that can be used", advice)
    # Without the name and password that may be in it.
    return fine("proxy", f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}, from {source}")


def _proxy_source(scheme: str) -> str:
    names = (f"{scheme}_proxy", f"{scheme}_proxy".upper(), "all_proxy", "ALL_PROXY")
    return next((name for name in names if os.environ.get(name)), "the system's settings")
