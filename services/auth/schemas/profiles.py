"""Profiles, and the questions of the beginning."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, Field, StringConstraints

from services.auth.schemas.accounts import UserOut
from services.auth.schemas.fields import Username, Zone
from shared import clock, json
from shared.schemas import In, Line, Out, Text

MAX_PREFERENCES_BYTES = 16 * 1024  # as JSON
MAX_ANSWER_BYTES = 4 * 1024
MAX_ANSWERS = 100
MAX_DEPTH = 8  # of nested lists and objects in preferences and answers
OLDEST = date(1900, 1, 1)


def _short(limit_bytes: int) -> AfterValidator:
    def check(value: Any) -> Any:
        if _depth(value) > MAX_DEPTH:
            raise ValueError(f"nested deeper than {MAX_DEPTH}")
        if len(json.dumps(value)) > limit_bytes:
            raise ValueError(f"longer than {limit_bytes} bytes")
        return value

    return AfterValidator(check)


def _depth(value: Any) -> int:
    inner: Iterable[Any] = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + max(map(_depth, inner), default=0) if isinstance(value, dict | list) else 0


def _born(day: date) -> date:
    if not OLDEST <= day <= clock.now().date():
        raise ValueError("nobody was born then")
    return day


def _picture(address: str) -> str:
    if not address.startswith(("https://", "http://", "/")) or any(map(str.isspace, address)):
        raise ValueError("a picture's address begins with https://, http:// or /")
    return address


PartOfName = Annotated[Line, StringConstraints(max_length=100)]
Picture = Annotated[Line, AfterValidator(_picture)]
Born = Annotated[date, AfterValidator(_born)]
Preferences = Annotated[dict[str, Any], _short(MAX_PREFERENCES_BYTES)]
Answer = Annotated[Any, _short(MAX_ANSWER_BYTES)]


class ProfileChange(In):
    """What is sent is replaced, what is not sent stays. null empties a field that may be empty."""

    username: Username | None = None
    name: Annotated[Text, StringConstraints(strip_whitespace=True, max_length=255)] = ""
    first_name: PartOfName | None = None
    last_name: PartOfName | None = None
    avatar: Picture | None = None
    birth_date: Born | None = None
    time_zone: Zone = Field(default="", description="An IANA name, such as Europe/Vienna, or empty.")
    bio: Annotated[Text, StringConstraints(max_length=2000)] = ""
    preferences: Preferences = Field(default_factory=dict, description="Any JSON object of at most 16 KiB.")


class ZoneChange(In):
    """The time zone that days are counted in."""

    time_zone: Zone


class ProfileOut(UserOut):
    """Account and profile. `time_zone` is an IANA name, or empty."""

    name: str
    roles: list[str]
    is_email_confirmed: bool
    first_name: str | None
    last_name: str | None
    avatar: str | None
    birth_date: date | None
    time_zone: str
    bio: str
    preferences: dict[str, Any]
    created_at: datetime
    last_login_at: datetime | None


class OnboardingAnswer(In):
    """One question and what was answered."""

    question_id: Annotated[Line, StringConstraints(max_length=100)] = Field(alias="questionId")
    question: Annotated[Line, StringConstraints(max_length=1000)]
    answer: Answer


class OnboardingAnswers(In):
    """What a newcomer answered; it replaces what they answered before."""

    responses: Annotated[list[OnboardingAnswer], Field(max_length=MAX_ANSWERS)]


class OnboardingAnswerOut(Out):
    """One question and its answer."""

    question_id: str = Field(serialization_alias="questionId")
    question: str
    answer: Any


class OnboardingOut(Out):
    """The questions and answers, in order."""

    responses: list[OnboardingAnswerOut]
