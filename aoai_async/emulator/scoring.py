"""How well something was heard, as one number."""

import re
from collections.abc import Sequence

__all__ = ["word_error"]

_WORD = re.compile(r"\w+(?:'\w+)*")


def word_error(said: str, heard: str) -> float:
    """The word error rate: words to change, insert or delete, for each word that was said.

    Letter case and punctuation do not count; digits are not spelled out.

    Args:
        said: What was really said.
        heard: What was recognised.

    Returns:
        0.0 when every word is right; above 1.0 when more is wrong than was said. If nothing was said, the
        number of words heard.
    """
    reference = _words(said)
    return _distance(reference, _words(heard)) / max(len(reference), 1)


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'"))


def _distance(said: Sequence[str], heard: Sequence[str]) -> int:
    row = list(range(len(heard) + 1))
    for word in said:
        row = _next_row(row, word, heard)
    return row[-1]


def _next_row(row: Sequence[int], word: str, heard: Sequence[str]) -> list[int]:
    following = [row[0] + 1]
    for at, other in enumerate(heard):
        following.append(min(row[at] + (word != other), row[at + 1] + 1, following[at] + 1))
    return following
