import pytest
from attrs import asdict

from aoai_async.wire.limits import Limits


def test_the_limits_are_the_services() -> None:
    """An upload may have 26,214,400 bytes with its framing; answers, errors and pictures are bounded, too."""
    assert asdict(Limits()) == {"upload": 26_214_400, "answer": 67_108_864, "error": 1_048_576, "picture": 104_857_600}


@pytest.mark.parametrize("name", ["upload", "answer", "error", "picture"])
def test_a_limit_is_at_least_one(name: str) -> None:
    """A limit below 1 is refused, by its name."""
    assert getattr(Limits(**{name: 1}), name) == 1
    with pytest.raises(ValueError, match=name):
        Limits(**{name: 0})
