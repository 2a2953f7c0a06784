"""JSON of the stats."""

import datetime
from datetime import date

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


class PeriodOut(Out):
    """A day, a week from Monday on, or a month, with both of its ends."""

    from_on: date
    until_on: date
    minutes: int
    seconds: int
    sessions: int


class GroupOut(Out):
    """What was practised of one piece, or on one instrument."""

    seconds: int
    minutes: int
    sessions: int
    first_practised_on: date
    last_practised_on: date
    average_self_rating: float | None
    best_tempo_bpm: float | None
    best_score_accuracy: int | None


class PieceOut(GroupOut):
    """A piece, under the name that it was given last."""

    song_name: str


class InstrumentOut(GroupOut):
    """An instrument, under the name that it was given last."""

    instrument: str


class SquareOut(Out):
    """One day of a year. Level 0 is no practice; 1 to 4 are the quarters of the year's practised days, the longest in 4."""

    date: datetime.date
    minutes: int
    level: int


class HeatmapOut(Out):
    """A year. Weeks begin on the weekday `week_starts_on` (1 is Monday)."""

    year: int
    days: list[SquareOut]
    practised_days: int
    total_minutes: int
    week_starts_on: int
