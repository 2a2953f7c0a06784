"""The library as lists of tracks, albums, artists and genres."""

from typing import Any

import pytest
from sqlalchemy import Engine, insert

from services.media.library import catalogue, locking
from services.media.models.files import AudioFile
from services.media.models.listening import Annotation
from shared import clock, ids
from shared import db as database
from tests.media import make
from tests.people import Person
from tests.stack import Stack

# Title, artist, album, year, genre, track, seconds.
SHELF = [
    ("Help!", "The Beatles", "Help!", 1965, "Rock", 1, 139),
    ("Yesterday", "The Beatles", "Help!", 1965, "Rock; Ballad", 13, 125),
    ("Cheek to Cheek", "Ella Fitzgerald; Louis Armstrong", "Ella and Louis", 1956, "Jazz", 2, 353),
    ("Élégie", "Dvořák", None, None, None, None, 225),
    ("a cappella", None, None, 2001, "Jazz/Vocal", None, 3_661),
]
TAGS = ("title", "artist", "album", "year", "genre", "track_number", "duration")
SINUZOID = {
    *("id", "user_id", "original_filename", "file_path", "file_size", "file_type", "duration", "upload_date"),
    *("last_accessed", "cover_path", "cover_thumbnail_path", "updated_at"),
}


@pytest.fixture
def shelf(alice: Person, worker: Engine) -> list[str]:
    """Alice's library, oldest first; of it the bytes are nowhere."""
    assert alice.id
    rows: list[dict[str, Any]] = []
    for values in SHELF:
        row = {"id": ids.new(), "user_id": alice.id, "filename": "x.flac", "file_size": 10, "mime_type": "audio/flac"}
        row |= {"kind": "upload", "state": "ready", "bucket": "tutti", "sha256": "0" * 64, "created_at": clock.now()}
        row |= {"object_key": f"storage/audio/{alice.id}/{row['id']}.flac"} | dict(zip(TAGS, values, strict=True))
        rows.append(row | {"duration_ms": row["duration"] * 1_000})
    with database.transaction(worker, user_id=alice.id) as db:
        locking.lock(db, user_id=alice.id)
        db.execute(insert(AudioFile), rows)
        catalogue.place(db, [row["id"] for row in rows], user_id=alice.id)
        liked = {"user_id": alice.id, "target": "track", "target_id": rows[2]["id"], "starred_at": clock.now()}
        db.execute(insert(Annotation).values(**liked, rating=5, play_count=3, played_at=clock.now()))
    return [str(row["id"]) for row in rows]


def titles(person: Person, path: str) -> list[str]:
    answer = person.get(path)
    assert answer.status_code == 200, answer.text
    return [track["title"] for track in answer.json()]


def test_one_request_gives_the_list_and_every_tag(alice: Person, nobody: Person) -> None:
    make.uploaded(alice)

    (track,) = make.until(
        lambda: alice.get("/files/tracks?skip=0&limit=1000").json(), lambda found: found[0]["loudness_lufs"] is not None
    )

    assert track.keys() >= SINUZOID
    assert (track["title"], track["artist"], track["genre"], track["track"]) == (
        "Minuet in G",
        "The Tutti Ensemble",
        "Classical",
        1,
    )
    assert (track["duration"], track["original_filename"], track["date"]) == ("PT21S", "minuet.flac", "2026")
    alone = alice.get(f"/files/tracks/{track['id']}").json()
    assert alone | {"stream_url": track["stream_url"]} == track  # but for the second in which that was made
    assert alice.get(track["file_path"], headers={"Range": "bytes=0-3"}).content == b"fLaC"
    assert nobody.get(track["stream_url"]).status_code == 200
    assert nobody.get(track["cover_thumbnail_path"]).headers["content-type"] == "image/jpeg"
    assert alice.get(track["cover_path"]).status_code == 200


def test_tracks_are_sorted_as_they_are_asked_for(alice: Person, shelf: list[str]) -> None:
    every = [row[0] for row in SHELF]
    for query, expected in (
        ("", every[::-1]),  # newest first
        ("sort=created_at&order=asc", every),
        ("sort=title", ["a cappella", "Cheek to Cheek", "Élégie", "Help!", "Yesterday"]),
        ("sort=artist", ["a cappella", "Help!", "Yesterday", "Élégie", "Cheek to Cheek"]),  # [Unknown], Beatles, Dvořák, Ella
        ("sort=year&order=asc", ["Cheek to Cheek", "Help!", "Yesterday", "a cappella"]),  # those that have one
        ("sort=duration", ["a cappella", "Cheek to Cheek", "Élégie", "Help!", "Yesterday"]),
        ("sort=plays", ["Cheek to Cheek"]),
    ):
        assert titles(alice, f"/files/tracks?{query}") == expected, query
    assert sorted(titles(alice, "/files/tracks?sort=random")) == sorted(every)


def test_tracks_are_filtered(alice: Person, shelf: list[str]) -> None:
    ella = next(each for each in alice.get("/files/artists").json() if each["name"] == "Ella Fitzgerald")
    (help_,) = (each for each in alice.get("/files/albums").json() if each["name"] == "Help!")
    for query, expected in (
        ("genre=JAZZ", ["a cappella", "Cheek to Cheek"]),
        ("genre=ballad", ["Yesterday"]),
        (f"artist_id={ella['id']}", ["Cheek to Cheek"]),
        (f"album_id={help_['id']}", ["Help!", "Yesterday"]),  # in its order
        ("year_from=1960&year_to=1970&sort=title", ["Help!", "Yesterday"]),
        ("starred=true", ["Cheek to Cheek"]),
        ("rated=4", ["Cheek to Cheek"]),
        ("format=mp3", []),
        ("format=flac&genre=vocal", ["a cappella"]),
        ("kind=song", []),
    ):
        answer = alice.get(f"/files/tracks?{query}")
        assert [track["title"] for track in answer.json()] == expected, query
        assert answer.headers["x-total-count"] == str(len(expected)), query


