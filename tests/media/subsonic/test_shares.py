"""Links that a player makes to its owner's music."""

from datetime import UTC, datetime, timedelta

import pytest

from shared import ids
from tests.media import make
from tests.media.subsonic.player import Player
from tests.people import Person
from tests.stack import Stack


def test_a_share_is_made_followed_changed_and_deleted(alice: Person, bob: Person, nobody: Person) -> None:
    phone, theirs, song = Player(alice), Player(bob), make.uploaded(alice)["id"]
    album = phone.sees("getSong", id=song)["albumId"]
    later = int((datetime.now(UTC) + timedelta(days=1)).timestamp() * 1_000)

    [made] = phone.send("createShare", id=song, description="Listen & <tell>", expires=later)["shares"]["share"]
    assert ([each["id"] for each in made["entry"]], made["visitCount"], made["description"]) == ([song], 0, "Listen & <tell>")
    assert nobody.get(make.local(alice, made["url"])).json()["tracks"]
    [of_album] = phone.told("createShare", id=album)["shares"]["share"]
    [of_both] = phone.told("createShare", id=[song, album])["shares"]["share"]
    assert [[each["id"] for each in share["entry"]] for share in (of_album, of_both)] == [[song], [song]]
    phone.told("updateShare", id=made["id"], expires=0, description="")
    seen = {each["id"]: each for each in phone.sees("getShares")["share"]}[made["id"]]
    assert (seen["visitCount"], "lastVisited" in seen, seen.keys() & {"expires", "description"}) == (1, True, set())

    for wrong in (made["id"], str(ids.new()), "x", ""):
        assert theirs.refused("updateShare", id=wrong, description="Theirs") == 70
        assert theirs.refused("deleteShare", id=wrong) == 70
    for wrong in (song, album, str(ids.new()), "x"):
        assert theirs.refused("createShare", id=wrong) == theirs.refused("createShare", id=[wrong, wrong[::-1]]) == 70
    assert theirs.sees("getShares") == {"share": []}
    phone.told("deleteShare", id=made["id"])
    assert nobody.get(make.local(alice, made["url"])).status_code in (404, 410)
    assert phone.refused("deleteShare", id=made["id"]) == 70


@pytest.mark.nightly
def test_all_shares_together_tell_a_bounded_number_of_songs(stack: Stack, alice: Person) -> None:
    phone, song = Player(alice), make.uploaded(alice)["id"]
    playlist = phone.send("createPlaylist", name="Over and over", songId=song)["playlist"]["id"]
    with stack.engine("media-worker").begin() as db:
        db.exec_driver_sql(
            "INSERT INTO playlist_tracks (id, user_id, playlist_id, file_id, position)"
            " SELECT gen_random_uuid(), user_id, playlist_id, file_id, position + number * 1024"
            " FROM playlist_tracks, generate_series(1, 5999) AS number WHERE playlist_id = %s",
            (playlist,),
        )

    for _ in range(3):
        assert alice.post("/files/shares", {"playlist_id": playlist}).status_code == 201

    shown = phone.get("getShares", f="json").json()["subsonic-response"]["shares"]["share"]
    assert [len(share["entry"]) for share in shown] == [6_000, 4_000, 0]


def test_what_makes_no_sense_is_refused(alice: Person) -> None:
    phone = Player(alice)
    for method, asked, number in (
        ("createShare", {}, 10),
        ("createShare", {"id": "1", "expires": "soon"}, 0),
        ("createShare", {"id": "1", "expires": -1}, 0),
        ("createShare", {"id": "1", "expires": 10**30}, 0),
        ("createShare", {"id": "1", "description": "x" * 5_000}, 0),
        ("updateShare", {}, 10),
        ("deleteShare", {}, 10),
    ):
        assert phone.refused(method, **asked) == number, (method, asked)
