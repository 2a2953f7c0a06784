"""The player's calendar: when days begin, which are for rest, and why a streak is what it is."""

from typing import Annotated

from fastapi import Path, Query, Request, Response

from services.sessions.calendars import explaining, resting, rules
from services.sessions.routes.reach import Zone, answer
from services.sessions.schemas.calendars import (
    CalendarChange,
    CalendarOut,
    ExplainedOut,
    RestDayChange,
    RestDayOut,
)
from services.sessions.schemas.fields import Day
from shared import paging
from shared.fastapi_app.app import router as new_router
from shared.fastapi_app.guards import Db, SignedIn

router = new_router()

RestOn = Annotated[Day, Path(alias="date", description="A date such as 2026-01-31")]
Before = Annotated[Day | None, Query(description="Only days before this one")]
Limit = Annotated[int, Query(ge=1, le=paging.MAX_LIMIT)]


@router.get("/api/stats/calendar", response_model=CalendarOut)
def read_calendar(caller: SignedIn, db: Db, zone: Zone) -> Response:
    """When your days begin, and on which weekdays you rest."""
    return answer(rules.shown(db, user_id=caller.id, zone=zone))


@router.put("/api/stats/calendar", response_model=CalendarOut)
def change_calendar(change: CalendarChange, caller: SignedIn, db: Db, zone: Zone) -> Response:
    """Change it from a day on. A change from today on leaves every day that is over as it was."""
    if change.from_on:
        resting.within_reach(db, change.from_on, user_id=caller.id, zone=zone)
    rules.change(db, user_id=caller.id, zone=zone, **change.model_dump())
    return answer(rules.shown(db, user_id=caller.id, zone=zone))


@router.get("/api/stats/rest-days", response_model=list[RestDayOut])
def list_rest_days(request: Request, caller: SignedIn, db: Db, limit: Limit = paging.LIMIT, cursor: Before = None) -> Response:
    """Your single days off, the last one first, planned ones among them. Where more are left, `Link` names the next page."""
    found = resting.page(db, user_id=caller.id, limit=limit, before=cursor)
    query = request.query_params.multi_items()
    headers = paging.headers(request.url.path, query, total=found.total, next_cursor=found.next_cursor)
    return answer(found.documents, headers=headers)


@router.put("/api/stats/rest-days/{date}", response_model=RestDayOut)
def rest(day: RestOn, caller: SignedIn, db: Db, zone: Zone, change: RestDayChange | None = None) -> Response:
    """Rest on a day, planned or told afterwards: it ends no streak. There may be as many as you like."""
    reason = change.reason if change else None
    return answer(resting.add(db, day, user_id=caller.id, zone=zone, reason=reason or None))


@router.delete("/api/stats/rest-days/{date}", status_code=204)
def practise_again(day: RestOn, caller: SignedIn, db: Db) -> None:
    """Let a day be one of practice again."""
    resting.take_back(db, day, user_id=caller.id)


@router.get("/api/stats/explain", response_model=ExplainedOut)
def explain_streak(caller: SignedIn, db: Db, zone: Zone, before: Before = None, limit: Limit = paging.LIMIT) -> Response:
    """Which days make your streak, and why, newest first, back to the day that ended the one before it.

    A day counts on which you practised for a second at least, where you were, and from the hour on at which your days begin.
    Days of rest neither add nor end; a day that travel or the calendar swallowed is not missed; today waits until it is over.
    With `before`, older days follow.
    """
    return answer(explaining.explain(db, user_id=caller.id, zone=zone, before=before, limit=limit))
