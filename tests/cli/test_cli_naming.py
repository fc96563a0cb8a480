"""Which recordings are meant, and which files they become."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aoai_async.cli.naming import outputs_of
from aoai_async.cli.recordings import Found, Recording, recordings_in
from aoai_async.errors import ConfigurationError

# Few letters, so that names clash.
STEMS = st.text("aA.b", min_size=1, max_size=4).filter(lambda stem: not stem.startswith("."))
NAMES = st.builds("{}.{}".format, STEMS, st.sampled_from(["mp3", "wav", "mp3.wav"]))
PLACES = st.lists(
    st.builds("{}/{}".format, st.sampled_from(["one", "two", "one/deep"]), NAMES), min_size=1, unique=True
)


def different(places: list[str]) -> list[str]:
    """The places that are also different files where case does not count."""
    return list({place.casefold(): place for place in places}.values())


def outputs(recordings: list[Recording], output_dir: Path | None) -> dict[Path, Path]:
    found = outputs_of(recordings, [".txt"], output_dir)
    return {recording.path: places[".txt"] for recording, places in zip(recordings, found, strict=True)}


@given(PLACES.map(different), st.sampled_from([None, Path("out")]), st.booleans(), st.randoms())
def test_no_recording_becomes_the_file_of_another(places, output_dir, is_flat, random) -> None:  # type: ignore[no-untyped-def]
    """Whatever the names: there are as many outputs as recordings, in whatever order these are given."""
    recordings = [Recording(Path(p), Path(Path(p).name) if is_flat else Path(p)) for p in places]
    made = outputs(recordings, output_dir)
    assert len({str(place).casefold() for place in made.values()}) == len(recordings)
    random.shuffle(recordings)
    assert outputs(recordings, output_dir) == made


def test_names_that_cannot_be_kept_apart() -> None:
    """Where an ending of one is the name of another, it is wrong use, and both are named."""
    recordings = [Recording(Path(name), Path(name)) for name in ("talk.mp3", "talk.verbose.mp3")]
    with pytest.raises(ConfigurationError, match=r"'talk\.mp3' and 'talk\.verbose\.mp3' would both be written"):
        outputs_of(recordings, [".json", ".verbose.json"], None)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A folder with recordings, other files, folders, and links that lead round."""
    for name in ("b.mp3", "a.WAV", "notes.txt", ".hidden.mp3", "deep/c.ogg", "deep/er/d.flac", "none/readme.md"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    (tmp_path / "deep/round").symlink_to("..")
    return tmp_path


def names(found: Found) -> list[str]:
    return [str(recording.inside) for recording in found.recordings]


def test_what_a_folder_means(tree: Path) -> None:
    """Recordings right in it, sorted, by their endings in either case; hidden ones are left alone."""
    assert names(recordings_in([str(tree)], is_recursive=False)) == ["a.WAV", "b.mp3"]


def test_what_a_tree_means(tree: Path) -> None:
    """All recordings in it, with their places; links are not followed."""
    assert names(recordings_in([str(tree)], is_recursive=True)) == ["a.WAV", "b.mp3", "deep/c.ogg", "deep/er/d.flac"]


def test_what_a_glob_means(tree: Path) -> None:
    """Recordings alone, each once, though a link leads round; their places count from what is fixed in it."""
    found = recordings_in([str(tree / "deep/**/*")], is_recursive=False)
    assert sorted(recording.path.name for recording in found.recordings) == ["a.WAV", "b.mp3", "c.ogg", "d.flac"]
    assert "er/d.flac" in names(found)


def test_a_file_is_what_it_is_called(tree: Path) -> None:
    """A file that is named is taken, whatever its ending; one that is named twice, or in its folder, is taken once."""
    given = [str(tree / "notes.txt"), str(tree / "b.mp3"), str(tree), str(tree / "deep/../b.mp3")]
    assert names(recordings_in(given, is_recursive=False)) == ["notes.txt", "b.mp3", "a.WAV"]


def test_folders_without_recordings_are_told(tree: Path) -> None:
    """So that nobody wonders why nothing came of them."""
    assert recordings_in([str(tree / "none")], is_recursive=True).empty == [tree / "none"]


@pytest.mark.parametrize("path", ["nowhere.mp3", "*.webm"])
def test_what_means_nothing_is_wrong_use(tree: Path, path: str) -> None:
    """A path that does not exist and a glob that matches nothing are told before anything is sent."""
    with pytest.raises(ConfigurationError):
        recordings_in([str(tree / path)], is_recursive=False)
