"""JSON of sessions that are still going on."""

import datetime
import math
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, AliasChoices, Field

from services.sessions.schemas.fields import DAY_SECONDS, MAX_SECONDS, Moment, Notes, Tempo
from services.sessions.schemas.sessions import NewSession
from shared.schemas import In, Line, Out, Text


def _rounded(seconds: float) -> int:
    """A half counts as a whole, as in a completed session."""
    return math.floor(seconds + 0.5)


Seconds = Annotated[float, Field(ge=0, le=DAY_SECONDS, allow_inf_nan=False), AfterValidator(_rounded)]
TotalSeconds = Annotated[float, Field(ge=0, le=MAX_SECONDS, allow_inf_nan=False), AfterValidator(_rounded)]


class NewRunningSession(In):
    """A practice session that begins now. What is not known yet is told when it is finished."""

    song_name: Line = Field(validation_alias=AliasChoices("song_name", "songName"))
    instrument: Line
    date: Moment | None = None
    tempo_bpm: Tempo | None = Field(default=None, validation_alias=AliasChoices("tempo_bpm", "tempoBpm"))
    notes: Notes = None
    xml_content: Text | None = Field(default=None, validation_alias=AliasChoices("xml_content", "xmlContent"))


class RunningSessionOut(Out):
    """A session that goes on: a chunk of it is to be sent every `chunk_seconds`; `chunks` are the numbers that have arrived.

    One that is `saving` was finished, and whoever finished it was cut off: finish it again, or leave it to us.
    """

    id: UUID
    state: Literal["running", "saving"]
    song_name: str
    instrument: str
    date: datetime.datetime
    tempo_bpm: float | None
    notes: str | None
    started_at: datetime.datetime
    chunk_seconds: int
    chunks: list[int]
    duration_seconds: int
    total_practice_seconds: int
    size_bytes: int


class ChunkOut(Out):
    """A chunk that has arrived: what it says of the session so far, and how many bytes of sound it holds."""

    number: int
    duration_seconds: int
    total_practice_seconds: int
    size_bytes: int


def merged(said: dict[str, Any], known: dict[str, Any]) -> dict[str, Any]:
    """What is said of a session in the end, under whichever of its names, and what was known of it before.

    >>> merged({"songName": "Minuet"}, {"song_name": "Untitled", "instrument": "Piano"})
    {'songName': 'Minuet', 'instrument': 'Piano'}
    """
    return said | {name: value for name, value in known.items() if not _names(name) & said.keys()}


def _names(name: str) -> set[str]:
    alias = NewSession.model_fields[name].validation_alias
    return {name, *(str(each) for each in alias.choices)} if isinstance(alias, AliasChoices) else {name}
