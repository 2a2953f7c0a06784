"""Songs, albums and artists as the protocol has them, made of rows of `library`.

What is unknown is left out where the protocol has no value for it; OpenSubsonic's own fields are there always, since their
absence says that a server does not know them.
"""

from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Any
from uuid import UUID

from services.media.library import songs
from services.media.library.files import Row
from services.media.library.folding import ARTICLES, fold
from services.media.library.shelving import UNKNOWN_ALBUM, UNKNOWN_ARTIST, names
from services.media.models.catalogue import Role

REFERENCE_LUFS = -18.0  # ReplayGain 2.0
DECIBELS_PER_DECADE = 20
IGNORED_ARTICLES = " ".join(each.strip().title() for each in ARTICLES)
SEVERAL = "various artists"  # folded
UNSAFE_IN_PATHS = str.maketrans({"/": "_", "\\": "_"})
CONTRIBUTING = {Role.COMPOSER: "composer", Role.REMIXER: "remixer", Role.PRODUCER: "producer"}
PRIVATE = ("starred", "userRating", "played", "playCount", "comment")  # what is its owner's alone

Entry = dict[str, Any]


def song(row: Row) -> Entry:
    """A song, as the protocol's Child."""
    people = {role: [_named(each) for each in row["credits"].get(role.value, ())] for role in Role}
    return {
        **_in_folder(row),
        **_heard(row),
        "id": str(row["id"]),
        "isDir": False,
        "isVideo": False,
        "type": "music",
        "mediaType": "song",
        "title": title_of(row),
        "artist": row["artist"] or UNKNOWN_ARTIST,
        "artistId": _id(row["artist_id"]),
        "track": row["track_number"],
        "discNumber": row["disc_number"],
        "year": row["year"],
        "genre": row["genre"],
        "created": row["created_at"],
        "bpm": round(row["bpm"] or 0),
        "comment": row["comment"] or "",
        "sortName": fold(title_of(row)),
        "musicBrainzId": row["musicbrainz_id"] or "",
        "isrc": [row["isrc"]] if row["isrc"] else [],
        "genres": [{"name": each} for each in row["genres"]],
        "artists": people[Role.ARTIST],
        "displayArtist": row["artist"] or UNKNOWN_ARTIST,
        "albumArtists": people[Role.ALBUM_ARTIST],
        "displayAlbumArtist": _album_artist(row),
        "contributors": [{"role": word, "artist": each} for role, word in CONTRIBUTING.items() for each in people[role]],
        "displayComposer": row["composer"] or "",
    } | _sound(row)


def by_id(db: Any, ids: Sequence[UUID], *, user_id: UUID) -> dict[UUID, Entry]:
    """Songs and episodes by their ids; those that are not there are left out."""
    return {row["id"]: song(row) for row in songs.of(db, ids, user_id=user_id)}


def title_of(row: Mapping[str, Any]) -> str:
    """What a song is called."""
    return str(row["title"] or PurePath(row["filename"]).stem)


def _album_artist(row: Row) -> str:
    return str(row["album_artist"] or row["artist"] or UNKNOWN_ARTIST)


def _in_folder(row: Row) -> Entry:
    """Where an old player, which knows folders alone, finds it."""
    album, suffix = row["album"] or UNKNOWN_ALBUM, PurePath(row["object_key"]).suffix
    number = f"{row['track_number']:02} - " if row["track_number"] else ""
    parts = [_album_artist(row), album, f"{number}{title_of(row)}{suffix}"]
    of_album = row["cover_key"] is None and row["album_id"] is not None
    return {
        "parent": _id(row["album_id"]),
        "album": album,
        "albumId": _id(row["album_id"]),
        "path": "/".join(part.translate(UNSAFE_IN_PATHS) for part in parts),
        "suffix": suffix.removeprefix("."),
        "coverArt": f"al-{row['album_id']}" if of_album else f"tr-{row['id']}",
    }


def _sound(row: Row) -> Entry:
    gain, peak = row["loudness_lufs"], row["true_peak_dbtp"]
    loudness = {"trackGain": None if gain is None else round(REFERENCE_LUFS - gain, 2)}
    loudness |= {"trackPeak": None if peak is None else round(10 ** (peak / DECIBELS_PER_DECADE), 6)}
    return {
        "duration": row["duration"],
        "size": row["file_size"],
        "contentType": row["mime_type"],
        "bitRate": row["bit_rate_kbps"],
        "samplingRate": row["sample_rate_hz"],
        "channelCount": row["channels"],
        "bitDepth": row["bit_depth"],
        "replayGain": {name: value for name, value in loudness.items() if value is not None},
    }


def album(row: Row) -> Entry:
    """An album, as the protocol's AlbumID3."""
    artist_id = _id(row["artist_id"])
    return _heard(row) | {
        "id": str(row["id"]),
        "name": row["name"],
        "artist": row["artist"],
        "artistId": artist_id,
        "coverArt": f"al-{row['id']}",
        "songCount": row["song_count"],
        "duration": round(row["duration_ms"] / 1000),
        "created": row["created_at"],
        "year": row["year"],
        "genre": row["genre"],
        "genres": [{"name": row["genre"]}] if row["genre"] else [],
        "artists": [{"id": artist_id, "name": names(row["artist"])[0]}] if artist_id else [],
        "displayArtist": row["artist"],
        "sortName": row["sort_name"],
        "musicBrainzId": row["musicbrainz_id"] or "",
        "isCompilation": row["artist"].casefold() == SEVERAL,
        "releaseTypes": [],
        "recordLabels": [],
        "discTitles": [],
    }


def folder(row: Row) -> Entry:
    """The same album as a Child that is a folder, for players that know folders alone."""
    entry = album(row)
    of_child = ("id", "artist", "artistId", "coverArt", "created", "year", "genre", "starred", "userRating", "playCount")
    kept = {name: entry[name] for name in (*of_child, "played", "duration", "genres", "sortName", "musicBrainzId")}
    return kept | {
        "parent": entry["artistId"],
        "isDir": True,
        "isVideo": False,
        "mediaType": "album",
        "title": entry["name"],
        "album": entry["name"],
    }


def artist(row: Row) -> Entry:
    """An artist, as the protocol's ArtistID3."""
    roles = [("albumartist", row["album_count"]), ("artist", row["song_count"])]
    return {
        "id": str(row["id"]),
        "name": row["name"],
        "coverArt": f"ar-{row['id']}",
        "albumCount": row["album_count"],
        "starred": row["starred_at"],
        "sortName": row["sort_name"],
        "musicBrainzId": "",
        "roles": [role for role, count in roles if count],
    }


def artist_folder(row: Row) -> Entry:
    """The same artist for players that know folders alone: the protocol's Artist."""
    return {"id": str(row["id"]), "name": row["name"], "starred": row["starred_at"], "userRating": row["rating"]}


def _heard(row: Row) -> Entry:
    """What the listener makes of it."""
    return {
        "starred": row["starred_at"],
        "userRating": row["rating"],
        "playCount": row["play_count"] or 0,
        "played": row["played_at"],
    }


def _named(artist: Mapping[str, Any]) -> Entry:
    return {"id": str(artist["id"]), "name": artist["name"]}


def _id(found: Any) -> str | None:
    return None if found is None else str(found)
