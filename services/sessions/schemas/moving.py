"""JSON of imports."""

from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, AliasChoices, BeforeValidator, Field

from services.sessions.schemas.fields import Moment
from services.sessions.schemas.sessions import NewSession
from shared import clock
from shared.schemas import Out


def _a_zone(name: str) -> str:
    if not clock.is_zone(name):
        raise ValueError("is no IANA time zone, such as Europe/Prague")
    return name


def _no_recording(sent: str | None) -> str | None:
    if sent and not sent.isspace():
        raise ValueError("is not imported; save this session by itself, with its recording")
    return sent


def _an_id(value: Any) -> Any:
    """An id of ours, from an export; whatever else programs number their rows by is nothing to us."""
    try:
        return UUID(value)
    except (ValueError, TypeError, AttributeError):
        return None


class ImportedSession(NewSession):
    """A session as an export has it, or as it would be saved; its zone where it says one.

    It says when it was: one that did not would be another session whenever its file is sent again.
    """

    date: Moment
    audio_base64: Annotated[str | None, AfterValidator(_no_recording)] = Field(
        default=None, validation_alias=AliasChoices("audioBase64", "audio_base64")
    )
    id: Annotated[UUID | None, BeforeValidator(_an_id)] = None
    time_zone: Annotated[str, AfterValidator(_a_zone)] | None = Field(
        default=None, validation_alias=AliasChoices("time_zone", "timeZone")
    )


class FieldOut(Out):
    """What is wrong with one field."""

    field: str
    message: str


class RefusedRowOut(Out):
    """A row that was not kept: the number of its line in CSV, its place from 1 on in JSON."""

    row: int
    errors: list[FieldOut]


class ImportOut(Out):
    """What became of the rows of a file; of a dry run, what would."""

    imported: int
    already_there: int
    refused: int
    rows: list[RefusedRowOut]
    dry_run: bool
