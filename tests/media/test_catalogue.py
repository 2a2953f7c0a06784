"""The catalogue says of a library what its tracks say, whoever changes them at once."""

import random
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

from sqlalchemy import Engine, insert, select, update

from services.media.library import catalogue, files, locking
from services.media.library.folding import fold, words
from services.media.models.catalogue import Album, Artist, Credit, FileGenre, SearchWord
from services.media.models.files import AudioFile, State
from services.media.tasks import cataloguing
from services.media.tasks.queue import Work
from shared import clock, ids
from shared import db as database
from tests.media import make
from tests.people import Person
from tests.stack import Stack

ARTISTS = ["Dvořák", "DVORAK", "The Beatles", "Ella Fitzgerald; Louis Armstrong", "Simon & Garfunkel", None]
ALBUMS = ["Abbey Road", "abbey  road", "New World", None]
GENRES = ["Rock", "Classical; Jazz", "rock/Pop", None]


def track(user_id: UUID, **tags: Any) -> dict[str, Any]:
    made = {"id": ids.new(), "user_id": user_id, "filename": "a.flac", "kind": "upload", "state": "ready", "bucket": "tutti"}
    made |= {"object_key": "none", "sha256": "0" * 64, "file_size": 10, "duration_ms": 1_000, "created_at": clock.now()}
    no_tags = dict.fromkeys(("title", "artist", "album", "album_artist", "genre", "year", "cover_key"))
    return made | no_tags | tags


def kept(engine: Engine, user_id: UUID, *tracks: dict[str, Any]) -> list[UUID]:
    """Tracks, placed."""
    with database.transaction(engine, user_id=user_id) as db:
        locking.lock(db, user_id=user_id)
        db.execute(insert(AudioFile), list(tracks))
        catalogue.place(db, [each["id"] for each in tracks], user_id=user_id)
    return [each["id"] for each in tracks]


def rows(engine: Engine, user_id: UUID, *columns: Any) -> list[Any]:
    with database.transaction(engine, user_id=user_id) as db:
        return list(db.execute(select(*columns)).all())


def test_a_track_finds_its_place_when_it_is_ready(stack: Stack, alice: Person, worker: Engine) -> None:
    make.uploaded(alice)
    assert alice.id

    ((name, songs, albums),) = rows(worker, alice.id, Artist.name, Artist.song_count, Artist.album_count)
    ((album, album_songs),) = rows(worker, alice.id, Album.name, Album.song_count)

    assert (name, songs, albums) == ("The Tutti Ensemble", 1, 1)
    assert (album, album_songs) == ("First Rehearsal", 1)


def test_what_has_no_names_is_where_players_look_for_it(alice: Person, worker: Engine) -> None:
    assert alice.id
    kept(worker, alice.id, track(alice.id), track(alice.id, artist="Cher"))

    albums = {(row.name, row.artist) for row in rows(worker, alice.id, Album.name, Album.artist)}

    assert albums == {("[Unknown Album]", "[Unknown Artist]"), ("[Unknown Album]", "Cher")}
    assert {row.word for row in rows(worker, alice.id, SearchWord.word)} == {"a", "cher"}


def test_several_artists_of_one_track_are_several(alice: Person, worker: Engine) -> None:
    assert alice.id
    kept(worker, alice.id, track(alice.id, artist="Ella; Louis", album="Duets", composer="Gershwin", genre="Jazz/Vocal"))

    people = {row.name: (row.song_count, row.album_count) for row in rows(worker, alice.id, Artist.__table__)}

    assert people == {"Ella": (1, 1), "Louis": (1, 0), "Gershwin": (0, 0)}
    assert {row.genre for row in rows(worker, alice.id, FileGenre.genre)} == {"Jazz", "Vocal"}


def test_an_album_that_comes_again_has_the_id_it_had(alice: Person, worker: Engine) -> None:
    assert alice.id
    first = kept(worker, alice.id, track(alice.id, artist="Dvořák", album="New World"))
    before = rows(worker, alice.id, Album.id)
    with database.transaction(worker, user_id=alice.id) as db:
        files.end(db, first[0], user_id=alice.id)
        catalogue.remove(db, first, user_id=alice.id)
    gone = [rows(worker, alice.id, each.__table__) for each in (Album, Artist, Credit, FileGenre, SearchWord)]

    kept(worker, alice.id, track(alice.id, artist="DVORAK", album="new world"))

    assert gone == [[], [], [], [], []]
    assert rows(worker, alice.id, Album.id) == before


