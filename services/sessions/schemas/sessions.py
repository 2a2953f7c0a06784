"""JSON of sessions. Both spellings of a session come in: seed 001's camelCase, and the snake_case of its real client."""

import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, AliasChoices, BeforeValidator, ConfigDict, Field

from services.sessions.schemas.fields import MAX_WORDS, Accuracy, Length, Moment, Notes, Rating, Tempo, Total, Words
from services.sessions.schemas.scores import ScoreOut
from services.sessions.schemas.sections import NewSections, SectionOut
from shared import clock, json
from shared.schemas import In, Line, Out

MAX_SCORE_BYTES = 5 * 1024 * 1024  # of MusicXML; a symphony's full score has about as much
MAX_ANALYSIS_BYTES = 8 * 1024 * 1024  # two spectrograms as pictures, and the marked-up score
SUMMARY_KEYS = ("performace_summary", "performance_summary", "summary")  # the first is how the client spells it
FEEDBACK_KEYS = ("coach-feedback", "coach_feedback", "feedback")


def _none_if_empty(value: Any) -> Any:
    return None if value == "" else value


def _score(text: str) -> str:
    if len(text.encode()) > MAX_SCORE_BYTES:
        raise ValueError(f"is larger than {MAX_SCORE_BYTES} bytes")
    return text


def _analysis(value: Any) -> Any:
    if isinstance(value, str) and len(value) > MAX_WORDS:
        raise ValueError(f"is longer than {MAX_WORDS} characters")
    if len(json.dumps(value)) > MAX_ANALYSIS_BYTES:
        raise ValueError(f"is larger than {MAX_ANALYSIS_BYTES} bytes")
    return value


def _either(*names: str) -> Any:
    return AliasChoices(*names)


class Told(In):
    """What is told of a session besides its bare facts: by its player, and by an analysis.

    `analysis` is what the analysis said: an object, or a string, which then is the feedback.
    """

    analysis: Annotated[str | dict[str, Any] | None, AfterValidator(_analysis)] = None
    analysis_summary: Words | None = Field(default=None, validation_alias=_either("analysis_summary", "analysisSummary"))
    analysis_feedback: Words | None = Field(default=None, validation_alias=_either("analysis_feedback", "analysisFeedback"))
    score_accuracy: Accuracy | None = Field(default=None, validation_alias=_either("score_accuracy", "scoreAccuracy"))
    notes: Notes = None
    tempo_bpm: Tempo | None = Field(default=None, validation_alias=_either("tempo_bpm", "tempoBpm"))
    self_rating: Rating | None = Field(default=None, validation_alias=_either("self_rating", "selfRating"))
    sections: NewSections | None = None

    def summary(self) -> str | None:
        """The short words about the performance, wherever they were sent."""
        return self.analysis_summary or self._said(SUMMARY_KEYS)

    def feedback(self) -> str | None:
        """The coach's words, wherever they were sent."""
        spoken = self.analysis if isinstance(self.analysis, str) else None
        return self.analysis_feedback or spoken or self._said(FEEDBACK_KEYS)

    def _said(self, keys: tuple[str, ...]) -> str | None:
        found = self.analysis if isinstance(self.analysis, dict) else {}
        said = (found[key] for key in keys if isinstance(found.get(key), str))
        return next((words[:MAX_WORDS] for words in said if words), None)


class NewSession(Told):
    """A completed practice session.

    `audioBase64` is the recording in Base64, plain or as a data URL; empty where there is none.
    """

    model_config = ConfigDict(extra="ignore")  # the client sends what it has at hand

    song_name: Line = Field(validation_alias=_either("song_name", "songName"))
    instrument: Line
    duration_seconds: Length = Field(validation_alias=_either("duration_seconds", "duration", "durationSeconds"))
    total_practice_seconds: Total | None = Field(
        default=None, validation_alias=_either("total_practice_seconds", "totalPracticeSeconds")
    )
    date: Annotated[Moment | None, BeforeValidator(_none_if_empty)] = None
    xml_content: Annotated[str, AfterValidator(_score)] | None = Field(
        default=None, validation_alias=_either("xml_content", "xmlContent")
    )
    audio_base64: str | None = Field(default=None, validation_alias=_either("audioBase64", "audio_base64"))


class SessionChange(Told):
    """What is to be otherwise of a session; what is not named stays, and null takes away what a session need not have.

    `sections` replace those there were. A score has an address of its own, `/api/sessions/{id}/score`.
    """

    # What is never null has a default that is never read.
    song_name: Line = Field(default_factory=str, validation_alias=_either("song_name", "songName"))
    instrument: Line = Field(default_factory=str)
    duration_seconds: Length = Field(
        default_factory=int, validation_alias=_either("duration_seconds", "duration", "durationSeconds")
    )
    total_practice_seconds: Total = Field(
        default_factory=int, validation_alias=_either("total_practice_seconds", "totalPracticeSeconds")
    )
    date: Moment = Field(default_factory=clock.now)

    def facts(self) -> dict[str, Any]:
        """What was named, but for the sections; the words of an analysis besides, where only the analysis says them."""
        named = self.model_dump(exclude_unset=True, exclude={"sections"})
        words = {"analysis_summary": self.summary(), "analysis_feedback": self.feedback()}
        return {name: said for name, said in words.items() if said} | named

    def sections_instead(self) -> list[dict[str, Any]] | None:
        """The sections that take the place of those there were; None where none were named."""
        return [each.facts() for each in self.sections or ()] if "sections" in self.model_fields_set else None


class ListedSessionOut(Out):
    """A session in the history. `audio_url` plays the recording for some hours; null where there is none.

    One that is `recovered` was never finished: it is what had arrived of it when nothing more came.
    """

    id: UUID
    date: datetime.datetime
    song_name: str
    instrument: str
    duration_seconds: int
    total_practice_seconds: int
    audio_url: str | None
    analysis_summary: str | None
    analysis_feedback: str | None
    notes: str | None
    tempo_bpm: float | None
    self_rating: int | None
    recovered: bool


class FullListedSessionOut(ListedSessionOut):
    """The same with the score, where the list is asked for with `full=1`."""

    xml_content: str | None


class SessionOut(FullListedSessionOut):
    """A whole session: what the client calls SessionData.

    It counts for the day `practised_on`, which its date was in `time_zone`, where it was played. `recording_id` is the file of
    its recording at `/files`.
    """

    score: ScoreOut | None  # what the score says of itself
    score_problem: str | None  # why there is none, where `xml_content` could not be read
    analysis: dict[str, Any] | str | None
    score_accuracy: int | None
    sections: list[SectionOut]
    practised_on: datetime.date
    time_zone: str
    recording_id: UUID | None


class SavedSessionOut(SessionOut):
    """The session as it was saved, and what it makes of the streak."""

    streak: int
