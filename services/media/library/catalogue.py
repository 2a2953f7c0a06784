"""The catalogue of somebody's library: artists, albums, genres and words, kept true to their tracks.

Whoever changes it takes the user's lock first, before any row of theirs, so that what is counted here is counted of everything
that was placed before, and nobody waits in a circle. Every statement is for many tracks at once.
"""

from collections.abc import Iterable, Sequence
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from services.media.library import locking
from services.media.library.files import Row
from services.media.library.folding import placed
from services.media.library.shelving import Name, Shelf
from services.media.models.catalogue import Found, Place
from shared import clock

_TRACKS = text("""
    SELECT id, filename, title, artist, album, album_artist, composer, remixer, producer, genre, musicbrainz_album_id,
           created_at, album_id
    FROM audio_files
    WHERE id = ANY (:ids) AND user_id = :user_id AND state = 'ready' AND kind IN ('upload', 'song')
    ORDER BY id FOR NO KEY UPDATE
""")
_WHERE_THEY_WERE = text("""
    SELECT album_id AS album, NULL AS artist FROM audio_files
    WHERE id = ANY (:ids) AND user_id = :user_id AND album_id IS NOT NULL
    UNION
    SELECT NULL, artist_id FROM credits WHERE file_id = ANY (:ids) AND user_id = :user_id
""")
_ARTISTS = text("""
    INSERT INTO artists (id, user_id, name, sort_name)
    SELECT id, :user_id, name, sort_name
    FROM unnest(CAST(:ids AS uuid[]), CAST(:names AS text[]), CAST(:sort_names AS text[])) AS new (id, name, sort_name)
    ON CONFLICT (id) DO UPDATE SET name = excluded.name, sort_name = excluded.sort_name
    WHERE artists.name <> excluded.name
""")
_ALBUMS = text("""
    INSERT INTO albums (id, user_id, name, sort_name, artist, sort_artist, artist_id, musicbrainz_id)
    SELECT id, :user_id, name, sort_name, artist, sort_artist, artist_id, musicbrainz_id
    FROM unnest(
        CAST(:ids AS uuid[]), CAST(:names AS text[]), CAST(:sort_names AS text[]), CAST(:artists AS text[]),
        CAST(:sort_artists AS text[]), CAST(:artist_ids AS uuid[]), CAST(:musicbrainz_ids AS text[])
    ) AS new (id, name, sort_name, artist, sort_artist, artist_id, musicbrainz_id)
    ON CONFLICT (id) DO UPDATE SET
        name = excluded.name, sort_name = excluded.sort_name, artist = excluded.artist,
        sort_artist = excluded.sort_artist, artist_id = excluded.artist_id
    WHERE (albums.name, albums.artist) <> (excluded.name, excluded.artist)
""")
_DROP_CREDITS = text("DELETE FROM credits WHERE file_id = ANY (:ids) AND user_id = :user_id")
_CREDITS = text("""
    INSERT INTO credits (file_id, role, position, artist_id, user_id)
    SELECT file_id, role, position, artist_id, :user_id
    FROM unnest(CAST(:file_ids AS uuid[]), CAST(:roles AS text[]), CAST(:positions AS int[]), CAST(:artist_ids AS uuid[]))
        AS new (file_id, role, position, artist_id)
""")
_DROP_GENRES = text("DELETE FROM file_genres WHERE file_id = ANY (:ids) AND user_id = :user_id")
_GENRES = text("""
    INSERT INTO file_genres (file_id, genre_key, genre, user_id)
    SELECT file_id, genre_key, genre, :user_id
    FROM unnest(CAST(:file_ids AS uuid[]), CAST(:keys AS text[]), CAST(:genres AS text[])) AS new (file_id, genre_key, genre)
""")
_SHELVE = text("""
    UPDATE audio_files
    SET sort_title = new.sort_title, artist_id = new.artist_id, album_id = new.album_id, catalogued_at = :now
    FROM unnest(CAST(:ids AS uuid[]), CAST(:sort_titles AS text[]), CAST(:artist_ids AS uuid[]), CAST(:album_ids AS uuid[]))
        AS new (id, sort_title, artist_id, album_id)
    WHERE audio_files.id = new.id AND user_id = :user_id
""")
_UNSHELVE = text("UPDATE audio_files SET artist_id = NULL, album_id = NULL WHERE id = ANY (:ids) AND user_id = :user_id")
_DROP_WORDS = text("""
    DELETE FROM search_words
    WHERE target_id = ANY (:ids) AND user_id = :user_id AND found = :found AND (place, word, target_id) NOT IN (
        SELECT place, word, target_id
        FROM unnest(CAST(:places AS int[]), CAST(:words AS text[]), CAST(:targets AS uuid[])) AS kept (place, word, target_id)
    )
""")
_WORDS = text("""
    INSERT INTO search_words (user_id, found, place, word, target_id)
    SELECT :user_id, :found, place, word, target_id
    FROM unnest(CAST(:places AS int[]), CAST(:words AS text[]), CAST(:targets AS uuid[])) AS new (place, word, target_id)
    ON CONFLICT DO NOTHING
""")
_COUNT_ALBUMS = text("""
    UPDATE albums SET
        year = counted.year, genre = genres.genre, song_count = counted.songs, duration_ms = counted.duration_ms,
        size_bytes = counted.bytes, cover_file_id = counted.cover, created_at = counted.first
    FROM (
        SELECT album_id, mode() WITHIN GROUP (ORDER BY year) AS year, count(*) AS songs, min(created_at) AS first,
               sum(coalesce(duration_ms, duration * 1000, 0)) AS duration_ms, sum(file_size) AS bytes,
               (array_agg(id ORDER BY disc_number, track_number, id) FILTER (WHERE cover_key IS NOT NULL))[1] AS cover
        FROM audio_files WHERE album_id = ANY (:ids) AND user_id = :user_id GROUP BY album_id
    ) AS counted
    LEFT JOIN (
        SELECT album_id, mode() WITHIN GROUP (ORDER BY file_genres.genre) AS genre
        FROM audio_files JOIN file_genres ON file_genres.file_id = audio_files.id AND file_genres.user_id = :user_id
        WHERE album_id = ANY (:ids) AND audio_files.user_id = :user_id GROUP BY album_id
    ) AS genres USING (album_id)
    WHERE albums.id = counted.album_id AND albums.user_id = :user_id
""")
_DROP_ALBUMS = text("""
    DELETE FROM albums WHERE id = ANY (:ids) AND user_id = :user_id
    AND NOT EXISTS (SELECT FROM audio_files WHERE album_id = albums.id AND user_id = :user_id)
    RETURNING id
""")
_COUNT_ARTISTS = text("""
    UPDATE artists SET
        song_count = (SELECT count(*) FROM credits WHERE artist_id = artists.id AND role = 'artist' AND user_id = :user_id),
        album_count = (
            SELECT count(DISTINCT album_id) FROM credits JOIN audio_files ON audio_files.id = credits.file_id
            WHERE credits.artist_id = artists.id AND role = 'album_artist' AND credits.user_id = :user_id
        ),
        cover_file_id = coalesce(
            (
                SELECT cover_file_id FROM albums
                WHERE albums.artist_id = artists.id AND cover_file_id IS NOT NULL AND user_id = :user_id
                ORDER BY created_at, id LIMIT 1
            ),
            (
                SELECT audio_files.id FROM credits JOIN audio_files ON audio_files.id = credits.file_id
                WHERE credits.artist_id = artists.id AND role = 'artist' AND cover_key IS NOT NULL
                AND credits.user_id = :user_id
                ORDER BY audio_files.id LIMIT 1
            )
        )
    WHERE id = ANY (:ids) AND user_id = :user_id
""")
_DROP_ARTISTS = text("""
    DELETE FROM artists WHERE id = ANY (:ids) AND user_id = :user_id
    AND NOT EXISTS (SELECT FROM credits WHERE artist_id = artists.id AND user_id = :user_id)
    RETURNING id
""")


