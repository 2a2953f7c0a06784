"""`/statistics`: what was listened to, and what that adds up to. Seed 004."""

from collections.abc import Callable, Hashable
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Query, Response

from services.media.errors import UnknownTimeZone
from services.media.library import search
from services.media.listening import annotations, plays, statistics
from services.media.listening.annotations import By
from services.media.models.catalogue import Found
from services.media.routes.needs import FileId, Media
from services.media.schemas.statistics import (
    GlobalTrackOut,
    HabitsOut,
    ListedTrackOut,
    MyTrackOut,
    NewPlayEvent,
    NewRating,
    OverviewOut,
    SummaryOut,
    TopArtistOut,
    TrackSummaryOut,
)
from shared import clock, json, paging
from shared import db as database
from shared.fastapi_app.app import router as new_router
from shared.fastapi_app.guards import Db, SignedIn, once

router = new_router()

TOP = 10  # rows of a list where nobody says how many
UNKNOWN_ZONE = "UTC"  # of whom the token names no zone


def _zone(caller: SignedIn, tz: Annotated[str | None, Query(description="An IANA time zone")] = None) -> str:
    if tz is not None and not clock.is_zone(tz):
        raise UnknownTimeZone(tz=tz[:100])
    return tz or caller.zone or UNKNOWN_ZONE


class Desk:
    """Who asks here for what is added up, and the database as they may see it."""

    def __init__(self, caller: SignedIn, db: Db, media: Media) -> None:
        self.db, self.user_id, self._answers = db, caller.id, media.answers

    def answer(self, asked: Hashable, work_out: Callable[[], Any]) -> Response:
        """What was worked out less than a minute ago, for as long as no file came or went."""
        asked = (asked, statistics.stamp(self.db, user_id=self.user_id))
        body = self._answers.of(self.user_id, asked, lambda: json.dumps(work_out()))
        return Response(body, media_type="application/json")

    def changed(self, track_id: UUID, *, status: int = 200) -> Response:
        """What the listener makes of a track from now on."""
        database.after_commit(self.db, lambda: self._answers.forget(self.user_id))
        row = statistics.one(self.db, track_id, user_id=self.user_id)
        return Response(json.dumps(row), status, media_type="application/json")

    def top(self, by: By, limit: int, offset: int = 0) -> Response:
        """A list of tracks."""
        asked = (by, limit, offset)
        return self.answer(asked, lambda: statistics.tracks(self.db, by, user_id=self.user_id, limit=limit, offset=offset))


Asking = Annotated[Desk, Depends(Desk)]
Limit = Annotated[int, Query(ge=1, le=paging.MAX_LIMIT)]
LongLimit = Annotated[int, Query(ge=1, le=paging.ALL)]
Offset = Annotated[int, Query(ge=0, le=1_000_000)]
Words = Annotated[str, Query(max_length=255)]
Zone = Annotated[str, Depends(_zone)]


@router.post("/statistics/play-event", status_code=201, response_model=MyTrackOut, dependencies=[once], tags=["statistics"])
def keep_play_event(event: NewPlayEvent, desk: Asking) -> Response:
    """Say that you listened to a track; the answer is what you make of it now. Streaming alone counts nothing.

    What was `skipped` and not `completed` is no play, and counts as skipped.
    """
    plays.note(
        desk.db,
        user_id=desk.user_id,
        file_id=event.track_id,
        played_at=event.played_at,
        listened_seconds=event.listen_duration,
        track_seconds=event.track_duration,
        completed=event.completed,
        skipped=event.skipped,
    )
    return desk.changed(event.track_id, status=201)


@router.post("/statistics/rating", response_model=MyTrackOut, dependencies=[once], tags=["statistics"])
def keep_rating(new: NewRating, desk: Asking) -> Response:
    """Rate a track with 1 to 5."""
    annotations.rate(desk.db, Found.TRACK, new.track_id, new.rating, user_id=desk.user_id)
    return desk.changed(new.track_id)


