from hypothesis import given
from hypothesis import strategies as st

from aoai_async.emulator.utterances import FRAME_BYTES, FRAME_SECONDS, Utterance, utterances

VOICE, QUIET = b"\1" * FRAME_BYTES, bytes(FRAME_BYTES)


def _is_voice(frame: bytes) -> bool:
    return frame[0] == 1


def _found(frames: list[bytes]) -> list[Utterance]:
    return list(utterances(frames, _is_voice))


def test_a_pause_of_half_a_second_divides() -> None:
    """Two stretches of speech with 0.6 s between them are two utterances, each at its place."""
    first, second = _found([QUIET] * 20 + [VOICE] * 30 + [QUIET] * 20 + [VOICE] * 30 + [QUIET] * 40)
    assert round(first.start, 2) == 0.3
    assert round(second.start, 2) == 1.8
    assert len(first.pcm) == len(second.pcm) == 50 * FRAME_BYTES


def test_a_short_pause_does_not_divide() -> None:
    """0.3 s of quiet within speech stays within the utterance and counts as its silence."""
    (only,) = _found([VOICE] * 30 + [QUIET] * 10 + [VOICE] * 30)
    assert only.silence == 1 - 60 / 70


def test_a_click_is_no_speech() -> None:
    """Less than a tenth of a second of voice is nothing."""
    assert not _found([QUIET] * 30 + [VOICE] * 2 + [QUIET] * 30)


def test_endless_talk_is_cut() -> None:
    """Without any pause an utterance still ends after 30 seconds, and nothing is lost at the cut."""
    found = _found([VOICE] * 2500)
    assert [len(one.pcm) // FRAME_BYTES for one in found] == [1000, 1000, 500]
    assert [round(one.start) for one in found] == [0, 30, 60]


@given(st.lists(st.booleans(), max_size=300), st.integers(1, 5000))
def test_the_size_of_the_pieces_does_not_matter(voices: list[bool], size: int) -> None:
    """However the samples are divided on their way, the same utterances are found."""
    pcm = b"".join(VOICE if voice else QUIET for voice in voices)
    pieces = [pcm[at : at + size] for at in range(0, len(pcm), size)]
    assert list(utterances(pieces, _is_voice)) == list(utterances([pcm], _is_voice))


@given(st.lists(st.tuples(st.booleans(), st.integers(1, 60)), max_size=30))
def test_utterances_are_in_order_and_apart(runs: list[tuple[bool, int]]) -> None:
    """Each utterance is a stretch of the recording as it was, and begins where or after the last one ended."""
    frames = [VOICE if voice else QUIET for voice, length in runs for _ in range(length)]
    end = 0
    for one in _found(frames):
        start = round(one.start / FRAME_SECONDS)
        assert start >= end
        end = start + len(one.pcm) // FRAME_BYTES
        assert b"".join(frames[start:end]) == one.pcm
        assert 0 <= one.silence < 1
