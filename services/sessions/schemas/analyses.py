"""JSON of analyses: what is asked about a performance, and what comes of it."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AliasChoices, BeforeValidator, ConfigDict, Field, StringConstraints

from services.sessions.schemas.sections import MAX_MEASURE
from shared.schemas import MAX_TEXT_CHARACTERS, In, Line, NoControlCharacters, Out

SLOWEST_BPM, FASTEST_BPM = 10, 400  # quarter notes a minute


def _number(value: Any) -> Any:
    """The client sends what stands in its input fields: numbers as text, and nothing as empty text."""
    if isinstance(value, str):
        stripped = value.strip().lower().removesuffix("bpm").strip()
        return stripped or None
    return value


def _measure(value: Any) -> Any:
    """Without a measure, it begins with the first."""
    found = _number(value)
    return 1 if found is None else found


def _words(value: Any) -> Any:
    return value or ""


def _either(*names: str) -> Any:
    return AliasChoices(*names)


Name = Annotated[str, StringConstraints(max_length=MAX_TEXT_CHARACTERS), NoControlCharacters]  # which may be empty
# What the ear can follow: a session may have been slower or faster. Clients send measures as text, too.
HeardTempo = Annotated[float, Field(ge=SLOWEST_BPM, le=FASTEST_BPM)]
HeardMeasure = Annotated[int, Field(ge=0, le=MAX_MEASURE)]


class NewAnalysis(In):
    """What is asked about the recording of a session.

    `tempo_bpm` is in quarter notes a minute; without it, the score's own counts. `starting_measure` is called as it is printed;
    1 is the beginning, with the upbeat where that is played, and 0 an upbeat that is to be played. `part` is a part's id, its
    name or its number from 1; without it, the one that is named as the instrument is, else the first with pitches.
    """

    tempo_bpm: HeardTempo | None = None
    starting_measure: HeardMeasure = 1
    part: Line | None = None

    def asked(self) -> dict[str, Any]:
        """What the job is told."""
        return self.model_dump()


class NewPerformance(In):
    """A performance to be analysed and not kept, as Harmony Helper's client spells it.

    `Recording` is audio in Base64, plain or as a data URL; `Target_XML` is MusicXML, as text or as an .mxl file in Base64.
    `BPM` is in quarter notes a minute; without it, the score's own counts. `Starting_measure` is called as it is printed; 1 is
    the beginning, with the upbeat where that is played.
    """

    model_config = ConfigDict(extra="ignore")  # the client sends what it has at hand

    recording: str = Field(min_length=1, validation_alias=_either("Recording", "recording", "audioBase64"))
    target_xml: str = Field(min_length=1, validation_alias=_either("Target_XML", "target_xml", "xml_content", "xmlContent"))
    song_name: Annotated[Name, BeforeValidator(_words)] = Field(
        "", validation_alias=_either("Song_name", "song_name", "songName")
    )
    instrument: Annotated[Name, BeforeValidator(_words)] = Field("", validation_alias=_either("Instrument", "instrument"))
    bpm: Annotated[HeardTempo | None, BeforeValidator(_number)] = Field(
        None, validation_alias=_either("BPM", "bpm", "tempo_bpm")
    )
    starting_measure: Annotated[HeardMeasure, BeforeValidator(_measure)] = Field(
        1, validation_alias=_either("Starting_measure", "starting_measure", "startingMeasure")
    )
    part: Line | None = Field(None, validation_alias=_either("Part", "part"))

    def asked(self) -> dict[str, Any]:
        """What the job is told."""
        asked = {"tempo_bpm": self.bpm, "starting_measure": self.starting_measure, "part": self.part}
        return {**asked, "instrument": self.instrument}


class MeasureOut(Out):
    """How one measure went, each time that it was played: shares of its notes, 0 to 100."""

    measure: int
    occurrence: int
    notes: int
    pitch: int
    rhythm: int
    skipped: bool


class PlaceOut(Out):
    """Where a note stands, and which one it is."""

    measure: int
    occurrence: int
    beat: float
    expected: str


class WrongNoteOut(PlaceOut):
    """Another note than the written one: what was heard, and by how many cents it is higher."""

    heard: str
    cents: int
    at_seconds: float | None


class OffNoteOut(PlaceOut):
    """The written note at another time; negative is early."""

    beats_late: float | None
    seconds_late: float | None
    at_seconds: float | None


class ExtraNoteOut(Out):
    """A note that the score does not have."""

    heard: str
    at_seconds: float | None


class ResultOut(Out):
    """What comes of an analysis.

    The first six are Harmony Helper's; pictures are PNG in data URLs on the same axes. Where `judged` is false, `reason` says
    why, and every figure that would be a guess is null. Measures are called as they are printed; where their numbers are
    missing, not whole or not rising, they are counted from 1, which `coach-feedback` says. `transposed_semitones` is not 0
    where everything was played higher, or lower, than it is written.
    """

    performace_summary: str
    performance_summary: str
    coach_feedback: str = Field(serialization_alias="coach-feedback")
    user_spectrogram: str = Field(serialization_alias="user-spectrogram")
    target_spectrogram: str = Field(serialization_alias="target-spectrogram")
    marked_up_musicxml: str = Field(serialization_alias="marked-up-musicxml")
    judged: bool
    reason: Literal["no_score", "too_short", "silence", "too_noisy", "polyphonic", "another_piece"] | None
    score_accuracy: int | None
    pitch_accuracy: int | None
    rhythm_accuracy: int | None
    tempo_bpm: float | None
    asked_tempo_bpm: float
    tuning_cents: float | None
    transposed_semitones: int
    reached_measure: int | None
    heard_percent: int
    measures: list[MeasureOut]
    wrong_notes: list[WrongNoteOut]
    late: list[OffNoteOut]
    early: list[OffNoteOut]
    missed: list[PlaceOut]
    extra: list[ExtraNoteOut]
    skipped_measures: list[int]


class AnalysisOut(Out):
    """How far an analysis has come, in percent; what came of it, or why nothing did (a problem document)."""

    id: UUID
    session_id: UUID | None
    state: Literal["waiting", "working", "done", "failed"]
    progress: int
    step: str | None
    asked: dict[str, Any]
    result: dict[str, Any] | None
    failure: dict[str, Any] | None
    created_at: datetime
    finished_at: datetime | None