def place(db: Session, file_ids: Sequence[UUID], *, user_id: UUID) -> None:
    """Give tracks their places, new or other ones; what is no track of a library, or not ready, is left out."""
    locking.lock(db, user_id=user_id)
    rows = [dict(row) for row in db.execute(_TRACKS, {"ids": list(file_ids), "user_id": user_id}).mappings()]
    if not rows:
        return
    tracks = [row["id"] for row in rows]
    albums, artists = _where_they_were(db, tracks, user_id)
    shelves = [Shelf.of(row, user_id=user_id) for row in rows]
    names = {name.id: name for each in shelves for _role, _at, name in each.credits}
    _keep_artists(db, names.values(), user_id)
    _keep_albums(db, shelves, user_id)
    _keep_tracks(db, shelves, user_id)
    _refresh(db, albums | {each.album.id for each in shelves}, artists | set(names), user_id=user_id)


def remove(db: Session, file_ids: Sequence[UUID], *, user_id: UUID) -> None:
    """Take tracks out of their places: they are deleted. What is empty then goes too."""
    locking.lock(db, user_id=user_id)
    facts = {"ids": list(file_ids), "user_id": user_id}
    albums, artists = _where_they_were(db, file_ids, user_id)
    for statement in (_DROP_CREDITS, _DROP_GENRES, _UNSHELVE):
        db.execute(statement, facts)
    _keep_words(db, Found.TRACK, {each: {} for each in file_ids}, user_id)
    _refresh(db, albums, artists, user_id=user_id)