def test_what_was_forgotten_is_placed(alice: Person, worker: Engine) -> None:
    assert alice.id
    made = [track(alice.id, title=str(n), album="Lost") for n in range(3)]
    with database.transaction(worker, user_id=alice.id) as db:
        db.execute(insert(AudioFile), made)

    cataloguing.place_forgotten.run(Work(None, worker, {}, None, None, None))  # type: ignore[arg-type]

    assert rows(worker, alice.id, Album.song_count) == [(3,)]


def truth(tracks: list[Any]) -> dict[str, Any]:
    """What the catalogue should say of tracks, counted here by hand."""
    albums: Counter[tuple[str, str]] = Counter()
    songs: Counter[str] = Counter()
    for each in tracks:
        artists = list(dict.fromkeys(fold(name) for name in (each.artist or "[unknown artist]").split("; ")))
        owner = fold(each.album_artist or "") or artists[0]
        albums[owner, fold(each.album or "[unknown album]")] += 1
        songs.update(artists)
    found = {word for each in tracks for word in words(each.title or "a", each.artist, each.album, each.album_artist)}
    return {"albums": dict(albums), "songs": dict(songs), "words": found}


def told(engine: Engine, user_id: UUID) -> dict[str, Any]:
    albums = rows(engine, user_id, Album.artist, Album.name, Album.song_count, Album.size_bytes)
    assert all(row.size_bytes == 10 * row.song_count for row in albums)
    songs = {fold(row.name): row.song_count for row in rows(engine, user_id, Artist.name, Artist.song_count) if row.song_count}
    found = rows(engine, user_id, SearchWord.found, SearchWord.word)
    return {
        "albums": {(fold(row.artist), fold(row.name)): row.song_count for row in albums},
        "songs": songs,
        "words": {row.word for row in found if row.found == "track"},
    }


def change(engine: Engine, user_id: UUID, seed: int) -> None:
    """Somebody who puts in, retags and deletes at random."""
    chance, mine = random.Random(seed), list[UUID]()
    for _ in range(15):
        tags = {"artist": chance.choice(ARTISTS), "album": chance.choice(ALBUMS), "genre": chance.choice(GENRES)}
        tags |= {"album_artist": chance.choice([None, "Various Artists"]), "title": chance.choice([None, "Help!"])}
        some = chance.sample(mine, min(len(mine), 3))
        match chance.randrange(4):
            case 0 | 1:
                mine += kept(engine, user_id, *(track(user_id, **tags) for _ in range(chance.randrange(1, 4))))
            case 2 if some:
                with database.transaction(engine, user_id=user_id) as db:
                    locking.lock(db, user_id=user_id)
                    db.execute(update(AudioFile).where(AudioFile.id.in_(some)).values(**tags))
                    catalogue.place(db, some, user_id=user_id)
            case 3 if some:
                with database.transaction(engine, user_id=user_id) as db:
                    locking.lock(db, user_id=user_id)
                    files.end(db, some[0], user_id=user_id)
                    catalogue.remove(db, some[:1], user_id=user_id)
                mine.remove(some[0])


def test_the_catalogue_is_true_after_six_have_changed_it_at_once(stack: Stack, alice: Person, bob: Person) -> None:
    web = database.make_engine(stack.secret("media", "service_database_url"), pool_size=6, application_name="tests")
    assert alice.id and bob.id
    with ThreadPoolExecutor(6) as pool:
        for done in [pool.submit(change, web, alice.id, seed) for seed in range(6)]:
            done.result()

    tracks = [row for row in rows(web, alice.id, AudioFile.__table__) if row.state == State.READY]

    assert told(web, alice.id) == truth(tracks)
    assert len(tracks) > 20
    assert rows(web, bob.id, Album.id) == []
    web.dispose()
