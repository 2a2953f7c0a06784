"""The catalogue of a library: artists, albums, who did what, genres, and the words that all of it is found by.

It is made of `audio_files` alone and could be made anew from them (`library.catalogue`). Ids of artists and albums are made of
their names, so that they stay the same for ever, whatever comes and goes.

Every index begins with the user, which row-level security asks for in every statement: an index that begins with something else
is one of two that look equally good to a planner without statistics, and the other one reads all that a user has (measured:
a statement ran into its timeout). Foreign keys would ask for an artist or an album without its user, so there are none.
"""

from datetime import datetime
from enum import IntEnum, StrEnum
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, SmallInteger, String, func, text
from sqlalchemy.orm import Mapped, mapped_column

from services.media.models.base import Base


class Role(StrEnum):
    """What an artist did for a track."""

    ARTIST = "artist"
    ALBUM_ARTIST = "album_artist"
    COMPOSER = "composer"
    REMIXER = "remixer"
    PRODUCER = "producer"


class Found(StrEnum):
    """What a word leads to."""

    TRACK = "track"
    ALBUM = "album"
    ARTIST = "artist"


class Place(IntEnum):
    """Where a word stands in what it leads to; the better places are found first."""

    ALONE = 0  # it is the whole title or name
    FIRST = 1  # it begins with it, an article apart
    NAME = 2  # it is somewhere in it
    ELSEWHERE = 3  # in what else is told: artist, album


class Artist(Base):
    """Somebody who plays on a track of this user's library, wrote or made it, or whose album it is."""

    __tablename__ = "artists"
    __table_args__ = (
        Index("ix_artists_names", "user_id", "sort_name", "id"),
        {"info": {"policy": "own"}},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    user_id: Mapped[UUID]
    name: Mapped[str] = mapped_column(String(255))
    sort_name: Mapped[str] = mapped_column(String(255, collation="C"))  # folded, without a leading article
    album_count: Mapped[int] = mapped_column(Integer, server_default="0")  # as album artist
    song_count: Mapped[int] = mapped_column(Integer, server_default="0")  # as artist
    cover_file_id: Mapped[UUID | None]  # a track whose cover shows them
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Album(Base):
    """An album of this user's library: the tracks that name the same album artist and title."""

    __tablename__ = "albums"
    __table_args__ = (
        Index("ix_albums_names", "user_id", "sort_name", "id"),
        Index("ix_albums_artist", "user_id", "sort_artist", "sort_name", "id"),
        Index("ix_albums_newest", "user_id", "created_at", "id"),
        Index("ix_albums_year", "user_id", "year", "id"),
        Index("ix_albums_of_artist", "user_id", "artist_id"),
        {"info": {"policy": "own"}},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    user_id: Mapped[UUID]
    name: Mapped[str] = mapped_column(String(255))
    sort_name: Mapped[str] = mapped_column(String(255, collation="C"))
    artist: Mapped[str] = mapped_column(String(255))  # as it is shown
    sort_artist: Mapped[str] = mapped_column(String(255, collation="C"))
    artist_id: Mapped[UUID | None]
    year: Mapped[int | None] = mapped_column(SmallInteger)
    genre: Mapped[str | None] = mapped_column(String(255))  # the one most of its tracks have
    song_count: Mapped[int] = mapped_column(Integer, server_default="0")
    duration_ms: Mapped[int] = mapped_column(BigInteger, server_default="0")
    size_bytes: Mapped[int] = mapped_column(BigInteger, server_default="0")
    cover_file_id: Mapped[UUID | None]  # a track whose cover is the album's
    musicbrainz_id: Mapped[str | None] = mapped_column(String(36))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())  # when its first track came


class Credit(Base):
    """What an artist did for a track; `position` is their place among several of one role."""

    __tablename__ = "credits"
    __table_args__ = (
        Index("ix_credits_artist", "user_id", "artist_id", "role", "file_id"),
        Index("ix_credits_file", "file_id"),
        {"info": {"policy": "own"}},
    )

    user_id: Mapped[UUID] = mapped_column(primary_key=True)
    file_id: Mapped[UUID] = mapped_column(ForeignKey("audio_files.id", ondelete="CASCADE"), primary_key=True)
    role: Mapped[str] = mapped_column(String(20), primary_key=True)
    position: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    artist_id: Mapped[UUID]


class FileGenre(Base):
    """A genre of a track; a track may have several."""

    __tablename__ = "file_genres"
    __table_args__ = (
        Index("ix_file_genres_genre", "user_id", "genre_key", "file_id"),
        Index("ix_file_genres_file", "file_id"),
        {"info": {"policy": "own"}},
    )

    user_id: Mapped[UUID] = mapped_column(primary_key=True)
    file_id: Mapped[UUID] = mapped_column(ForeignKey("audio_files.id", ondelete="CASCADE"), primary_key=True)
    genre_key: Mapped[str] = mapped_column(String(255, collation="C"), primary_key=True)  # folded
    genre: Mapped[str] = mapped_column(String(255))


class SearchWord(Base):
    """A word, folded, that leads to a track, an album or an artist.

    A search is a range of this key: the operators of text search are not leakproof, so that under row-level security Postgres
    would read every row of the user before it asks them (measured). `folding.placed` makes words and their places.
    """

    __tablename__ = "search_words"
    __table_args__ = (Index("ix_search_words_target", "user_id", "found", "target_id"), {"info": {"policy": "own"}})

    user_id: Mapped[UUID] = mapped_column(primary_key=True)
    found: Mapped[str] = mapped_column(String(8), primary_key=True)
    place: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False, server_default=text("3"))
    word: Mapped[str] = mapped_column(String(64, collation="C"), primary_key=True)
    target_id: Mapped[UUID] = mapped_column(primary_key=True)
