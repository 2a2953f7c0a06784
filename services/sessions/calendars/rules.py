"""When a player's days begin, and on which weekdays they rest: each rule from the day on from which it was made.

A rule made today changes no day that is over, so a streak is never lost by changing a wish. One that is dated back is
meant to: the sessions since are counted anew, in the transaction that makes it.
"""

from collections.abc import Collection
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session as Database

from services.sessions.calendars import days, wishes
from services.sessions.calendars.days import DAY, View
from services.sessions.calendars.wishes import Wishes
from services.sessions.models.calendars import PracticeRule
from services.sessions.models.practice import Session
from shared import clock
from shared import db as database

BEFORE = timedelta(days=2)  # no date anywhere begins so long before the same date in UTC
RECOUNT = text(
    "UPDATE sessions SET practised_on = moved.day FROM unnest(CAST(:ids AS uuid[]), CAST(:days AS date[])) AS moved (id, day) "
    "WHERE sessions.id = moved.id AND sessions.user_id = :user_id"
)


def day_of(db: Database, at: datetime, zone: str, *, user_id: UUID) -> date:
    """The day that a session at that instant counts for, in `zone` and under the rule then in force, to be kept with it.

    Until this transaction ends, the rules stay as they are.
    """
    return keeper(db, user_id=user_id).day_of(at, zone)


def keeper(db: Database, *, user_id: UUID) -> Wishes:
    """The same for many sessions: what gives each its day. Until this transaction ends, the rules stay as they are."""
    hold(db, user_id=user_id)
    return wishes.of(db, user_id=user_id)


def hold(db: Database, *, user_id: UUID) -> None:
    """Keep the rules as they are until this transaction ends; before any row of a session is locked.

    Who saves a session reads the rules and writes a day; who changes the rules, and then the days, must not fall between.
    """
    database.lock(db, _calendar(user_id), with_others=True)


def view(db: Database, *, user_id: UUID, zone: str) -> View:
    """A player's days as they are seen from `zone`, under the rule that is in force there now."""
    wished = wishes.of(db, user_id=user_id)
    return View(zone, wished.on(clock.today(zone)).day_start_hour)


def today(db: Database, *, user_id: UUID, zone: str) -> date:
    """The day that it is for a player in `zone`. Before their day begins it still is yesterday."""
    return wishes.of(db, user_id=user_id).today(zone)


def change(
    db: Database, *, user_id: UUID, zone: str, day_start_hour: int, rest_weekdays: Collection[int], from_on: date | None
) -> None:
    """Make a rule, in place of every later one; unless said otherwise from today on.

    Where days begin earlier from now on, so early that today would end at once, the rule begins with the next date instead.
    """
    database.lock(db, _calendar(user_id))
    wished = wishes.of(db, user_id=user_id)
    on = from_on or _from_now_on(wished, zone, day_start_hour)
    later = (PracticeRule.user_id == user_id, PracticeRule.from_on >= on)
    db.execute(delete(PracticeRule).where(*later))
    facts = {"day_start_hour": day_start_hour, "rest_weekdays": sorted(set(rest_weekdays))}
    db.execute(insert(PracticeRule).values(user_id=user_id, from_on=on, **facts))
    if on < wished.today(zone):
        _recount(db, wishes.of(db, user_id=user_id), user_id=user_id, since=on)


def shown(db: Database, *, user_id: UUID, zone: str) -> dict[str, Any]:
    """What holds today, and every rule, newest first."""
    wished = wishes.of(db, user_id=user_id)
    rules = [
        {"from_on": rule.from_on, "day_start_hour": rule.day_start_hour, "rest_weekdays": sorted(rule.rest_weekdays)}
        for rule in wished.rules
    ]
    on = wished.today(zone)
    now = wished.on(on)
    holds = {"day_start_hour": now.day_start_hour, "rest_weekdays": sorted(now.rest_weekdays)}
    return {"today": on, "zone": zone, **holds, "rules": rules}


def _from_now_on(wished: Wishes, zone: str, day_start_hour: int) -> date:
    now = clock.now()
    today, civil = wished.today(zone), days.day_of(now, zone)
    ends_today = days.day_of(now, zone, day_start_hour=day_start_hour) > today
    return civil + DAY if ends_today else today


def _recount(db: Database, wished: Wishes, *, user_id: UUID, since: date) -> None:
    """Let every session count again for the day that it belongs to, from a date on."""
    kept = select(Session.id, Session.date, Session.time_zone, Session.practised_on)
    known = kept.where(Session.user_id == user_id, Session.date >= days.starts_at(since, "UTC") - BEFORE)
    moved = {}
    for session_id, at, zone, on in db.execute(known):
        if days.day_of(at, zone) >= since and (day := wished.day_of(at, zone)) != on:
            moved[session_id] = day
    if moved:
        db.execute(RECOUNT, {"ids": list(moved), "days": list(moved.values()), "user_id": user_id})


def _calendar(user_id: UUID) -> str:
    return f"calendar of {user_id}"