@router.get("/statistics/overview", response_model=OverviewOut, tags=["statistics"])
def show_overview(desk: Asking) -> Response:
    """Your library and your listening, in numbers."""
    mine = {"user_id": desk.user_id}
    return desk.answer("overview", lambda: statistics.library(desk.db, **mine) | statistics.listening(desk.db, **mine))


@router.get("/statistics/user/summary", response_model=SummaryOut, tags=["statistics"])
def show_my_summary(desk: Asking) -> Response:
    """What you have listened to, all in all."""
    return desk.answer("summary", lambda: statistics.mine(desk.db, user_id=desk.user_id))


@router.get("/statistics/user/all", response_model=list[ListedTrackOut], tags=["statistics"])
def list_my_tracks(desk: Asking, limit: LongLimit = paging.ALL, offset: Offset = 0) -> Response:
    """Every track that you have played, the last one first."""
    return desk.top(By.PLAYED_LAST, limit, offset)


@router.get("/statistics/user/track/{track_id}", response_model=MyTrackOut, tags=["statistics"])
def show_my_track(track_id: FileId, desk: Asking) -> Response:
    """What you make of one track."""
    return Response(json.dumps(statistics.one(desk.db, track_id, user_id=desk.user_id)), media_type="application/json")


@router.get("/statistics/track/{track_id}/summary", response_model=TrackSummaryOut, tags=["statistics"])
def show_track_summary(track_id: FileId, desk: Asking) -> Response:
    """What everybody who may hear a track makes of it together."""
    found = statistics.summary(desk.db, track_id, user_id=desk.user_id)
    return Response(json.dumps(found), media_type="application/json")


@router.get("/statistics/top-tracks", response_model=list[ListedTrackOut], tags=["statistics"])
def list_top_tracks(desk: Asking, limit: Limit = TOP) -> Response:
    """Your tracks that you play most."""
    return desk.top(By.PLAYED_MOST, limit)


@router.get("/statistics/top-tracks/rated", response_model=list[ListedTrackOut], tags=["statistics"])
def list_rated_tracks(desk: Asking, limit: Limit = TOP) -> Response:
    """Your tracks that you rated highest."""
    return desk.top(By.RATED, limit)


@router.get("/statistics/top-tracks/global", response_model=list[GlobalTrackOut], tags=["statistics"])
def list_tracks_of_all(desk: Asking, limit: Limit = TOP) -> Response:
    """The most played tracks of all that you may read: your own, and those in public playlists."""
    return desk.answer(("global", limit), lambda: statistics.everywhere(desk.db, user_id=desk.user_id, limit=limit))


@router.get("/statistics/top-artists", response_model=list[TopArtistOut], tags=["statistics"])
def list_top_artists(desk: Asking, limit: Limit = TOP) -> Response:
    """The artists that you play most."""
    return desk.answer(("artists", limit), lambda: statistics.artists(desk.db, user_id=desk.user_id, limit=limit))


@router.get("/statistics/listening-habits", response_model=HabitsOut, tags=["statistics"])
def show_habits(desk: Asking, zone: Zone, days: Annotated[int, Query(ge=1, le=366)] = 30) -> Response:
    """When you listen, in the last so many days. Days and hours are of the time zone of your profile, or of `tz`."""
    asked = ("habits", zone, days, clock.today(zone))
    return desk.answer(asked, lambda: statistics.habits(desk.db, user_id=desk.user_id, zone=zone, days=days))


@router.get("/statistics/search", response_model=list[ListedTrackOut], tags=["statistics"])
def search_statistics(
    desk: Asking, q: Words = "", query: Words = "", limit: Limit = paging.LIMIT, offset: Offset = 0
) -> Response:
    """Your tracks that a search finds, each with what you make of it."""
    hits = search.search(desk.db, q or query, user_id=desk.user_id, limit=limit, offset=offset)
    rows = statistics.these(desk.db, hits.ids, user_id=desk.user_id)
    return Response(json.dumps(rows), media_type="application/json")
