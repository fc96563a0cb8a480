import pytest
from hypothesis import given
from hypothesis import strategies as st

from aoai_async.emulator.scoring import word_error

WORDS = st.lists(st.sampled_from(["a", "lamp", "river", "don't", "nine"]), max_size=12)


@pytest.mark.parametrize(
    ("said", "heard", "error"),
    [
        ("The lamp is on.", "the lamp is on", 0.0),
        ("the lamp is on", "the lamb is on", 0.25),
        ("the lamp is on", "the lamp on", 0.25),
        ("the lamp is on", "the big lamp is on", 0.25),
        ("lamp", "a big lamp is on", 4.0),
        ("the lamp", "", 1.0),
        ("", "", 0.0),
        ("", "two words", 2.0),
        ("don\N{RIGHT SINGLE QUOTATION MARK}t", "Don't!", 0.0),
    ],
)
def test_known_errors(said: str, heard: str, error: float) -> None:
    """Changed, missing and added words count one each; case and punctuation do not count."""
    assert word_error(said, heard) == error


@given(WORDS, WORDS)
def test_it_is_a_distance(said: list[str], heard: list[str]) -> None:
    """Nothing costs nothing, both directions cost the same, and no more words are wrong than there are."""
    wrong = word_error(" ".join(said), " ".join(heard)) * max(len(said), 1)
    back = word_error(" ".join(heard), " ".join(said)) * max(len(heard), 1)
    assert wrong == pytest.approx(back)
    assert (wrong == 0) == (said == heard)
    assert abs(len(said) - len(heard)) <= round(wrong) <= max(len(said), len(heard))


@given(WORDS, WORDS, WORDS)
def test_a_detour_is_never_shorter(one: list[str], two: list[str], three: list[str]) -> None:
    """The triangle inequality holds for the number of wrong words."""

    def wrong(said: list[str], heard: list[str]) -> float:
        return word_error(" ".join(said), " ".join(heard)) * max(len(said), 1)

    assert wrong(one, three) <= wrong(one, two) + wrong(two, three) + 1e-9
