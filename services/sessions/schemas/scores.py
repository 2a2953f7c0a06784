"""What a score says of itself, in JSON."""

from shared.schemas import Out


class PartOut(Out):
    """One part; `is_polyphonic` where it has chords, or several voices in one measure."""

    id: str
    name: str
    measures: int
    notes: int
    is_polyphonic: bool


class ScoreOut(Out):
    """What a score says of itself; null where it does not.

    `key` and `time` are those at the start, as written for the first part that has pitches. `tempo_bpm` counts quarter notes.
    """

    title: str | None
    movement: str | None
    composer: str | None
    key: str | None
    key_changes: bool
    time: str | None
    time_changes: bool
    tempo_bpm: float | None
    measures: int
    has_pickup: bool
    parts: list[PartOut]
