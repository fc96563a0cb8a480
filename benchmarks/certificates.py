"""A certificate for loopback that nobody but the measured processes trusts."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from attrs import frozen

__all__ = ["Certificate", "certified"]


@frozen
class Certificate:
    """Two files in PEM.

    Attributes:
        server: The private key and the certificates of the sink.
        authority: What signed them.
    """

    server: Path
    authority: Path

    @property
    def environment(self) -> dict[str, str]:
        """What makes every program over OpenSSL trust it, with verification on."""
        return {"SSL_CERT_FILE": str(self.authority)}


def certified(folder: Path) -> Certificate | None:
    """Make a certificate for 127.0.0.1, or return None without trustme."""
    if find_spec("trustme") is None:
        return None
    authority = import_module("trustme").CA()
    made = Certificate(folder / "server.pem", folder / "authority.pem")
    authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(made.server)
    authority.cert_pem.write_to_path(made.authority)
    return made
