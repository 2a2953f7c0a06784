"""What to practise next, and where somebody is stuck."""

from dataclasses import asdict
from typing import Annotated

from fastapi import Query, Response

from services.sessions.planning import next_up, stuck
from services.sessions.routes.reach import Today, answer
from services.sessions.schemas.planning import NextUpOut, StuckOut
from shared.fastapi_app.app import router as new_router
from shared.fastapi_app.guards import Db, SignedIn
from shared.schemas import Line

router = new_router()

SHOWN = 20
Limit = Annotated[int, Query(ge=1, le=100)]


@router.get("/api/sessions/next-up", response_model=NextUpOut)
def read_next_up(
    caller: SignedIn,
    db: Db,
    today: Today,
    limit: Limit = SHOWN,
    song_name: Line | None = None,
    instrument: Line | None = None,
) -> Response:
    """The sections that are due, by spaced repetition (SM-2) of how each of them went; and what comes after."""
    wanted = {"song_name": song_name, "instrument": instrument}
    return answer(asdict(next_up.of(db, user_id=caller.id, today=today, limit=limit, **wanted)))


@router.get("/api/stats/stuck", response_model=StuckOut)
def read_stuck(
    caller: SignedIn, db: Db, limit: Limit = SHOWN, song_name: Line | None = None, instrument: Line | None = None
) -> Response:
    """The measures with the most minutes and the least gain, with the figures that say so. Little data claims nothing."""
    return answer(asdict(stuck.of(db, user_id=caller.id, limit=limit, song_name=song_name, instrument=instrument)))
