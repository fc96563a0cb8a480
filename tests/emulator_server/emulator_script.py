"""What the scripted recogniser hears in these tests."""

from aoai_async.emulator import Heard, HeardSegment, HeardWord

__all__ = ["HEARD"]

HEARD = Heard(
    duration=3725.1,
    segments=(
        HeardSegment(0.9, 2.4, "Grüß dich, Welt.", (1, 2, 3), 0.2, -0.5, 0.75, 0.125),
        HeardSegment(3723.25, 3724.9996, "Bye.", (4,), 0.0, -0.25, 0.5, 0.0625, seek=300),
    ),
    words=(HeardWord("Grüß", 0.9, 1.25, 0.5), HeardWord("Bye", 3723.25, 3724.5, 0.75)),
    language="german",
)
