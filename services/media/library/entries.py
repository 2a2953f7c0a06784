"""Songs, albums and artists told whole, for players: by id, in the order asked for, with what their listener makes of them.

A page is three or four statements, however long: rows, then who did what, then genres.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, ColumnElement, Uuid, and_, any_, bindparam, or_, select
from sqlalchemy.orm import Session

from services.media.errors import NoSuchFile
from services.media.library.files import Row
from services.media.library.folding import fold
from services.media.library.shelving import artist_id
from services.media.models.catalogue import Album, Artist, Credit, FileGenre, Found
from services.media.models.files import LIBRARY, PLAYABLE, AudioFile
from services.media.models.listening import Annotation

_USER = bindparam("user_id", type_=Uuid())
_IDS = bindparam("ids", type_=ARRAY(Uuid()))
_MADE_OF_IT = (Annotation.starred_at, Annotation.rating, Annotation.play_count, Annotation.played_at)
PLAYS = (AudioFile.user_id == _USER, AudioFile.state.in_([each.value for each in PLAYABLE]))
LISTENED = (*PLAYS, AudioFile.kind.in_([each.value for each in LIBRARY]))  # what the library shows


def _made_of(target: Found, target_id: Any) -> ColumnElement[bool]:
    return and_(Annotation.user_id == _USER, Annotation.target == target.value, Annotation.target_id == target_id)


_SONGS = (
    select(
        AudioFile.id,
        AudioFile.filename,
        AudioFile.title,
        AudioFile.artist,
        AudioFile.album_artist,
        AudioFile.composer,
        AudioFile.genre,
        AudioFile.year,
        AudioFile.track_number,
        AudioFile.disc_number,
        AudioFile.comment,
        AudioFile.bpm,
        AudioFile.isrc,
        AudioFile.musicbrainz_id,
        AudioFile.sort_title,
        AudioFile.artist_id,
        AudioFile.album_id,
        AudioFile.duration,
        AudioFile.file_size,
        AudioFile.mime_type,
        AudioFile.object_key,
        AudioFile.bit_rate_kbps,
        AudioFile.sample_rate_hz,
        AudioFile.channels,
        AudioFile.bit_depth,
        AudioFile.loudness_lufs,
        AudioFile.true_peak_dbtp,
        AudioFile.cover_key,
        AudioFile.created_at,
        Album.name.label("album_name"),
        Album.artist.label("album_artist_name"),
        *_MADE_OF_IT,
    )
    .outerjoin(Album, Album.id == AudioFile.album_id)
    .outerjoin(Annotation, _made_of(Found.TRACK, AudioFile.id))
    .where(AudioFile.id == any_(_IDS), *PLAYS)
)
_ALBUMS = (
    select(
        Album.id,
        Album.name,
        Album.sort_name,
        Album.artist,
        Album.artist_id,
        Album.year,
        Album.genre,
        Album.song_count,
        Album.duration_ms,
        Album.cover_file_id,
        Album.musicbrainz_id,
        Album.created_at,
        Artist.name.label("artist_name"),
        *_MADE_OF_IT,
    )
    .outerjoin(Artist, Artist.id == Album.artist_id)
    .outerjoin(Annotation, _made_of(Found.ALBUM, Album.id))
    .where(Album.id == any_(_IDS), Album.user_id == _USER)
)
_OF_ARTISTS = (
    select(
        Artist.id,
        Artist.name,
        Artist.sort_name,
        Artist.album_count,
        Artist.song_count,
        Artist.cover_file_id,
        *_MADE_OF_IT,
    )
    .outerjoin(Annotation, _made_of(Found.ARTIST, Artist.id))
    .where(Artist.user_id == _USER)
)
_ARTISTS = _OF_ARTISTS.where(Artist.id == any_(_IDS))
_ALBUM_ARTISTS = _OF_ARTISTS.where(Artist.album_count > 0).order_by(Artist.sort_name, Artist.id)
_CREDITS = (
    select(Credit.file_id, Credit.role, Artist.id, Artist.name)
    .join(Artist, Artist.id == Credit.artist_id)
    .where(Credit.file_id == any_(_IDS), Credit.user_id == _USER)
    .order_by(Credit.file_id, Credit.role, Credit.position)
)
_GENRES = select(FileGenre.file_id, FileGenre.genre).where(FileGenre.file_id == any_(_IDS), FileGenre.user_id == _USER)
_LYRICS = select(AudioFile.title, AudioFile.filename, AudioFile.artist, AudioFile.lyrics, AudioFile.synced_lyrics).where(
    *LISTENED
)
_LYRICS_OF = _LYRICS.where(AudioFile.id == bindparam("id", type_=Uuid()))
_LYRICS_NAMED = _LYRICS.where(
    AudioFile.sort_title == bindparam("sort_title"),
    or_(AudioFile.artist_id == bindparam("artist_id", type_=Uuid()), bindparam("artist_id", type_=Uuid()).is_(None)),
    or_(AudioFile.lyrics.is_not(None), AudioFile.synced_lyrics.is_not(None)),
).limit(1)


def songs(db: Session, ids: Sequence[UUID], *, user_id: UUID) -> list[Row]:
    """Songs in the order of their ids, with `credits` (artists by role) and `genres`; those that are not there are left out."""
    facts = {"ids": list(dict.fromkeys(ids)), "user_id": user_id}
    if not ids:
        return []
    found = {row["id"]: dict(row) | {"credits": {}, "genres": []} for row in db.execute(_SONGS, facts).mappings()}
    for file_id, role, of_artist, name in db.execute(_CREDITS, facts):
        if file_id in found:
            found[file_id]["credits"].setdefault(role, []).append({"id": of_artist, "name": name})
    for file_id, genre in db.execute(_GENRES, facts):
        if file_id in found:
            found[file_id]["genres"].append(genre)
    return [found[each] for each in ids if each in found]


def albums(db: Session, ids: Sequence[UUID], *, user_id: UUID) -> list[Row]:
    """The same of albums."""
    return _in_order(db.execute(_ALBUMS, {"ids": list(ids), "user_id": user_id}).mappings(), ids)


def artists(db: Session, ids: Sequence[UUID], *, user_id: UUID) -> list[Row]:
    """The same of artists."""
    return _in_order(db.execute(_ARTISTS, {"ids": list(ids), "user_id": user_id}).mappings(), ids)


def album_artists(db: Session, *, user_id: UUID) -> list[Row]:
    """Every artist that has an album, as a shelf is sorted."""
    return [dict(row) for row in db.execute(_ALBUM_ARTISTS, {"user_id": user_id}).mappings()]


def lyrics(db: Session, file_id: UUID, *, user_id: UUID) -> Row:
    """The lyrics of a song, plain and synced, with what it is called. Raises NoSuchFile."""
    found = db.execute(_LYRICS_OF, {"id": file_id, "user_id": user_id}).mappings().first()
    if found is None:
        raise NoSuchFile
    return dict(found)


def lyrics_named(db: Session, title: str, artist: str, *, user_id: UUID) -> Row | None:
    """The same of a song that has lyrics, by its title and, unless that is empty, its first artist."""
    by = artist_id(user_id, artist) if artist else None
    found = db.execute(_LYRICS_NAMED, {"sort_title": fold(title), "artist_id": by, "user_id": user_id}).mappings().first()
    return dict(found) if found else None


def _in_order(rows: Any, ids: Sequence[UUID]) -> list[Row]:
    found: Mapping[UUID, Row] = {row["id"]: dict(row) for row in rows}
    return [found[each] for each in ids if each in found]
