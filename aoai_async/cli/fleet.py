"""Several deployments, as a TOML file describes them."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import field, frozen

from aoai_async.batch.pool import Deployment
from aoai_async.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["checked_variable", "read_fleet"]

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SHORTEST_KEY = 32
_SECRETS = ("api_key", "key", "azure_ad_token", "token")
_KINDS: Mapping[str, tuple[tuple[type, ...], str]] = {
    "model": ((str,), "a text"),
    "azure_endpoint": ((str,), "a text"),
    "endpoint": ((str,), "a text"),
    "priority": ((int,), "a whole number"),
    "weight": ((int, float), "a number"),
    "requests_per_minute": ((int, float), "a number"),
    "max_concurrency": ((int,), "a whole number"),
    "api_key_env": ((str,), "a text"),
    "entra": ((bool,), "true or false"),
}


def read_fleet(path: Path, entra_tokens: Callable[[], Any]) -> list[Deployment]:
    """Return the deployments of a file of ``[[deployment]]`` tables, each with the fields of a `Deployment`.

    ``endpoint`` is short for ``azure_endpoint``; ``entra = true`` signs in with Microsoft Entra. A key is never in the
    file: ``api_key_env`` names the variable that holds it.

    Args:
        path: The file.
        entra_tokens: Makes what gets the tokens of a deployment with ``entra = true``.

    Raises:
        ConfigurationError: The file cannot be read or is not of this form; it is named, with deployment and field.
    """
    tables = _tables(path)
    return [_Table(path, number, table).deployment(entra_tokens) for number, table in enumerate(tables, start=1)]


def checked_variable(name: str, where: str) -> str:
    """Return the name of an environment variable.

    Raises:
        ConfigurationError: It cannot be one, or looks like a key; then it is not repeated.
    """
    looks_like_a_key = len(name) >= _SHORTEST_KEY and "_" not in name
    if looks_like_a_key or not _VARIABLE.fullmatch(name):
        raise ConfigurationError(f"{where} takes the name of an environment variable that holds the key, not a key")
    return name


def _tables(path: Path) -> list[Any]:
    try:
        document = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise ConfigurationError(f"{path} is no TOML: it is not UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{path} is no TOML: {error}") from None
    tables = document.pop("deployment", [])
    if document:
        raise ConfigurationError(f"{path}: unknown {', '.join(document)}; expected [[deployment]] tables alone")
    if not isinstance(tables, list) or not tables:
        raise ConfigurationError(f"{path} has no deployment: expected one or more [[deployment]] tables")
    return tables


@frozen
class _Table:
    path: Path
    number: int
    content: Any = field(repr=False)

    def deployment(self, entra_tokens: Callable[[], Any]) -> Deployment:
        fields = self._fields()
        endpoint = fields.pop("endpoint", None)
        if endpoint is not None and "azure_endpoint" in fields:
            raise self._error("endpoint", "and azure_endpoint are the same; give one")
        provider = entra_tokens() if fields.pop("entra", False) else None
        if provider is not None and "api_key_env" in fields:
            raise self._error("entra", "and api_key_env exclude each other")
        options = {"azure_endpoint": endpoint, **fields, "azure_ad_token_provider": provider}
        try:
            return Deployment(**options)
        except ValueError as error:
            # attrs names the field in its message, in the shape "'weight' must be > 0.0: 0".
            raise ConfigurationError(f"{self._name()}: {error}") from None

    def _fields(self) -> dict[str, Any]:
        if not isinstance(self.content, dict):
            raise ConfigurationError(f"{self._name()}: expected a table")
        for name, value in self.content.items():
            self._check(name, value)
        if not self.content.get("model"):
            raise self._error("model", "is missing: the name of the deployment")
        return dict(self.content)

    def _check(self, name: str, value: object) -> None:
        if name in _SECRETS:
            raise self._error(
                name, "is refused: a key in a file is soon in a repository; name its variable: api_key_env"
            )
        if name not in _KINDS:
            raise self._error(name, f"is unknown; known are {', '.join(_KINDS)}")
        kinds, kind = _KINDS[name]
        # To Python, true is a number.
        if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
            raise self._error(name, f"is {kind}, not {_toml_kind(value)}")
        if name == "api_key_env":
            checked_variable(str(value), f"{self._name()}, field api_key_env")

    def _name(self) -> str:
        model = self.content.get("model") if isinstance(self.content, dict) else None
        return f"{self.path}, deployment {self.number}" + (f" ({model})" if isinstance(model, str) and model else "")

    def _error(self, name: str, what: str) -> ConfigurationError:
        return ConfigurationError(f"{self._name()}: field {name} {what}")


def _toml_kind(value: object) -> str:
    kinds = {bool: "true or false", str: "a text", int: "a whole number", float: "a number", list: "an array"}
    return kinds.get(type(value), "a table or a date")
