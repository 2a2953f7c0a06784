"""The colours of a spectrogram: from dark to light in equal steps for the eye (matplotlib's viridis); and of its marks."""

from services.sessions.analysis.notes import Outcome

Colour = tuple[int, int, int]

# Eleven of viridis' 256, evenly spaced (Smith and van der Walt, 2015, CC0); those between are on the straight line.
ANCHORS: tuple[Colour, ...] = (
    (68, 1, 84),
    (72, 36, 117),
    (65, 68, 135),
    (53, 95, 141),
    (42, 120, 142),
    (33, 145, 140),
    (34, 168, 132),
    (68, 191, 112),
    (122, 209, 81),
    (189, 223, 38),
    (253, 231, 37),
)
MEASURE_LINE: Colour = (196, 200, 214)
OUTLINE: Colour = (255, 255, 255)
MARKS: dict[Outcome, Colour] = {  # as in the marked-up score
    Outcome.WRONG_PITCH: (211, 47, 47),
    Outcome.MISSED: (245, 124, 0),
    Outcome.SKIPPED: (245, 124, 0),
    Outcome.LATE: (25, 118, 210),
    Outcome.EARLY: (25, 118, 210),
}


def scale(steps: int) -> list[Colour]:
    """So many colours, from silence to the loudest.

    >>> scale(3)
    [(68, 1, 84), (33, 145, 140), (253, 231, 37)]
    """
    return [_between(step / (steps - 1) * (len(ANCHORS) - 1)) for step in range(steps)]


def _between(place: float) -> Colour:
    below = min(int(place), len(ANCHORS) - 2)
    share = place - below
    red, green, blue = (round(low + (high - low) * share) for low, high in zip(ANCHORS[below], ANCHORS[below + 1], strict=True))
    return red, green, blue
