"""What listening adds up to: for one listener, and for tracks that several may hear.

Sums are of annotations, which every play has counted already; only habits read plays one by one, of so many days. Rows of a
track name its title or, where it has none, its file.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Select, and_, bindparam, func, select, text
from sqlalchemy.orm import Session

from services.media.library.files import Row
from services.media.listening import annotations
from services.media.listening.annotations import By
from services.media.models.catalogue import Artist, Found
from services.media.models.files import PLAYABLE, AudioFile
from services.media.models.listening import Annotation
from shared import clock

_STAMP = text("""
    SELECT coalesce(sum(files), 0), coalesce(sum(bytes), 0) FROM file_counts WHERE user_id = :user_id AND state = 'ready'
""")
_LIBRARY = text("""
    WITH RECURSIVE genre (key) AS (
        SELECT min(genre_key) FROM file_genres WHERE user_id = :user_id
        UNION ALL
        SELECT (SELECT min(genre_key) FROM file_genres WHERE user_id = :user_id AND genre_key > genre.key)
        FROM genre WHERE genre.key IS NOT NULL
    )
    SELECT coalesce(sum(files), 0) AS total_tracks, coalesce(sum(seconds), 0) AS total_duration,
           coalesce(sum(bytes), 0) AS total_size,
           (SELECT count(*) FROM artists WHERE user_id = :user_id) AS total_artists,
           (SELECT count(*) FROM albums WHERE user_id = :user_id) AS total_albums,
           (SELECT count(key) FROM genre) AS total_genres,
           (SELECT count(*) FROM playlists WHERE user_id = :user_id) AS total_playlists
    FROM file_counts WHERE user_id = :user_id AND state = 'ready' AND kind IN ('upload', 'song')
""")
_LISTENING = text("""
    SELECT coalesce(sum(play_count), 0) AS total_plays, coalesce(sum(listened_seconds), 0) AS total_listen_time,
           count(*) FILTER (WHERE play_count > 0) AS unique_tracks_played,
           coalesce(sum(completed_count), 0) AS completed_plays, coalesce(sum(skip_count), 0) AS skipped_plays,
           count(rating) AS rated_tracks, round(avg(rating), 2)::float AS average_rating,
           count(starred_at) AS starred_tracks, max(played_at) AS last_played_at
    FROM annotations WHERE user_id = :user_id AND target = 'track'
""")
_HABITS = text("""
    SELECT CAST(played_at AT TIME ZONE :zone AS date) AS day,
           CAST(extract(hour FROM played_at AT TIME ZONE :zone) AS int) AS hour,
           count(*) FILTER (WHERE completed OR NOT skipped) AS plays, sum(listened_seconds) AS seconds
    FROM plays WHERE user_id = :user_id AND played_at >= :since
    GROUP BY 1, 2 ORDER BY 1, 2
""")
_PUBLIC = text("SELECT * FROM plays_of_public_tracks(:most)")
_OF_ALL = text("SELECT * FROM plays_of_track(:track_id)")

_SHOWN = (
    AudioFile.id.label("track_id"),
    func.coalesce(AudioFile.title, AudioFile.filename).label("title"),
    AudioFile.artist,
    AudioFile.album,
    AudioFile.duration,
    func.coalesce(Annotation.play_count, 0).label("play_count"),
    func.coalesce(Annotation.completed_count, 0).label("completed_count"),
    func.coalesce(Annotation.skip_count, 0).label("skip_count"),
    func.coalesce(Annotation.listened_seconds, 0.0).label("total_listen_time"),
    Annotation.rating,
    Annotation.starred_at,
    Annotation.played_at.label("last_played_at"),
)
_ITS = and_(
    Annotation.target_id == AudioFile.id, Annotation.target == Found.TRACK.value, Annotation.user_id == bindparam("user_id")
)
_MINE = (AudioFile.user_id == bindparam("user_id"), AudioFile.state.in_([each.value for each in PLAYABLE]))
_THESE = select(*_SHOWN).outerjoin(Annotation, _ITS).where(*_MINE, AudioFile.id.in_(bindparam("ids", expanding=True)))

_EVERY: Any = select(*_SHOWN)


def _by(by: By) -> Select[Any]:
    value = getattr(Annotation, by.value)
    top = _EVERY.join(Annotation, _ITS).where(*_MINE, annotations.IS_KEPT[by])
    top = top.order_by(value.desc(), Annotation.target_id.desc())
    found: Select[Any] = top.limit(bindparam("limit")).offset(bindparam("offset"))
    return found


_TRACKS = {by: _by(by) for by in By}
_ARTISTS = (
    select(
        Artist.id.label("artist_id"),
        Artist.name,
        Artist.song_count,
        Annotation.play_count,
        Annotation.listened_seconds.label("total_listen_time"),
        Annotation.played_at.label("last_played_at"),
    )
    .join(Annotation, Annotation.target_id == Artist.id)
    .where(
        Annotation.user_id == bindparam("user_id"),
        Annotation.target == Found.ARTIST.value,
        Artist.user_id == bindparam("user_id"),
        Annotation.play_count > 0,
    )
    .order_by(Annotation.play_count.desc(), Annotation.target_id.desc())
    .limit(bindparam("limit"))
    .offset(bindparam("offset"))
)


def stamp(db: Session, *, user_id: UUID) -> tuple[int, int]:
    """What changes whenever a file of theirs comes or goes: one row read."""
    files, size = db.execute(_STAMP, {"user_id": user_id}).one()
    return int(files), int(size)


def library(db: Session, *, user_id: UUID) -> Row:
    """What is in somebody's library: tracks, seconds, bytes, artists, albums, genres, playlists."""
    return {name: int(value) for name, value in db.execute(_LIBRARY, {"user_id": user_id}).mappings().one().items()}


