"""What practice adds up to."""

from fastapi import Response

from services.sessions.routes.reach import AskedZone, Zone, answer
from services.sessions.schemas.stats import StatsOut
from services.sessions.stats import overview
from shared.fastapi_app.app import router as new_router
from shared.fastapi_app.guards import Db, SignedIn

router = new_router()


@router.get("/api/stats", response_model=StatsOut)
def read_stats(caller: SignedIn, db: Db, zone: Zone, seen_from: AskedZone) -> Response:
    """Minutes of each of the last seven days, today last, and your streak.

    Days are those of `tz`; without it, each session counts on the day that it was where it was played.
    """
    return answer(overview.of(db, user_id=caller.id, zone=zone, seen_from=seen_from))
