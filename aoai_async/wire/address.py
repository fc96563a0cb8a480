"""Endpoints, deployments and the addresses made of them (API reference: URI Parameters)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from ipaddress import ip_address
from typing import Protocol
from urllib.parse import SplitResult, quote, urlsplit

from attrs import field, frozen

from aoai_async.errors import ConfigurationError, InvalidInputError

__all__ = ["Endpoint", "Route", "Router", "checked_deployment", "deployment_route", "is_safe_transport"]

_DEPLOYMENT = re.compile(r"(?!\.+$)[A-Za-z0-9._-]{1,64}")
_EXAMPLE = "expected something like https://NAME.openai.azure.com"


@frozen
class Endpoint:
    """Where the service lies.

    Attributes:
        base: The address up to and including ``/openai``, without a slash at its end.
        deployment: The deployment that the address itself names, if it does.
        allow_http: Whether plain http to other machines was allowed by name.
    """

    base: str
    deployment: str | None = None
    allow_http: bool = False

    @classmethod
    def of_resource(cls, azure_endpoint: str, *, allow_http: bool = False) -> Endpoint:
        """Check a resource's or gateway's address and append ``/openai``.

        Raises:
            ConfigurationError: It is no address of a service, or not safe to send a key to.
        """
        base = f"{_checked(azure_endpoint, 'azure_endpoint', allow_http=allow_http)}/openai"
        return cls(base, allow_http=allow_http)

    @classmethod
    def of_base_url(cls, base_url: str, *, allow_http: bool = False) -> Endpoint:
        """Check a full base address, which may end in ``/deployments/NAME``.

        Raises:
            ConfigurationError: It is no address of a service, or not safe to send a key to.
        """
        base, found, deployment = _checked(base_url, "base_url", allow_http=allow_http).partition("/deployments/")
        if found and not _DEPLOYMENT.fullmatch(deployment):
            raise ConfigurationError(f"base_url ends in {deployment!r}, which is not the name of a deployment")
        return cls(base, deployment or None, allow_http)


@frozen
class Route:
    """Where a request goes.

    Attributes:
        url: The address without its query.
        fields: What the route adds to the body.
    """

    url: str
    fields: Mapping[str, str] = field(factory=dict)


class Router(Protocol):
    """Makes the address of a request; a client takes another one for a service with other paths."""

    def __call__(self, base: str, deployment: str, operation: str) -> Route:
        """Return the route of, for example, ``"audio/transcriptions"`` under an endpoint's base."""
        ...


def deployment_route(base: str, deployment: str, operation: str) -> Route:
    """Return ``{base}/deployments/{deployment}/{operation}``, the paths of version 2024-10-21."""
    return Route(f"{base}/deployments/{quote(deployment)}/{operation}")


def checked_deployment(name: object, *, option: str = "model") -> str:
    """Return a deployment's name, given by the parameter `option`.

    Raises:
        InvalidInputError: It cannot be one.
    """
    if not isinstance(name, str) or not _DEPLOYMENT.fullmatch(name):
        raise InvalidInputError(
            f"{option}={name!r} is not the name of a deployment: give the name chosen in the resource, "
            "1 to 64 letters, digits, '.', '_' or '-'",
            field=option,
        )
    return name


def is_safe_transport(scheme: str, host: str | None) -> bool:
    """Tell whether nobody on the way can read along: https, or plain http on this machine."""
    return scheme == "https" or (scheme == "http" and _is_loopback(host or ""))


def _checked(address: str, option: str, *, allow_http: bool) -> str:
    parts = _split(address, option)
    if parts.scheme not in ("https", "http") or not parts.hostname:
        raise ConfigurationError(f"{option} is no address of a service: {_EXAMPLE}")
    if parts.username is not None or parts.password is not None:
        raise ConfigurationError(f"{option} carries credentials; pass api_key= or a token provider instead")
    if parts.query or parts.fragment:
        raise ConfigurationError(
            f"{option}={_shown(parts)!r} carries a query or fragment; leave it out (the version goes into api_version=)"
        )
    if not allow_http and not is_safe_transport(parts.scheme, parts.hostname):
        raise ConfigurationError(
            f"{option}={_shown(parts)!r} would send the key in plain text: use https, "
            "or allow it by name with allow_insecure_http=True"
        )
    return parts._replace(path=parts.path.rstrip("/")).geturl()


def _split(address: object, option: str) -> SplitResult:
    if not isinstance(address, str) or any(c.isspace() or not c.isprintable() for c in address.strip()):
        raise ConfigurationError(f"{option} is no address of a service: {_EXAMPLE}")
    try:
        parts = urlsplit(address.strip())
        _ = parts.port
    except ValueError:
        # Python's message repeats the part it stumbled over, which may be a password.
        raise ConfigurationError(f"{option} is no address of a service: {_EXAMPLE}") from None
    return parts


def _shown(parts: SplitResult) -> str:
    return parts._replace(query="", fragment="").geturl()


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
