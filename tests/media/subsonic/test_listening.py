"""What a listener makes of their music, said through a player: stars, ratings, plays, and what plays now."""

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from shared import ids
from tests.media import make
from tests.media.subsonic.player import Player
from tests.people import Person

YEAR_9999_MS = 253_402_300_799_000


@pytest.fixture(scope="module")
def song(ada: Person, phone: Player) -> dict[str, Any]:
    """Of 21 seconds."""
    make.uploaded(ada)
    [found] = phone.sees("getRandomSongs")["song"]
    return dict(found)


def plays(phone: Player, song: dict[str, Any]) -> int:
    return int(phone.told("getSong", id=song["id"])["song"].get("playCount", 0))


def test_songs_albums_and_artists_are_starred_and_rated(phone: Player, song: dict[str, Any]) -> None:
    named = {"id": song["id"], "albumId": song["albumId"], "artistId": song["artistId"]}

    phone.told("star", **named)
    phone.send("star", id=[*named.values()])  # again, and as players do that browse folders
    for each in named.values():
        phone.told("setRating", id=each, rating=5)
    starred = phone.sees("getStarred2")
    assert [[each["id"] for each in starred[kind]] for kind in ("song", "album", "artist")] == [
        [each] for each in named.values()
    ]
    assert starred["song"][0]["userRating"] == starred["album"][0]["userRating"] == 5
    first = starred["song"][0]["starred"]
    phone.told("star", **named)
    assert phone.sees("getSong", id=song["id"])["starred"] == first
    assert phone.sees("getStarred")["song"]

    phone.told("unstar", id=[*named.values()])
    phone.told("setRating", id=song["id"], rating=0)
    left = phone.sees("getStarred2")
    assert not any(left.get(kind) for kind in ("song", "album", "artist"))
    assert not phone.sees("getSong", id=song["id"]).keys() & {"starred", "userRating"}


def test_what_a_player_says_is_in_the_statistics_at_once(ada: Person, phone: Player, song: dict[str, Any]) -> None:
    def played() -> int:
        return int(ada.get("/statistics/user/summary").json()["total_plays"])

    before = played()
    phone.told("scrobble", id=song["id"], time=1_600_000_000_000)

    assert played() == before + 1


def test_a_scrobble_that_is_said_again_counts_once(phone: Player, song: dict[str, Any]) -> None:
    before = plays(phone, song)

    for _ in range(2):
        phone.send("scrobble", id=[song["id"], song["id"]], time=[1_700_000_000_000, 1_700_000_100_000])
    assert plays(phone, song) == before + 2
    with ThreadPoolExecutor(4) as several:  # without a time, while the first has not been answered
        list(several.map(lambda _: phone.told("scrobble", id=song["id"]), range(4)))
    assert plays(phone, song) == before + 3
    phone.told("scrobble", id=song["id"], time=YEAR_9999_MS)  # by a clock that is wrong
    assert plays(phone, song) == before + 3
    assert phone.sees("getSong", id=song["id"])["played"] < "9"
    phone.told("scrobble", id=song["id"], submission="false")
    phone.get("stream", id=song["id"])
    assert plays(phone, song) == before + 3


def test_all_of_several_scrobbles_or_none(phone: Player, song: dict[str, Any]) -> None:
    before = plays(phone, song)

    assert phone.refused("scrobble", id=[song["id"], str(ids.new())], time=[5_000, 6_000]) == 70
    assert plays(phone, song) == before


def test_what_plays_now_is_seen_by_its_listener_alone(bob: Person, phone: Player, song: dict[str, Any]) -> None:
    phone.told("scrobble", id=song["id"], submission="false", c="Car")

    playing = {each["playerName"]: each for each in phone.sees("getNowPlaying")["entry"]}
    assert (playing["Car"]["id"], playing["Car"]["minutesAgo"]) == (song["id"], 0)
    assert playing["Car"]["playerId"] == phone.sees("getNowPlaying")["entry"][0]["playerId"]
    assert Player(bob).sees("getNowPlaying") == {"entry": []}


