"""What several documents of sessions are made of: lengths of time, tempos, ratings, moments, words."""

import math
import re
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints

from shared import clock
from shared.schemas import NoControlCharacters

DAY_SECONDS = 86_400  # no session is longer
MAX_SECONDS = 2**31 - 1  # a Postgres integer
MAX_TEMPO_BPM = 1_000
MAX_WORDS = 20_000  # characters of a summary, of feedback or of notes: every list carries them
EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
SLACK = timedelta(days=1)  # clocks run wrong, and calendars are up to 14 hours ahead
ISO_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _rounded(value: Any) -> Any:
    """The client measures in fractions of a second; a half counts as a whole."""
    return math.floor(value + 0.5) if isinstance(value, float) else value


def _a_day(value: Any) -> Any:
    """Pydantic would take seconds since 1970 for a day too."""
    if not isinstance(value, str) or not ISO_DAY.fullmatch(value):
        raise ValueError("is no day, such as 2026-01-31")
    return value


def _iso(value: Any) -> Any:
    """A day without an hour is noon of that day: that is on it wherever days begin. Pydantic would take mere seconds too."""
    if not isinstance(value, str) or not ISO_DAY.match(value):
        raise ValueError("is not ISO 8601")
    return f"{value}T12:00:00" if ISO_DAY.fullmatch(value) else value


def _a_moment(value: datetime) -> datetime:
    """A date without a zone is on the player's calendar, which may be some hours ahead of or behind UTC."""
    at = value if value.tzinfo else value.replace(tzinfo=UTC)
    if not EARLIEST - SLACK <= at <= clock.now() + SLACK:
        raise ValueError("is before 1970 or in the future")
    return value


def _none_if_blank(value: Any) -> Any:
    return None if isinstance(value, str) and not value.strip() else value


Seconds = Annotated[int, BeforeValidator(_rounded), Field(strict=True, ge=0)]
Length = Annotated[Seconds, Field(le=DAY_SECONDS)]
Total = Annotated[Seconds, Field(le=MAX_SECONDS)]
Day = Annotated[date, BeforeValidator(_a_day), Field(ge=EARLIEST.date(), le=date(2100, 12, 31))]
Moment = Annotated[datetime, BeforeValidator(_iso), AfterValidator(_a_moment)]
Tempo = Annotated[float, Field(strict=True, gt=0, le=MAX_TEMPO_BPM)]  # quarter notes a minute
Rating = Annotated[int, Field(strict=True, ge=1, le=5)]
Accuracy = Annotated[Seconds, Field(le=100)]
Words = Annotated[str, StringConstraints(max_length=MAX_WORDS), NoControlCharacters]
Notes = Annotated[Words | None, BeforeValidator(_none_if_blank)]
