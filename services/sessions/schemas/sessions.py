"""JSON of sessions. Both spellings of a session come in: seed 001's camelCase, and the snake_case of its real client."""

import math
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, AliasChoices, BeforeValidator, ConfigDict, Field, StringConstraints

from services.sessions.schemas.scores import ScoreOut
from shared import clock, json
from shared.schemas import In, Line, Out, Text

DAY_SECONDS = 86_400  # no session is longer
MAX_SECONDS = 2**31 - 1  # a Postgres integer
MAX_SCORE_BYTES = 5 * 1024 * 1024  # of MusicXML; a symphony's full score has about as much
MAX_ANALYSIS_BYTES = 8 * 1024 * 1024  # two spectrograms as pictures, and the marked-up score
MAX_WORDS = 20_000  # characters of a summary or of feedback: every list carries them
EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
SLACK = timedelta(days=1)  # clocks run wrong, and calendars are up to 14 hours ahead
SUMMARY_KEYS = ("performace_summary", "performance_summary", "summary")  # the first is how the client spells it
FEEDBACK_KEYS = ("coach-feedback", "coach_feedback", "feedback")


def _rounded(value: Any) -> Any:
    """The client measures in fractions of a second; a half counts as a whole."""
    return math.floor(value + 0.5) if isinstance(value, float) else value


def _iso(value: Any) -> Any:
    if value is not None and not isinstance(value, str):
        raise ValueError("is not ISO 8601")
    return value or None


def _a_moment(value: datetime | None) -> datetime | None:
    """A date without a zone is on the player's calendar, which may be some hours ahead of or behind UTC."""
    at = value if value is None or value.tzinfo else value.replace(tzinfo=UTC)
    if at is not None and not EARLIEST - SLACK <= at <= clock.now() + SLACK:
        raise ValueError("is before 1970 or in the future")
    return value


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


Seconds = Annotated[int, BeforeValidator(_rounded), Field(strict=True, ge=0)]
Words = Annotated[Text, StringConstraints(max_length=MAX_WORDS)]


class NewSession(In):
    """A completed practice session.

    `analysis` is what the analysis said: an object, or a string, which then is the feedback. `audioBase64` is the recording in
    Base64, plain or as a data URL; empty where there is none.
    """

    model_config = ConfigDict(extra="ignore")  # the client sends what it has at hand

    song_name: Line = Field(validation_alias=_either("song_name", "songName"))
    instrument: Line
    duration_seconds: Annotated[Seconds, Field(le=DAY_SECONDS)] = Field(
        validation_alias=_either("duration_seconds", "duration", "durationSeconds")
    )
    total_practice_seconds: Annotated[Seconds, Field(le=MAX_SECONDS)] | None = Field(
        default=None, validation_alias=_either("total_practice_seconds", "totalPracticeSeconds")
    )
    date: Annotated[datetime | None, BeforeValidator(_iso), AfterValidator(_a_moment)] = None
    xml_content: Annotated[str, AfterValidator(_score)] | None = Field(
        default=None, validation_alias=_either("xml_content", "xmlContent")
    )
    analysis: Annotated[str | dict[str, Any] | None, AfterValidator(_analysis)] = None
    analysis_summary: Words | None = Field(default=None, validation_alias=_either("analysis_summary", "analysisSummary"))
    analysis_feedback: Words | None = Field(default=None, validation_alias=_either("analysis_feedback", "analysisFeedback"))
    score_accuracy: Annotated[Seconds, Field(le=100)] | None = Field(
        default=None, validation_alias=_either("score_accuracy", "scoreAccuracy")
    )
    audio_base64: str | None = Field(default=None, validation_alias=_either("audioBase64", "audio_base64"))

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


class ListedSessionOut(Out):
    """A session in the history. `audio_url` plays the recording for some hours; null where there is none."""

    id: UUID
    date: datetime
    song_name: str
    instrument: str
    duration_seconds: int
    total_practice_seconds: int
    audio_url: str | None
    analysis_summary: str | None
    analysis_feedback: str | None


class FullListedSessionOut(ListedSessionOut):
    """The same with the score, where the list is asked for with `full=1`."""

    xml_content: str | None


class SessionOut(FullListedSessionOut):
    """A whole session: what the client calls SessionData."""

    score: ScoreOut | None  # what the score says of itself
    score_problem: str | None  # why there is none, where `xml_content` could not be read
    analysis: dict[str, Any] | str | None
    score_accuracy: int | None


class SavedSessionOut(SessionOut):
    """The session as it was saved, and what it makes of the streak."""

    streak: int
