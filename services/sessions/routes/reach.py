"""What the endpoints of sessions reach for: who is calling, on which calendar, and the world outside."""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Query, Request, Response

from services.sessions.calendars import rules
from services.sessions.calendars.days import View
from services.sessions.errors import SessionNotFound, UnknownTimeZone
from services.sessions.peers import Media, Owner
from services.sessions.practice.listing import Filters
from services.sessions.schemas.fields import Day
from services.sessions.world import World
from shared import clock, json, paging
from shared.fastapi_app.guards import Db, SignedIn, id_or, shell
from shared.schemas import Line
from shared.shell import Shell


def _world(request: Request) -> World:
    found: World = shell(request).world
    return found


def _media(world: "TheWorld") -> Media:
    return world.media


def _owner(caller: SignedIn) -> Owner:
    return Owner(caller.id, caller.session_id)


def _asked_zone(tz: Annotated[str | None, Query(description="An IANA time zone")] = None) -> str | None:
    if tz is not None and not clock.is_zone(tz):
        raise UnknownTimeZone(tz=tz[:100])
    return tz


def _zone(caller: SignedIn, world: "TheWorld", asked: "AskedZone") -> str:
    return asked or caller.zone or world.settings.default_time_zone


def _today(caller: SignedIn, db: Db, zone: "Zone") -> date:
    return rules.today(db, user_id=caller.id, zone=zone)


def _seen_from(caller: SignedIn, db: Db, asked: "AskedZone") -> View | None:
    return rules.view(db, user_id=caller.id, zone=asked) if asked else None


def _session_id(session_id: str) -> UUID:
    return id_or(SessionNotFound, session_id)


async def _began() -> datetime:
    return clock.now()


Began = Annotated[datetime, Depends(_began)]  # when this request did, where it is the first thing that an endpoint asks for
FromDay = Annotated[Day | None, Query(alias="from", description="The first day that is asked for")]
ToDay = Annotated[Day | None, Query(alias="to", description="The last day that is asked for")]
TheShell = Annotated[Shell, Depends(shell)]
TheWorld = Annotated[World, Depends(_world)]
TheMedia = Annotated[Media, Depends(_media)]
TheOwner = Annotated[Owner, Depends(_owner)]
AskedZone = Annotated[str | None, Depends(_asked_zone)]
Zone = Annotated[str, Depends(_zone)]
SeenFrom = Annotated[View | None, Depends(_seen_from)]
Today = Annotated[date, Depends(_today)]  # of the caller's calendar, with the hour at which their days begin
SessionId = Annotated[UUID, Depends(_session_id)]
Limit = Annotated[int, Query(ge=1, le=paging.ALL)]
Offset = Annotated[int, Query(ge=0, le=2**31)]


def _filters(
    song_name: Annotated[Line | None, Query(description="One piece, whatever the case of its letters")] = None,
    instrument: Line | None = None,
    from_day: FromDay = None,
    to_day: ToDay = None,
    has_recording: bool | None = None,
    has_score: bool | None = None,
) -> Filters:
    return Filters(song_name, instrument, from_day, to_day, has_recording, has_score)


TheFilters = Annotated[Filters, Depends(_filters)]


def answer(document: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """A document as JSON."""
    return Response(json.dumps(document), status, headers, "application/json")
