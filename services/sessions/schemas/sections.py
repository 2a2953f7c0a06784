"""JSON of sections: the runs of measures that were worked on in a session."""

from typing import Annotated, Any, Self

from pydantic import AfterValidator, AliasChoices, Field, model_validator

from services.sessions.schemas.fields import DAY_SECONDS, Rating, Seconds, Tempo
from shared.schemas import In, Out

MAX_SECTIONS = 200  # of one session
MAX_MEASURE = 99_999  # no score has more measures
MINUTE_SECONDS = 60

Measure = Annotated[int, Field(strict=True, ge=0, le=MAX_MEASURE)]


class NewSection(In):
    """Measures as they are printed, both ends included; for how long, in `seconds` or `minutes`; how fast it went at last."""

    first_measure: Measure = Field(validation_alias=AliasChoices("first_measure", "firstMeasure"))
    last_measure: Measure = Field(validation_alias=AliasChoices("last_measure", "lastMeasure"))
    seconds: Annotated[Seconds, Field(le=DAY_SECONDS)] | None = None
    minutes: Annotated[float, Field(strict=True, ge=0, le=DAY_SECONDS / MINUTE_SECONDS)] | None = None
    tempo_bpm: Tempo | None = Field(default=None, validation_alias=AliasChoices("tempo_bpm", "tempoBpm"))
    rating: Rating | None = None

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if self.last_measure < self.first_measure:
            raise ValueError("last_measure comes before first_measure")
        if (self.seconds is None) == (self.minutes is None):
            raise ValueError("needs either seconds or minutes")
        return self

    def whole_seconds(self) -> int:
        """For how long, whichever way it was said; half a second counts as a whole one."""
        return int((self.minutes or 0) * MINUTE_SECONDS + 0.5) if self.seconds is None else self.seconds

    def facts(self) -> dict[str, Any]:
        """What is kept of it."""
        kept = self.model_dump(include={"first_measure", "last_measure", "tempo_bpm", "rating"})
        return kept | {"seconds": self.whole_seconds()}


def _a_day_at_most(sections: list[NewSection]) -> list[NewSection]:
    """Sections may overlap, and their times are often guessed afterwards: they need not add up to the session's own."""
    if sum(each.whole_seconds() for each in sections) > DAY_SECONDS:
        raise ValueError("add up to more than a day")
    return sections


NewSections = Annotated[list[NewSection], Field(max_length=MAX_SECTIONS), AfterValidator(_a_day_at_most)]


class SectionOut(Out):
    """A run of measures that was worked on."""

    first_measure: int
    last_measure: int
    seconds: int
    tempo_bpm: float | None
    rating: int | None