def test_playback_that_is_reported_becomes_one_play(phone: Player, song: dict[str, Any]) -> None:
    def says(state: str, position_ms: int, **more: str) -> None:
        about = {"mediaId": song["id"], "mediaType": "song", "c": "Radio"}
        phone.told("reportPlayback", state=state, positionMs=position_ms, **about, **more)

    before = plays(phone, song)
    says("starting", 0)
    says("playing", 9_000)
    [playing] = [each for each in phone.sees("getNowPlaying")["entry"] if each["playerName"] == "Radio"]
    assert (playing["state"], playing["positionMs"]) == ("playing", 9_000)
    for _ in range(2):  # the answer to the first was lost
        says("stopped", 20_000)
    assert plays(phone, song) == before + 1
    assert "Radio" not in {each["playerName"] for each in phone.sees("getNowPlaying")["entry"]}
    says("starting", 0)
    says("stopped", 3_000)  # skipped
    says("starting", 0)
    says("stopped", 20_000, ignoreScrobble="true")  # the player scrobbles by itself
    assert plays(phone, song) == before + 1


def test_a_stranger_cannot_star_rate_or_scrobble(bob: Person, phone: Player, song: dict[str, Any]) -> None:
    theirs, before = Player(bob), plays(phone, song)

    for target in (song["id"], song["albumId"], song["artistId"], str(ids.new()), "x", ""):
        for method, asked in (
            ("star", {"id": target}),
            ("star", {"albumId": target}),
            ("star", {"artistId": target}),
            ("unstar", {"id": target}),
            ("setRating", {"id": target, "rating": 5}),
            ("scrobble", {"id": target}),
            ("scrobble", {"id": target, "submission": "false"}),
            ("reportPlayback", {"mediaId": target, "mediaType": "song", "state": "starting", "positionMs": 0}),
        ):
            assert theirs.refused(method, **asked) == 70, (method, asked)
    assert plays(phone, song) == before


@pytest.mark.parametrize(
    ("method", "asked", "number"),
    [
        ("star", {}, 10),
        ("setRating", {"id": "1"}, 10),
        ("setRating", {"id": "1", "rating": 6}, 0),
        ("setRating", {"id": "1", "rating": -1}, 0),
        ("setRating", {"id": "1", "rating": "many"}, 0),
        ("scrobble", {}, 10),
        ("scrobble", {"id": "1", "time": "now"}, 0),
        ("scrobble", {"id": "1", "time": -1}, 0),
        ("scrobble", {"id": "1", "submission": "perhaps"}, 0),
        ("reportPlayback", {"mediaType": "song", "state": "playing", "positionMs": 0}, 10),
        ("reportPlayback", {"mediaId": "1", "mediaType": "song", "state": "playing"}, 10),
        ("reportPlayback", {"mediaId": "1", "mediaType": "film", "state": "playing", "positionMs": 0}, 0),
        ("reportPlayback", {"mediaId": "1", "mediaType": "song", "state": "dancing", "positionMs": 0}, 0),
        ("reportPlayback", {"mediaId": "1", "mediaType": "song", "state": "playing", "positionMs": -1}, 0),
    ],
)
def test_what_makes_no_sense_is_refused(phone: Player, method: str, asked: dict[str, Any], number: int) -> None:
    assert phone.refused(method, **asked) == number


def test_ten_thousand_ids_are_answered_at_once(phone: Player) -> None:
    many = {"apiKey": phone.key, "f": "json", "id": [str(ids.new()) for _ in range(10_000)]}
    for method in ("star", "unstar", "scrobble", "savePlayQueue"):
        started = time.monotonic()
        answer = phone.http.post(f"/rest/{method}", data=many, headers={"Authorization": ""}).json()["subsonic-response"]

        assert answer["error"]["code"] in (0, 70), method
        assert time.monotonic() - started < 2, method
