"""Whether an optional module is there, told early and in words that help."""

import importlib.util

__all__ = ["demand_extra"]


def demand_extra(*modules: str) -> None:
    """Check that modules of the extra `emulator` are installed, without importing them.

    Raises:
        ModuleNotFoundError: One is missing; the message says what to install.
    """
    missing = [name for name in modules if importlib.util.find_spec(name) is None]
    if missing:
        raise ModuleNotFoundError(
            f"{' and '.join(missing)} not found: pip install 'aoai-async[emulator]'", name=missing[0]
        )