def test_every_list_goes_on_by_its_links(alice: Person, shelf: list[str]) -> None:
    for start in ("/files/tracks?limit=2", "/files/tracks?sort=title&limit=2", "/files/tracks?sort=artist&order=desc&limit=1"):
        whole, seen, path = titles(alice, start.rpartition("limit=")[0]), [], start
        while path:
            answer = alice.get(path)
            seen += [track["title"] for track in answer.json()]
            path = answer.headers.get("link", "").partition(">")[0].removeprefix("<")

        assert seen == whole, start
        assert answer.headers["x-total-count"] == "5", start


def test_words_of_their_own_are_no_ids(alice: Person, shelf: list[str]) -> None:
    assert titles(alice, "/files/tracks/search?query=DVORAK") == ["Élégie"]
    assert titles(alice, "/files/tracks/recent?limit=1") == ["a cappella"]
    assert titles(alice, "/files/tracks/popular") == ["Cheek to Cheek"]
    assert alice.get("/files/tracks/stats/summary").json() == {
        "total_tracks": 5,
        "total_size": 50,
        "total_duration": "PT1H15M3S",
        "total_duration_seconds": 4_503,
        "total_artists": 5,
        "total_albums": 4,
    }


def test_the_library_by_artist_album_and_genre(alice: Person, shelf: list[str]) -> None:
    artists = alice.get("/files/artists").json()
    albums = alice.get("/files/albums?sort=year&order=asc").json()
    louis = next(each for each in artists if each["name"] == "Louis Armstrong")

    assert [each["name"] for each in artists] == [
        *("[Unknown Artist]", "The Beatles", "Dvořák", "Ella Fitzgerald", "Louis Armstrong"),
    ]
    assert [(each["name"], each["song_count"]) for each in albums] == [
        *(("Ella and Louis", 1), ("Help!", 2), ("[Unknown Album]", 1)),
    ]
    whole = alice.get(f"/files/artists/{louis['id']}").json()
    assert ([each["name"] for each in whole["albums"]], [each["name"] for each in whole["appears_on"]]) == (
        [],
        ["Ella and Louis"],
    )
    album = alice.get(f"/files/albums/{albums[1]['id']}").json()
    assert [track["title"] for track in album["tracks"]] == ["Help!", "Yesterday"]
    assert {each["name"]: each["song_count"] for each in alice.get("/files/genres").json()} == {
        **{"Ballad": 1, "Jazz": 2, "Rock": 2, "Vocal": 1},
    }
    assert [each["name"] for each in alice.get("/files/albums?genre=rock").json()] == ["Help!"]


def test_a_library_is_emptied_but_for_recordings(stack: Stack, alice: Person, bob: Person, worker: Engine) -> None:
    mine, theirs = make.uploaded(alice, make.wav(0.2)), make.uploaded(bob, make.wav(0.3))
    recording = {
        "id": ids.new(),
        "user_id": alice.id,
        "filename": "r.webm",
        "file_size": 5,
        "kind": "recording",
        "state": "ready",
    }
    with database.transaction(worker, user_id=alice.id) as db:
        db.execute(insert(AudioFile).values(**recording, bucket="tutti", object_key="r", sha256="0" * 64))

    answer = alice.delete("/files/tracks/all")

    assert (answer.status_code, answer.json()["deleted_count"]) == (200, 1)
    assert alice.get("/files/tracks").json() == alice.get("/files/albums").json() == []
    assert alice.get(f"/files/{mine['id']}/stream").status_code == 404
    assert [each["id"] for each in alice.get("/files?kind=recording").json()] == [str(recording["id"])]
    make.until(lambda: make.objects(stack, alice), lambda keys: keys == [])
    assert bob.get(f"/files/{theirs['id']}/stream").status_code == 200


def test_a_stranger_cannot_look_at_a_library(alice: Person, bob: Person, nobody: Person, shelf: list[str]) -> None:
    album, artist = (alice.get(f"/files/{noun}").json()[0]["id"] for noun in ("albums", "artists"))
    for path in (f"/files/tracks/{shelf[0]}", f"/files/albums/{album}", f"/files/artists/{artist}"):
        assert alice.get(path).status_code == 200
        assert bob.get(path).status_code == 404
        assert nobody.get(path).status_code == 401
    assert bob.delete(f"/files/tracks/{shelf[0]}").status_code == 404
    assert bob.delete("/files/tracks/all").json()["deleted_count"] == 0
    for path in ("tracks", f"tracks?album_id={album}", f"tracks?artist_id={artist}", "albums", "artists", "genres"):
        assert bob.get(f"/files/{path}").json() == [], path
    assert len(alice.get("/files/tracks").json()) == 5


def test_what_makes_no_sense_is_refused(alice: Person) -> None:
    for query in (
        "sort=secret",
        "order=up",
        "limit=0",
        "limit=1001",
        "artist_id=x",
        "rated=6",
        "format=exe",
        "skip=-1",
        "genre=%00",
    ):
        assert alice.get(f"/files/tracks?{query}").status_code == 422, query
    for query in ("cursor=x", "cursor=x&sort=artist"):
        assert alice.get(f"/files/tracks?{query}").status_code == 400, query
    for path in ("/files/tracks/nonsense", "/files/albums/nonsense", "/files/artists/nonsense"):
        assert alice.get(path).status_code == 404
