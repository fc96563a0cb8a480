"""The package as a whole: its names, its version, and what it loads."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.metadata import requires, version
from importlib.resources import files
from pathlib import Path

import pytest

import aoai_async
import aoai_async.batch
import aoai_async.emulator

ROOT = Path(__file__).parents[1]
EXTRAS = {"rich", "av", "PIL", "pocketsphinx", "azure", "openai", "distributed", "pytest"}


@pytest.mark.parametrize("package", [aoai_async, aoai_async.emulator, aoai_async.batch], ids=lambda p: p.__name__)
def test_every_public_name_is_there(package: object) -> None:
    """Each name of `__all__` can be fetched, and an unknown name is an AttributeError that names it."""
    assert all(getattr(package, name) is not None for name in package.__all__)  # type: ignore[attr-defined]
    with pytest.raises(AttributeError, match="no attribute 'sing'"):
        package.sing  # type: ignore[attr-defined]  # noqa: B018 - the access itself fails


def test_names_are_those_type_checkers_see() -> None:
    """What is fetched at run time and what is declared for type checkers are the same names."""
    source = (files("aoai_async") / "__init__.py").read_text()
    declared = source.partition("if TYPE_CHECKING:")[2].partition("__all__")[0]
    names = set(re.findall(r"\b[A-Za-z_]+\b", re.sub(r"from \S+ import", "", declared)))
    assert names | {"__version__"} == set(aoai_async.__all__)


def test_the_version() -> None:
    """The version is the one installed, and the newest heading of the changelog."""
    assert aoai_async.__version__ == version("aoai_async")
    changelog = ROOT / "CHANGELOG.md"
    if changelog.exists():
        newest = re.search(r"^## \[(.+?)\]", changelog.read_text(), re.MULTILINE)
        assert newest is not None
        assert newest[1] == aoai_async.__version__


def test_the_package_is_typed() -> None:
    """The marker for type checkers is part of what is installed."""
    assert (files("aoai_async") / "py.typed").is_file()


def test_core_dependencies() -> None:
    """Without extras, six packages are needed and no others."""
    core = {re.match(r"[a-z]+", need)[0] for need in requires("aoai_async") or [] if "extra ==" not in need}  # type: ignore[index]
    assert core == {"aiofiles", "aiohttp", "anyio", "attrs", "cattrs", "msgspec"}


@pytest.mark.parametrize(
    "statement", ["import aoai_async", "from aoai_async import *", "import aoai_async.batch.runner"]
)
def test_no_extra_is_loaded(statement: str) -> None:
    """To import the package, or all its names, loads nothing of an extra."""
    script = f"{statement}\nimport sys\nprint(sorted({{name.partition('.')[0] for name in sys.modules}}))"
    done = subprocess.run([sys.executable, "-Ic", script], capture_output=True, text=True, check=True)
    assert not EXTRAS & set(eval(done.stdout))  # noqa: S307 - our own script printed it