def _where_they_were(db: Session, file_ids: Sequence[UUID], user_id: UUID) -> tuple[set[UUID], set[UUID]]:
    found = db.execute(_WHERE_THEY_WERE, {"ids": list(file_ids), "user_id": user_id}).all()
    return {each.album for each in found if each.album}, {each.artist for each in found if each.artist}


def _keep_artists(db: Session, names: Iterable[Name], user_id: UUID) -> None:
    """The newest spelling of a name is shown."""
    made = sorted(names, key=lambda each: each.id)
    facts = {"ids": [each.id for each in made], "names": [each.text for each in made]}
    db.execute(_ARTISTS, facts | {"sort_names": [each.sort for each in made], "user_id": user_id})
    by_id = {each.id: placed(each.text) if each.known else {} for each in made}
    _keep_words(db, Found.ARTIST, by_id, user_id)


def _keep_albums(db: Session, shelves: Sequence[Shelf], user_id: UUID) -> None:
    by_id = {each.album.id: each for each in shelves}
    made = [by_id[each] for each in sorted(by_id)]
    facts: Row = {"ids": [each.album.id for each in made], "names": [each.album.text for each in made]}
    facts |= {"sort_names": [each.album.sort for each in made], "artists": [each.album_artist for each in made]}
    facts |= {"sort_artists": [each.album_artists[0].sort for each in made], "user_id": user_id}
    facts |= {"artist_ids": [each.album_artists[0].id for each in made]}
    db.execute(_ALBUMS, facts | {"musicbrainz_ids": [each.musicbrainz_album_id for each in made]})
    words_of = {each.album.id: placed(each.album.text, each.album_artist) for each in made if each.album.known}
    _keep_words(db, Found.ALBUM, words_of, user_id)


def _keep_tracks(db: Session, shelves: Sequence[Shelf], user_id: UUID) -> None:
    ids = [each.file_id for each in shelves]
    facts: Row = {"ids": ids, "user_id": user_id, "now": clock.now(), "sort_titles": [each.sort_title for each in shelves]}
    facts |= {"artist_ids": [each.artists[0].id for each in shelves], "album_ids": [each.album.id for each in shelves]}
    db.execute(_SHELVE, facts)
    _keep_credits(db, shelves, user_id)
    db.execute(_DROP_GENRES, {"ids": ids, "user_id": user_id})
    genres = [(each.file_id, key, genre) for each in shelves for key, genre in each.genres.items()]
    if genres:
        of, keys, texts = zip(*genres, strict=True)
        db.execute(_GENRES, {"file_ids": list(of), "keys": list(keys), "genres": list(texts), "user_id": user_id})
    _keep_words(db, Found.TRACK, {each.file_id: each.words for each in shelves}, user_id)


def _keep_credits(db: Session, shelves: Sequence[Shelf], user_id: UUID) -> None:
    db.execute(_DROP_CREDITS, {"ids": [each.file_id for each in shelves], "user_id": user_id})
    rows = [(each.file_id, role.value, at, name.id) for each in shelves for role, at, name in each.credits]
    of, roles, positions, artists = zip(*rows, strict=True)
    facts = {"file_ids": list(of), "roles": list(roles), "positions": list(positions), "artist_ids": list(artists)}
    db.execute(_CREDITS, facts | {"user_id": user_id})


def _keep_words(db: Session, found: Found, of: dict[UUID, dict[str, Place]], user_id: UUID) -> None:
    """These words lead to these, and no other ones."""
    new = [(place.value, word, target) for target, its_words in of.items() for word, place in its_words.items()]
    places, all_words, targets = zip(*sorted(new), strict=True) if new else ((), (), ())
    facts = {"ids": list(of), "user_id": user_id, "found": found.value}
    facts |= {"places": list(places), "words": list(all_words), "targets": list(targets)}
    db.execute(_DROP_WORDS, facts)
    if new:
        db.execute(_WORDS, facts)


def _refresh(db: Session, albums: set[UUID], artists: set[UUID], *, user_id: UUID) -> None:
    """Count what albums and artists have; those that have nothing go, and keep their stars for when they come again."""
    for found, wanted, statements in (
        (Found.ALBUM, albums, (_COUNT_ALBUMS, _DROP_ALBUMS)),
        (Found.ARTIST, artists, (_COUNT_ARTISTS, _DROP_ARTISTS)),
    ):
        counts, drop = statements
        facts = {"ids": sorted(wanted), "user_id": user_id}
        db.execute(counts, facts)
        if gone := list(db.scalars(drop, facts)):
            _keep_words(db, found, {each: {} for each in gone}, user_id)