def listening(db: Session, *, user_id: UUID) -> Row:
    """What somebody has listened to, all in all; `completion_rate` is the part of plays that came to the end, 0 to 1."""
    row = dict(db.execute(_LISTENING, {"user_id": user_id}).mappings().one())
    return row | {"total_plays": int(row["total_plays"])} | _rate(row["total_plays"], row["completed_plays"])


def mine(db: Session, *, user_id: UUID) -> Row:
    """The same, and what is played most."""
    top = tracks(db, By.PLAYED_MOST, user_id=user_id, limit=1)
    top_artists = artists(db, user_id=user_id, limit=1)
    found = listening(db, user_id=user_id)
    return found | {"top_track": next(iter(top), None), "top_artist": next(iter(top_artists), None)}


def tracks(db: Session, by: By, *, user_id: UUID, limit: int, offset: int = 0) -> list[Row]:
    """A listener's tracks with what they make of them, the most or the latest first."""
    rows = db.execute(_TRACKS[by], {"user_id": user_id, "limit": limit, "offset": offset}).mappings()
    return [_track(row) for row in rows]


def these(db: Session, track_ids: Sequence[UUID], *, user_id: UUID) -> list[Row]:
    """The same of these tracks of the listener's, in this order; those that are not there are left out."""
    found = db.execute(_THESE, {"user_id": user_id, "ids": list(track_ids)}).mappings()
    by_id = {row["track_id"]: _track(row) for row in found}
    return [by_id[each] for each in track_ids if each in by_id]


def one(db: Session, track_id: UUID, *, user_id: UUID) -> Row:
    """What a listener makes of one track that they may read. Raises NoSuchFile."""
    annotations.track(db, track_id, user_id=user_id)
    kept = annotations.of(db, Found.TRACK, [track_id], user_id=user_id).get(track_id, {})
    row = {name: kept.get(name) or 0 for name in ("play_count", "completed_count", "skip_count")}
    row |= {"total_listen_time": kept.get("listened_seconds") or 0.0, "last_played_at": kept.get("played_at")}
    row |= {name: kept.get(name) for name in ("rating", "starred_at")}
    return _track({"track_id": track_id} | row)


def summary(db: Session, track_id: UUID, *, user_id: UUID) -> Row:
    """What everybody together makes of a track that this user may read; nobody is named. Raises NoSuchFile."""
    annotations.track(db, track_id, user_id=user_id)
    row = dict(db.execute(_OF_ALL, {"track_id": track_id}).mappings().one())
    return {"track_id": track_id} | row | _rate(row["total_plays"], row["completed_plays"])


def artists(db: Session, *, user_id: UUID, limit: int, offset: int = 0) -> list[Row]:
    """A listener's artists, the most played first."""
    rows = db.execute(_ARTISTS, {"user_id": user_id, "limit": limit, "offset": offset}).mappings()
    return [dict(row) for row in rows]


def everywhere(db: Session, *, user_id: UUID, limit: int) -> list[Row]:
    """The most played of what this user may read: their own tracks, and those of public playlists with everybody's plays."""
    names = ("track_id", "title", "artist", "album", "duration", "play_count", "total_listen_time")
    mine = [{name: row[name] for name in names} for row in tracks(db, By.PLAYED_MOST, user_id=user_id, limit=limit)]
    public = [dict(row) for row in db.execute(_PUBLIC, {"most": limit}).mappings()]
    by_id = {row["track_id"]: row | {"listeners": 1} for row in mine} | {row["track_id"]: row for row in public}
    return sorted(by_id.values(), key=lambda row: (-row["play_count"], row["track_id"]))[:limit]


def habits(db: Session, *, user_id: UUID, zone: str, days: int) -> Row:
    """When somebody listened in the last so many days, today included, by the days and hours of `zone`.

    `by_day` has each of these days, `by_hour` 24 and `by_weekday` seven numbers of plays, Monday first.
    """
    today = clock.today(zone)
    all_days = [today - timedelta(days=back) for back in range(days - 1, -1, -1)]
    since = datetime.combine(all_days[0], time.min, ZoneInfo(zone))
    rows = db.execute(_HABITS, {"user_id": user_id, "zone": zone, "since": since}).all()
    plays: Counter[Any] = Counter()
    seconds: Counter[Any] = Counter()
    hours: Counter[int] = Counter()
    for row in rows:
        plays[row.day] += row.plays
        seconds[row.day] += row.seconds
        hours[row.hour] += row.plays
    by_weekday = [sum(plays[day] for day in all_days if day.weekday() == weekday) for weekday in range(7)]
    by_hour = [hours[hour] for hour in range(24)]
    return {
        "days": days,
        "timezone": zone,
        "total_plays": plays.total(),
        "total_listen_time": sum(seconds.values()),
        "by_day": [{"date": day, "plays": plays[day], "listen_time": seconds[day]} for day in all_days],
        "by_hour": by_hour,
        "by_weekday": by_weekday,
        "most_active_hour": by_hour.index(max(by_hour)) if any(by_hour) else None,
        "most_active_weekday": by_weekday.index(max(by_weekday)) if any(by_weekday) else None,
    }


def _track(row: Any) -> Row:
    shown = dict(row)
    shown["starred"] = shown.pop("starred_at") is not None
    return shown | _rate(shown["play_count"], shown["completed_count"])


def _rate(plays: int, completed: int) -> Row:
    return {"completion_rate": round(min(1.0, int(completed) / int(plays)), 4) if plays else None}
