"""Which passages to practise next: those that are due, the longest overdue first, and what comes after them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session as Database

from services.sessions.planning import intervals, works
from services.sessions.planning.intervals import Plan
from services.sessions.planning.works import Passage, Work

MOST_WORKS = 20_000  # the latest of them: what was not touched for so long begins anew
NOTHING = "Nothing is known yet: save sections with your sessions, and how each of them went, to see here what is due."
NOTHING_DUE = "Nothing is due today."
UNRATED = "None of your sections is rated, so each counts as just passed: rate them from 1 to 5 to be asked sooner or later."


@dataclass(frozen=True, slots=True)
class NextUp:
    """What is due, and what comes; each at most as long as asked for. `said` is for people."""

    due: list[dict[str, Any]]
    coming: list[dict[str, Any]]
    due_total: int
    said: str


def of(db: Database, *, user_id: UUID, today: date, limit: int, song_name: str | None, instrument: str | None) -> NextUp:
    """What somebody should practise, as of `today` on their calendar."""
    found = works.by_passage(db, user_id=user_id, song_name=song_name, instrument=instrument, most=MOST_WORKS)
    planned = [(intervals.plan(done), passage, done) for passage, done in found.items()]
    planned.sort(key=lambda each: (each[0].due_on, each[1].piece, each[1].first_measure, each[1].last_measure))
    shown = [_shown(plan, passage, done, today) for plan, passage, done in planned]
    due = [each for each in shown if each["days_overdue"] >= 0]
    return NextUp(due[:limit], shown[len(due) :][:limit], len(due), _said(list(found.values()), len(due)))


def _said(done: Sequence[Sequence[Work]], due: int) -> str:
    if not done:
        return NOTHING
    words = NOTHING_DUE if not due else "1 section is due." if due == 1 else f"{due} sections are due."
    if all(work.rating is None for each in done for work in each):
        words += f" {UNRATED}"
    return words


def _shown(plan: Plan, passage: Passage, done: Sequence[Work], today: date) -> dict[str, Any]:
    last = done[-1]
    return {
        "song_name": last.song_name,
        "instrument": last.instrument,
        "first_measure": passage.first_measure,
        "last_measure": passage.last_measure,
        "due_on": plan.due_on,
        "days_overdue": (today - plan.due_on).days,
        "interval_days": plan.interval_days,
        "reviews": plan.reviews,
        "last_practised_on": last.on,
        "last_rating": next((work.rating for work in reversed(done) if work.rating is not None), None),
        "last_tempo_bpm": next((work.tempo_bpm for work in reversed(done) if work.tempo_bpm is not None), None),
        "why": _why(plan),
    }


def _why(plan: Plan) -> str:
    """In words.

    >>> _why(Plan(date(2026, 1, 7), 6, 2, False))
    'It went well 2 times in a row, so it is asked after 6 days.'
    """
    after = "the next day" if plan.interval_days == 1 else f"after {plan.interval_days} days"
    if plan.failed:
        return f"It did not go well the last time, so it is asked again {after}."
    times = "once" if plan.reviews == 1 else f"{plan.reviews} times in a row"
    return f"It went well {times}, so it is asked {after}."
