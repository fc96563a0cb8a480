"""Whether TLS is all right, and whose certificate it is."""

from __future__ import annotations

import asyncio
import ssl
import time
from typing import TYPE_CHECKING, Any

from aoai_async.cli.checkup.findings import Finding, failed, fine, skipped, worrying
from aoai_async.cli.checkup.way import TunnelError

if TYPE_CHECKING:
    from aoai_async.cli.checkup.way import Way

__all__ = ["is_secure"]

_DAY = 86_400
_FEW_DAYS = 14
_EXPIRED, _NOT_YET = 10, 9
_WRONG_NAME = (62, 64)
_UNTRUSTED = (18, 19, 20, 21)


async def is_secure(way: Way) -> Finding:
    """Do a TLS handshake with the service, through the proxy if there is one."""
    if way.service.scheme == "http":
        return skipped("tls", "the endpoint is plain http on this machine")
    if way.proxy is not None and way.proxy.scheme == "https":
        return skipped("tls", "the proxy itself speaks TLS; whether the way behind it is good is seen below")
    try:
        protocol, certificate = await _shaken_hands(way)
    except ssl.SSLCertVerificationError as error:
        return failed("tls", f"the certificate of {way.host} is refused: {error.verify_message}", _advice(error))
    except ssl.SSLError as error:
        advice = "is this the address and port of an https service? a firewall may also stand in between"
        return failed("tls", f"no handshake with {way.host}: {error.reason or error}", advice)
    except TunnelError as error:
        advice = "does it allow this host, and does it want a name and password in its address?"
        return failed("tls", f"the proxy does not open the way to {way.host}: {error}", advice)
    except OSError as error:
        advice = "a firewall may cut what it does not know; HTTPS_PROXY names a proxy"
        return failed("tls", f"the connection broke in the handshake: {error.strerror or type(error).__name__}", advice)
    return _judged(protocol, certificate)


async def _shaken_hands(way: Way) -> tuple[str, dict[str, Any]]:
    # It reads the trusted certificates from the disk.
    context = await asyncio.to_thread(ssl.create_default_context)
    async with way.opened() as (_, writer):
        await writer.start_tls(context, server_hostname=way.host)
        return writer.get_extra_info("ssl_object").version(), writer.get_extra_info("peercert")


def _judged(protocol: str, certificate: dict[str, Any]) -> Finding:
    left = int(ssl.cert_time_to_seconds(certificate["notAfter"]) - time.time()) // _DAY
    subject, issuer = _name(certificate, "subject"), _name(certificate, "issuer")
    detail = f"{protocol}; certificate of {subject}, from {issuer}, {left} days left"
    return worrying("tls", detail, "have it renewed soon") if left < _FEW_DAYS else fine("tls", detail)


def _name(certificate: dict[str, Any], whose: str) -> str:
    facts = {name: value for part in certificate.get(whose, ()) for name, value in part}
    names = [facts[kind] for kind in ("organizationName", "commonName") if kind in facts]
    alternatives = [name for _, name in certificate.get("subjectAltName", ())] if whose == "subject" else []
    return ", ".join(names) or next(iter(alternatives), "somebody without a name")


def _advice(error: ssl.SSLCertVerificationError) -> str:
    if error.verify_code == _EXPIRED:
        return "is this machine's clock right? otherwise whoever runs the host must renew its certificate"
    if error.verify_code == _NOT_YET:
        return "is this machine's clock right?"
    if error.verify_code in _WRONG_NAME:
        return "use the name the certificate is made for: https://NAME.openai.azure.com, or the gateway's own"
    if error.verify_code in _UNTRUSTED:
        return (
            "if a proxy of your network opens TLS, let SSL_CERT_FILE name a file of all trusted certificates with "
            "the proxy's root among them; otherwise somebody may be reading along"
        )
    return "ask whoever runs the host"
