"""JSON of the stats."""

from shared.schemas import Out


class DayOut(Out):
    """One day of the graph."""

    day: str
    minutes: int


class StatsOut(Out):
    """The last seven days, today last; the streak of days as of now; all minutes ever."""

    weekly_progress: list[DayOut]
    streak: int
    total_minutes: int
