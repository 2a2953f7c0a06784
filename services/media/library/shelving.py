"""Where a track belongs, read off what it says of itself: its artists, its album, its genres, and the words that find it.

Several names are told apart where the tags have several values, which the reader of tags joins with `; `. An ampersand or a
comma tells nothing: "Simon & Garfunkel" and "Earth, Wind & Fire" are one each.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any, Self
from uuid import UUID

from services.media.library.folding import fold, placed, sorting
from services.media.models.catalogue import Place, Role
from shared import ids

# What phone players know from other servers; whoever has no album has to be in one for them.
UNKNOWN_ARTIST = "[Unknown Artist]"
UNKNOWN_ALBUM = "[Unknown Album]"
SEVERAL = re.compile(r"\s*;\s+|\0")
SEVERAL_GENRES = re.compile(r"[;/\0]")


@dataclass(frozen=True, slots=True)
class Name:
    """Somebody, or something, that has a place in the catalogue; `known` is not so where the tags name none."""

    id: UUID
    text: str
    known: bool = True

    @property
    def sort(self) -> str:
        """As it is sorted."""
        return sorting(self.text)


@dataclass(frozen=True, slots=True)
class Shelf:
    """Where one track belongs, and by which words it is found."""

    file_id: UUID
    sort_title: str
    artists: list[Name]
    album_artists: list[Name]
    album: Name
    album_artist: str  # as it is shown
    musicbrainz_album_id: str | None
    credits: list[tuple[Role, int, Name]]  # what somebody did, and their place among several who did so
    genres: dict[str, str]  # as they are written, by their folded form
    words: dict[str, Place]

    @classmethod
    def of(cls, row: Mapping[str, Any], *, user_id: UUID) -> Self:
        """The shelf of a row that has what a track says of itself."""
        artists = _people(row["artist"], user_id) or _people(UNKNOWN_ARTIST, user_id)
        album_artists = _people(row["album_artist"], user_id) or artists[:1]
        shown = row["album_artist"] if fold(row["album_artist"] or "") else album_artists[0].text
        title = row["title"] or PurePath(row["filename"]).stem
        others = ((role, _people(row[role.value], user_id)) for role in (Role.COMPOSER, Role.REMIXER, Role.PRODUCER))
        by_role = ((Role.ARTIST, artists), (Role.ALBUM_ARTIST, album_artists), *others)
        return cls(
            file_id=row["id"],
            sort_title=fold(title),
            artists=artists,
            album_artists=album_artists,
            album=_album(row, shown, user_id),
            album_artist=shown,
            musicbrainz_album_id=row["musicbrainz_album_id"],
            credits=[(role, at, each) for role, people in by_role for at, each in enumerate(people)],
            genres=genres(row["genre"]),
            words=placed(title, row["artist"], row["album"], row["album_artist"]),
        )


def names(text: str | None) -> list[str]:
    """The names that a tag holds, each once.

    >>> names("Ella Fitzgerald; Louis Armstrong"), names("Simon & Garfunkel"), names("AC;DC"), names(None)
    (['Ella Fitzgerald', 'Louis Armstrong'], ['Simon & Garfunkel'], ['AC;DC'], [])
    """
    found: dict[str, str] = {}
    for each in SEVERAL.split(text or ""):
        if key := fold(each):
            found.setdefault(key, " ".join(each.split()))
    return list(found.values())


def genres(text: str | None) -> dict[str, str]:
    """The genres that a tag holds, by their folded form.

    >>> genres("Hip-Hop/Rap; hip-hop;Jazz")
    {'hip-hop': 'Hip-Hop', 'rap': 'Rap', 'jazz': 'Jazz'}
    """
    found: dict[str, str] = {}
    for each in SEVERAL_GENRES.split(text or ""):
        if key := fold(each):
            found.setdefault(key, " ".join(each.split()))
    return found


def artist_id(user_id: UUID, name: str) -> UUID:
    """The id of an artist in somebody's library."""
    return ids.named(user_id, "artist", fold(name))


def _people(text: str | None, user_id: UUID) -> list[Name]:
    return [Name(artist_id(user_id, name), name, known=name != UNKNOWN_ARTIST) for name in names(text)]


def _album(row: Mapping[str, Any], album_artist: str, user_id: UUID) -> Name:
    is_known = bool(fold(row["album"] or ""))
    title = row["album"].strip() if is_known else UNKNOWN_ALBUM
    musicbrainz_id = row["musicbrainz_album_id"]
    key = (musicbrainz_id.lower(),) if musicbrainz_id else (fold(album_artist), fold(title))
    return Name(ids.named(user_id, "album", *key), title, is_known)
