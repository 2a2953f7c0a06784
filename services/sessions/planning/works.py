"""Every time that a section was worked on: what plans are made of."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session as Database

from services.sessions.models.practice import Section, Session
from services.sessions.practice.listing import Filters
from services.sessions.practice.sessions import saved_by


@dataclass(frozen=True, slots=True)
class Passage:
    """The same measures of the same piece on the same instrument. Other measures, also where some are the same, are another."""

    piece: str
    instrument: str
    first_measure: int
    last_measure: int

    @property
    def measures(self) -> int:
        """How many."""
        return self.last_measure - self.first_measure + 1


@dataclass(frozen=True, slots=True)
class Work:
    """One time that a passage was worked on, under the names that the session had."""

    song_name: str
    instrument: str
    on: date
    seconds: int
    tempo_bpm: float | None
    rating: int | None


def by_passage(
    db: Database, *, user_id: UUID, song_name: str | None, instrument: str | None, most: int
) -> dict[Passage, list[Work]]:
    """The latest that somebody worked on, of everything or of one piece or instrument; each passage's oldest work first."""
    found: dict[Passage, list[Work]] = defaultdict(list)
    for passage, work in _latest(db, user_id, song_name, instrument, most):
        found[passage].append(work)
    return {passage: done[::-1] for passage, done in found.items()}


def _latest(
    db: Database, user_id: UUID, song_name: str | None, instrument: str | None, most: int
) -> Iterator[tuple[Passage, Work]]:
    worked = (
        select(
            Session.piece,
            Session.folded_instrument,
            Session.song_name,
            Session.instrument,
            Session.practised_on,
            Section.first_measure,
            Section.last_measure,
            Section.seconds,
            Section.tempo_bpm,
            Section.rating,
        )
        .join(Session, Session.id == Section.session_id)
        .where(Section.user_id == user_id, *saved_by(user_id), *Filters(song_name, instrument).conditions())
        .order_by(Session.date.desc(), Session.id.desc(), Section.position.desc())
        .limit(most)
    )
    for row in db.execute(worked):
        passage = Passage(row.piece, row.folded_instrument, row.first_measure, row.last_measure)
        yield passage, Work(row.song_name, row.instrument, row.practised_on, row.seconds, row.tempo_bpm, row.rating)
