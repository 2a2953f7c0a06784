"""Ten years of daily practice: its stats should cost no more than a month's."""

from collections.abc import Iterator

from tests.load.ground import Ground
from tests.load.libraries import asking
from tests.load.rows import Row, in_turns

ROUNDS = 100
BAR = 2.0
WORK = {
    "stats": "/api/stats",
    "stats seen from another zone": "/api/stats?tz=Asia/Tokyo",
    "heat map": "/api/stats/heatmap",
    "minutes per day": "/api/stats/minutes",
    "why the streak is what it is": "/api/stats/explain",
    "first page of sessions": "/api/sessions?limit=50",
}


def measure(ground: Ground) -> Iterator[Row]:
    """3,652 sessions on as many days against 30, through the gateway."""
    short, long = (ground.client(person) for person in ground.players)
    for work, path in WORK.items():
        ours, other = in_turns(ROUNDS, asking(long, path), asking(short, path))
        row = f"{work} of 10 years of daily practice, p50, against a month"
        yield Row(row, f"{ours:.1f} ms", f"{other:.1f} ms", ours / other, BAR, "at most")
