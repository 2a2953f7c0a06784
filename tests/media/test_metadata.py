"""Metadata: what a track says of itself, and what its owner says instead."""

import time
from typing import Any

import pytest

from services.media.library import lyrics
from tests.media import make
from tests.people import Person

LRC = "[ti:Help!]\n[00:12.50]Help!\n[00:01.00][00:20.5]I need somebody"
EVERYTHING: dict[str, Any] = {
    **{"title": "Élégie", "artist": "Dvořák", "album": "Pieces", "albumartist": "Various Artists", "composer": "A. Dvořák"},
    **{"date": "1873-05-01", "genre": "Classical; Chamber", "track": 3, "track_total": 9, "disc": 1, "disc_total": 2},
    **{"comment": "two\nlines", "lyrics": "la la", "bpm": 72.5, "key": "Dm", "remixer": "R", "producer": "P", "label": "L"},
    **{"catalog_number": "C-1", "isrc": "GBAYE6500001", "barcode": "5099969944123"},
    **{"musicbrainz_id": "b1a9c0e9-d987-4042-ae91-78d6a3267d69", "musicbrainz_album_id": None},
}


@pytest.fixture
def track(alice: Person) -> str:
    file_id: str = make.uploaded(alice, make.wav(0.2), "hum.wav")["id"]
    return file_id


def test_every_field_can_be_said_otherwise(alice: Person, track: str) -> None:
    answer = alice.http.patch(f"/files/tracks/{track}/metadata", json=EVERYTHING)

    assert answer.status_code == 200, answer.text
    assert answer.json().items() >= EVERYTHING.items()
    assert answer.json()["year"] == 1873
    assert alice.get(f"/files/tracks/{track}/metadata").json() == answer.json()
    (listed,) = alice.get("/files/tracks").json()
    assert listed.items() >= {name: value for name, value in EVERYTHING.items() if name != "lyrics"}.items()
    (album,) = alice.get("/files/albums").json()
    assert (album["name"], album["artist"], album["year"]) == ("Pieces", "Various Artists", 1873)
    assert [each["name"] for each in alice.get("/files/genres").json()] == ["Chamber", "Classical"]
    assert [each["id"] for each in alice.get("/files/tracks/search?query=dvorak").json()] == [track]
    assert alice.get("/files/tracks/search?query=hum").json() == []


def test_what_is_not_named_stays_and_null_takes_away(alice: Person, track: str) -> None:
    alice.http.patch(f"/files/tracks/{track}/metadata", json={"artist": "Cher", "track": "3/12", "comment": "x"})

    said = alice.http.patch(f"/files/tracks/{track}/metadata", json={"artist": None, "comment": ""}).json()

    assert (said["title"], said["artist"], said["comment"], said["track"]) == ("hum", None, None, 3)


def test_one_change_of_many_is_a_change_of_all_or_none(alice: Person, bob: Person, track: str) -> None:
    other = make.uploaded(alice, make.wav(0.3), "whistle.wav")["id"]
    theirs = make.uploaded(bob, make.wav(0.2))["id"]
    changes = {"album": "Humming", "year": 2020}

    refused = alice.http.patch("/files/tracks/metadata", json={"track_ids": [track, theirs], "changes": changes})
    before = [each["name"] for each in alice.get("/files/albums").json()]
    done = alice.http.patch("/files/tracks/metadata", json={"track_ids": [track, other], "changes": changes})

    assert (refused.status_code, before) == (404, ["[Unknown Album]"])
    assert (done.status_code, done.json()["updated_count"]) == (200, 2)
    assert [(each["name"], each["song_count"]) for each in alice.get("/files/albums").json()] == [("Humming", 2)]
    assert {each["date"] for each in alice.get("/files/tracks").json()} == {"2020"}


def test_who_changes_what_has_changed_meanwhile_hears_of_it(alice: Person, track: str) -> None:
    path = f"/files/tracks/{track}/metadata"
    read = alice.get(path).headers["etag"]
    first = alice.http.patch(path, json={"title": "one"}, headers={"If-Match": read})

    second = alice.http.patch(path, json={"title": "two"}, headers={"If-Match": read})
    third = alice.http.patch(path, json={"title": "three"}, headers={"If-Match": first.headers["etag"]})

    assert (second.status_code, second.json()["code"]) == (412, "metadata_changed")
    assert (third.status_code, third.json()["title"]) == (200, "three")


def test_lyrics_are_plain_or_synced(alice: Person, track: str) -> None:
    path = f"/files/tracks/{track}/lyrics"
    assert alice.get(path).json() == {"track_id": track, "lyrics": None, "synced_lyrics": None, "lines": []}

    said = alice.http.put(path, json={"lyrics": LRC}).json()

    assert said["lines"] == [
        {"start_ms": 1_000, "text": "I need somebody"},
        {"start_ms": 12_500, "text": "Help!"},
        {"start_ms": 20_500, "text": "I need somebody"},
    ]
    assert (said["synced_lyrics"], said["lyrics"]) == (LRC, "I need somebody\nHelp!\nI need somebody")
    assert alice.get("/files/tracks").json()[0]["has_lyrics"]
    assert alice.http.put(path, json={"synced_lyrics": "no times"}).json()["code"] == "not_synced"
    assert alice.http.put(path, json={"lyrics": "la la"}).json()["synced_lyrics"] is None


def test_lyrics_are_read_in_linear_time_and_make_no_more_than_they_are() -> None:
    began = time.process_time()
    assert len(lyrics.lines("[00:01.00]a" + "\n" * 99_000 + "x")) == 1
    assert lyrics.lines("[offset: +500 ]\r\n [00:01.00] a\r\n") == [lyrics.Line(500, "a")]
    assert sum(len(line.text) for line in lyrics.lines("[00:01]" * 7_000 + "x" * 50_000)) <= 50 * 50_000
    assert time.process_time() - began < 1  # by squares it was a minute


def test_what_makes_no_sense_is_refused(alice: Person, track: str) -> None:
    for change in (
        {"title": "x" * 256},
        {"title": "\x1b[31m"},
        {"title": 1},
        {"track": -1},
        {"track": "three"},
        {"bpm": 0},
        {"year": 10_000},
        {"musicbrainz_id": "no id"},
        {"user_id": track},
        {"sort_title": "x"},
    ):
        assert alice.http.patch(f"/files/tracks/{track}/metadata", json=change).status_code == 422, change
    assert alice.http.patch("/files/tracks/metadata", json={"track_ids": [], "changes": {}}).status_code == 422


def test_a_stranger_cannot_read_or_change_metadata(alice: Person, bob: Person, nobody: Person, track: str) -> None:
    for noun in ("metadata", "lyrics"):
        path = f"/files/tracks/{track}/{noun}"
        assert bob.get(path).status_code == 404
        assert nobody.get(path).status_code == 401
    assert bob.http.patch(f"/files/tracks/{track}/metadata", json={"title": "mine"}).status_code == 404
    assert bob.http.put(f"/files/tracks/{track}/lyrics", json={"lyrics": "mine"}).status_code == 404
    assert alice.get(f"/files/tracks/{track}").json()["title"] == "hum"
