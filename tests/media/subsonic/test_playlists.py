"""Playlists through a player: made, changed by index, published, and deleted."""

from typing import Any

import pytest

from shared import ids
from tests.media import make
from tests.media.subsonic.player import Player
from tests.people import Person


def inside(phone: Player, playlist_id: str) -> list[str]:
    return [song["id"] for song in phone.sees("getPlaylist", id=playlist_id).get("entry", [])]


def test_a_playlist_is_made_changed_replaced_and_deleted(phone: Player, songs: list[str]) -> None:
    a, b, c = songs

    made = phone.send("createPlaylist", name="Évening\n& <quiet>", songId=[a, b, c, a])["playlist"]
    assert (made["name"], made["songCount"], made["duration"], made["public"]) == ("Évening & <quiet>", 4, 8, False)
    phone.send("updatePlaylist", playlistId=made["id"], songIndexToRemove=[0, 2], songIdToAdd=[c, b], comment="For later")
    assert inside(phone, made["id"]) == [b, a, c, b]
    phone.told("updatePlaylist", playlistId=made["id"], name="Night", public="true", songIndexToRemove=99)
    [listed] = phone.sees("getPlaylists")["playlist"]
    assert (listed["name"], listed["comment"], listed["public"], listed["songCount"]) == ("Night", "For later", True, 4)
    assert (listed["coverArt"], listed["readonly"], listed["changed"] > listed["created"]) == (f"pl-{made['id']}", False, True)
    phone.told("createPlaylist", playlistId=made["id"], songId=[c])
    assert inside(phone, made["id"]) == [c]
    phone.told("createPlaylist", playlistId=made["id"])
    assert phone.sees("getPlaylist", id=made["id"])["songCount"] == 0
    phone.told("deletePlaylist", id=made["id"])
    assert phone.sees("getPlaylists") == {"playlist": []}
    assert phone.refused("deletePlaylist", id=made["id"]) == 70


def test_a_stranger_cannot_see_or_change_a_playlist_that_is_not_public(bob: Person, phone: Player, songs: list[str]) -> None:
    made, theirs = phone.told("createPlaylist", name="Mine", songId=songs)["playlist"]["id"], Player(bob)

    for playlist_id in (made, str(ids.new()), "x", ""):
        assert theirs.refused("getPlaylist", id=playlist_id) == 70
        assert theirs.refused("updatePlaylist", playlistId=playlist_id, name="Theirs") == 70
        assert theirs.refused("deletePlaylist", id=playlist_id) == 70
    assert theirs.refused("createPlaylist", playlistId=made) == 70
    assert theirs.refused("createPlaylist", name="Stolen", songId=songs[0]) == 70
    assert theirs.sees("getPlaylists") == {"playlist": []}
    assert inside(phone, made) == songs
    phone.told("deletePlaylist", id=made)


def test_a_public_playlist_is_heard_by_others_who_change_nothing(bob: Person, phone: Player, songs: list[str]) -> None:
    phone.told("star", id=songs[0])
    phone.told("scrobble", id=songs[0])
    made, theirs = phone.told("createPlaylist", name="For all", songId=songs)["playlist"]["id"], Player(bob)
    phone.told("updatePlaylist", playlistId=made, public="true")

    [seen] = [each for each in theirs.sees("getPlaylists")["playlist"] if each["id"] == made]
    assert (seen["readonly"], seen["owner"] != phone.username) == (True, True)
    entries: list[dict[str, Any]] = theirs.sees("getPlaylist", id=made)["entry"]
    assert [song["id"] for song in entries] == songs
    assert not entries[0].keys() & {"starred", "played", "userRating"} and not entries[0].get("playCount")
    assert theirs.refused("updatePlaylist", playlistId=made, name="Theirs") in (50, 70)
    assert theirs.refused("deletePlaylist", id=made) in (50, 70)
    assert theirs.get("stream", id=songs[0]).content == phone.get("stream", id=songs[0]).content
    phone.told("updatePlaylist", playlistId=made, public="false")
    assert theirs.refused("getPlaylist", id=made) == 70
    make.until(lambda: theirs.get("stream", id=songs[0]).text, lambda text: 'code="70"' in text, seconds=2)
    phone.told("deletePlaylist", id=made)


def test_a_playlist_that_rules_make_is_read_and_not_written(ada: Person, phone: Player, songs: list[str]) -> None:
    rules = {"all": [{"is": {"title": "1"}}]}
    answer = ada.post("/playlists", {"name": "Ones", "rules": rules})
    assert answer.status_code == 201, answer.text
    made = answer.json()["id"]

    found = phone.sees("getPlaylist", id=made)
    assert ([song["id"] for song in found["entry"]], found["songCount"], found["readonly"]) == ([songs[1]], 1, True)
    assert phone.refused("updatePlaylist", playlistId=made, songIdToAdd=songs[0]) in (0, 50)
    phone.told("deletePlaylist", id=made)


@pytest.mark.parametrize(
    ("method", "asked", "number"),
    [
        ("createPlaylist", {}, 10),
        ("createPlaylist", {"name": ""}, 0),
        ("createPlaylist", {"name": " \t"}, 0),
        ("createPlaylist", {"name": "x" * 256}, 0),
        ("createPlaylist", {"name": "a\x00b"}, 0),
        ("createPlaylist", {"name": "a\x1bb"}, 0),
        ("createPlaylist", {"name": "Good", "songId": "nothing"}, 70),
        ("updatePlaylist", {}, 10),
        ("updatePlaylist", {"playlistId": "1", "public": "perhaps"}, 0),
        ("updatePlaylist", {"playlistId": "1", "songIndexToRemove": "first"}, 0),
        ("updatePlaylist", {"playlistId": "1", "songIndexToRemove": -1}, 0),
        ("deletePlaylist", {}, 10),
        ("getPlaylist", {}, 10),
    ],
)
def test_what_makes_no_sense_is_refused(phone: Player, method: str, asked: dict[str, Any], number: int) -> None:
    assert phone.refused(method, **asked) == number
    assert phone.sees("getPlaylists") == {"playlist": []}
