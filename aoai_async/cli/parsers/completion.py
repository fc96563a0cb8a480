"""The options of `aoai completion`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argparse import ArgumentParser

__all__ = ["add_completion"]


def add_completion(completion: ArgumentParser) -> None:
    """Add the options of ``aoai completion``."""
    completion.description = "Prints what makes a shell complete this command."
    completion.epilog = (
        "For bash, put 'eval \"$(aoai completion bash)\"' into ~/.bashrc; for zsh, the same with zsh into ~/.zshrc, "
        "after compinit; for fish, 'aoai completion fish | source' into ~/.config/fish/config.fish."
    )
    completion.add_argument("shell", choices=["bash", "zsh", "fish"], help="the shell")
