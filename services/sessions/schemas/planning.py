"""JSON of what to practise next, and of where somebody is stuck."""

from datetime import date

from pydantic import Field

from shared.schemas import Out


class PassageOut(Out):
    """Measures of a piece, and when they are due. `days_overdue` is negative where that is to come."""

    song_name: str
    instrument: str
    first_measure: int
    last_measure: int
    due_on: date
    days_overdue: int
    interval_days: int
    reviews: int
    last_practised_on: date
    last_rating: int | None
    last_tempo_bpm: float | None
    why: str


class NextUpOut(Out):
    """What is due, the longest overdue first, and what comes after."""

    due: list[PassageOut]
    coming: list[PassageOut]
    due_total: int
    said: str


class GainOut(Out):
    """The middle of the first third of the days, and of the last third."""

    from_: float = Field(alias="from")
    to: float


class RunOut(Out):
    """Measures in a row with the same history. `gains` are of tempo_bpm, rating and accuracy (0 to 1), where known."""

    song_name: str
    instrument: str
    first_measure: int
    last_measure: int
    minutes: int
    days: int
    gains: dict[str, GainOut]
    verdict: str
    said: str


class StuckOut(Out):
    """Measures that cost much and gained nothing, those that gained, and those of which too little is known."""

    stuck: list[RunOut]
    improving: list[RunOut]
    too_little: list[RunOut]
    said: str
