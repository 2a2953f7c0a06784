"""`/api/stats`: what practice adds up to."""

from dataclasses import asdict, replace
from typing import Annotated

from fastapi import Depends, Query, Request, Response

from services.sessions.calendars import periods
from services.sessions.calendars.periods import Per
from services.sessions.routes.reach import FromDay, Offset, SeenFrom, ToDay, Today, Zone, answer
from services.sessions.schemas.stats import HeatmapOut, InstrumentOut, PeriodOut, PieceOut, StatsOut
from services.sessions.stats import drawings, heatmaps, overview, totals
from services.sessions.stats.drawings import Chart
from services.sessions.stats.practised import Wanted
from services.sessions.stats.totals import Page
from shared import paging
from shared.fastapi_app.app import router as new_router
from shared.fastapi_app.guards import Db, SignedIn
from shared.schemas import Line

router = new_router()

SVG = "image/svg+xml"
SVG_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
    "Cache-Control": "private, max-age=60",
}
AYear = Annotated[int | None, Query(ge=1970, le=2100)]
Limit = Annotated[int, Query(ge=1, le=paging.MAX_LIMIT)]


def _wanted(
    caller: SignedIn,
    seen_from: SeenFrom,
    since: FromDay = None,
    until: ToDay = None,
    song_name: Line | None = None,
    instrument: Line | None = None,
) -> Wanted:
    return Wanted(caller.id, since, until, song_name, instrument, seen_from)


TheWanted = Annotated[Wanted, Depends(_wanted)]


@router.get("/api/stats", response_model=StatsOut)
def read_stats(caller: SignedIn, db: Db, zone: Zone, seen_from: SeenFrom) -> Response:
    """Minutes of each of the last seven days, today last, and your streak.

    Days are those of `tz`; without it, each session counts on the day that it was where it was played.
    """
    return answer(overview.of(db, user_id=caller.id, zone=zone, seen_from=seen_from))


@router.get("/api/stats/minutes", response_model=list[PeriodOut])
def list_minutes(db: Db, wanted: TheWanted, today: Today, per: Per = Per.DAY) -> Response:
    """Minutes per day, week or month, oldest first, empty ones too: of everything, one piece or one instrument.

    Every period is whole, also where `from` or `to` lies inside it. Without them: 30 days, 12 weeks or 12 months until today.
    """
    span = totals.span(per, from_on=wanted.from_on, until_on=wanted.until_on, today=today)
    return answer(totals.per_period(db, replace(wanted, from_on=span.from_on, until_on=span.until_on), per))


@router.get("/api/stats/pieces", response_model=list[PieceOut])
def list_pieces(request: Request, db: Db, wanted: TheWanted, limit: Limit = paging.LIMIT, offset: Offset = 0) -> Response:
    """What you practised of each piece, the most practised first. Case and spaces make no other piece."""
    return _page(request, totals.by_piece(db, wanted, limit=limit, offset=offset), offset)


@router.get("/api/stats/instruments", response_model=list[InstrumentOut])
def list_instruments(request: Request, db: Db, wanted: TheWanted, limit: Limit = paging.LIMIT, offset: Offset = 0) -> Response:
    """What you practised on each instrument, the most practised first."""
    return _page(request, totals.by_instrument(db, wanted, limit=limit, offset=offset), offset)


@router.get("/api/stats/heatmap", response_model=HeatmapOut)
def read_heatmap(db: Db, wanted: TheWanted, today: Today, year: AYear = None) -> Response:
    """Every day of a year, with its minutes and a level from 0 (nothing) to 4 (as long as the longest quarter of its days)."""
    number = year or today.year
    seconds = totals.year(db, wanted, number)
    return answer(
        {
            "year": number,
            "days": [asdict(each) for each in heatmaps.squares(seconds)],
            "practised_days": sum(each > 0 for each in seconds.values()),
            "total_minutes": periods.minutes(sum(seconds.values())),
            "week_starts_on": 1,
        }
    )


@router.get("/api/stats/chart.svg", response_class=Response, responses={200: {"content": {SVG: {}}}})
def draw_chart(db: Db, wanted: TheWanted, today: Today, of: Chart = Chart.WEEK, year: AYear = None) -> Response:
    """A picture of it, light or dark as the reader's system is. A daily goal is a line in charts of days."""
    return Response(drawings.draw(db, wanted, of, today=today, year=year or today.year), headers=SVG_HEADERS, media_type=SVG)


def _page(request: Request, page: Page, offset: int) -> Response:
    following = offset + len(page.rows)
    query = request.query_params.multi_items()
    next_offset = following if page.rows and following < page.total else None
    return answer(page.rows, headers=paging.offset_headers(request.url.path, query, total=page.total, next_offset=next_offset))
