"""Whether a deployment works, as plain decisions over plain seconds."""

import pytest

from aoai_async.batch.health import Health


@pytest.fixture
def health() -> Health:
    return Health(lambda: 1.0)


def fail(health: Health, now: float, *, is_certain: bool = False) -> None:
    health.failed(health.started(), now, is_certain=is_certain)


def test_is_free_while_it_works(health: Health) -> None:
    """What never failed, or failed twice and then worked, is free at any time."""
    assert health.wait(0) == 0
    for _ in range(5):
        fail(health, 0)
        fail(health, 0)
        health.started()
        health.worked()
    assert health.wait(0) == 0


def test_rests_after_three_failures_in_a_row(health: Health) -> None:
    """The third failure begins a rest of one second."""
    for _ in range(3):
        assert health.wait(7) == 0
        fail(health, 7)
    assert health.wait(7) == 1
    assert health.wait(7.75) == 0.25
    assert health.wait(9) == 0


def test_rests_at_once_when_it_is_not_there(health: Health) -> None:
    """A failure that says so begins a rest by itself, and is remembered until it works."""
    fail(health, 0, is_certain=True)
    assert (health.wait(0), health.is_absent) == (1, True)
    health.started()
    health.worked()
    assert (health.wait(0), health.is_absent) == (0, False)


def test_one_request_finds_out(health: Health) -> None:
    """After a rest one request may go; until it is over no other may."""
    fail(health, 0, is_certain=True)
    assert health.wait(1) == 0
    health.started()
    assert health.wait(1) > 0
    assert health.wait(100) > 0
    health.worked()
    assert health.wait(100) == 0


def test_each_rest_is_twice_as_long(health: Health) -> None:
    """Rests double with each failure that ends one, up to a minute, however long it lasts."""
    now, rests = 0.0, []
    fail(health, now, is_certain=True)
    for _ in range(2000):
        rests.append(health.wait(now))
        now += rests[-1]
        fail(health, now)
    assert rests[:8] == [1, 2, 4, 8, 16, 32, 60, 60]
    assert rests[-1] == 60


def test_failures_of_before_the_rest_say_nothing_new(health: Health) -> None:
    """Sixty requests that were in flight when it broke make one rest of one second, and not a minute's."""
    sent = [health.started() for _ in range(60)]
    for rests in sent:
        health.failed(rests, 5, is_certain=False)
    assert health.wait(5) == 1


def test_an_old_failure_does_not_end_a_probe(health: Health) -> None:
    """While the probe is out, what was sent before the rest may fail, and still nothing else may go."""
    old = health.started()
    fail(health, 0, is_certain=True)
    probe = health.started()
    health.failed(old, 2, is_certain=False)
    assert health.wait(2) > 0
    health.failed(probe, 2, is_certain=False)
    assert health.wait(2) == 2


def test_a_cancelled_probe_leaves_the_place_to_another(health: Health) -> None:
    """When the probe's caller goes away, the next request is the probe; an old caller's going changes nothing."""
    old = health.started()
    fail(health, 0, is_certain=True)
    probe = health.started()
    health.left(old)
    assert health.wait(2) > 0
    health.left(probe)
    assert health.wait(2) == 0


@pytest.mark.parametrize("jitter", [0.0, 0.5, 1.0])
def test_rests_are_spread(jitter: float) -> None:
    """Jitter takes up to half of a rest away, and never adds to it."""
    health = Health(lambda: jitter)
    fail(health, 0, is_certain=True)
    assert health.wait(0) == 0.5 + jitter / 2
