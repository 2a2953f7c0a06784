"""What goes from one player to the next: the queue, bookmarks, and what plays just now."""

import pytest

from shared import ids
from tests.media import make
from tests.media.subsonic.player import Player
from tests.people import Person

NOTHING_SAVED = {"username", "changed", "changedBy", "entry"}


def test_a_queue_goes_from_one_player_to_the_next(ada: Person, phone: Player, songs: list[str]) -> None:
    assert phone.sees("getPlayQueue").keys() <= NOTHING_SAVED

    phone.send("savePlayQueue", id=songs, current=songs[1], position=1500)
    car = Player(ada).sees("getPlayQueue")
    assert [song["id"] for song in car["entry"]] == songs
    assert (car["current"], car["position"], car["changedBy"]) == (songs[1], 1500, "tests")

    phone.told("savePlayQueue")  # nothing clears it
    assert phone.sees("getPlayQueue").keys() <= NOTHING_SAVED


def test_a_song_may_be_in_a_queue_twice_when_places_are_counted(phone: Player, songs: list[str]) -> None:
    phone.told("savePlayQueueByIndex", id=[songs[0], songs[1], songs[0]], currentIndex=2, position=7)

    found = phone.sees("getPlayQueueByIndex")
    assert [song["id"] for song in found["entry"]] == [songs[0], songs[1], songs[0]]
    assert (found["currentIndex"], found["position"]) == (2, 7)
    assert phone.refused("savePlayQueueByIndex", id=songs) == 10
    assert phone.refused("savePlayQueueByIndex", id=songs, currentIndex=3) == 0
    assert phone.refused("savePlayQueueByIndex", id=songs, currentIndex=-1) == 0
    assert phone.refused("savePlayQueue", id=songs[:2], current=songs[2]) == 0


def test_a_queue_goes_on_without_what_was_deleted(ada: Person, phone: Player, songs: list[str]) -> None:
    gone = make.uploaded(ada, make.wav(pitch_hz=900), "gone.wav")["id"]
    phone.told("savePlayQueueByIndex", id=[gone, songs[0], songs[1]], currentIndex=1)
    ada.delete(f"/files/{gone}")

    found = phone.sees("getPlayQueueByIndex")
    assert ([song["id"] for song in found["entry"]], found["currentIndex"]) == (songs[:2], 0)
    phone.told("savePlayQueue", id=[gone, *songs], current=songs[2])  # the phone has not heard of it yet
    assert phone.sees("getPlayQueue")["current"] == songs[2]


def test_a_long_queue_is_kept_and_read(phone: Player, songs: list[str]) -> None:
    phone.send("savePlayQueue", id=songs * 1_000, current=songs[0])

    found = phone.get("getPlayQueue", f="json").json()  # not held against the schemas, which takes ten seconds
    assert len(found["subsonic-response"]["playQueue"]["entry"]) == 3_000


def test_a_bookmark_is_put_moved_and_removed(phone: Player, songs: list[str]) -> None:
    phone.told("createBookmark", id=songs[0], position=61_000, comment="Here the <oboe> & the horn come in")
    phone.told("createBookmark", id=songs[1], position=0)
    phone.send("createBookmark", id=songs[0], position=62_000)

    found = phone.sees("getBookmarks")["bookmark"]
    assert [(mark["entry"]["id"], mark["position"]) for mark in found] == [(songs[0], 62_000), (songs[1], 0)]
    assert found[0]["created"] < found[0]["changed"]
    for song in songs[:2]:
        phone.told("deleteBookmark", id=song)
    assert phone.sees("getBookmarks") == {"bookmark": []}
    assert phone.refused("deleteBookmark", id=songs[0]) == 70


def test_a_stranger_cannot_queue_or_mark_what_is_alices(bob: Person, phone: Player, songs: list[str]) -> None:
    theirs = Player(bob)
    phone.told("createBookmark", id=songs[0], position=5)

    for wanted in (songs[0], str(ids.new()), "x", ""):
        assert theirs.refused("savePlayQueue", id=wanted, current=wanted) in (0, 70)
        assert theirs.refused("savePlayQueueByIndex", id=wanted, currentIndex=0) == 70
        assert theirs.refused("createBookmark", id=wanted, position=1) == 70
        assert theirs.refused("deleteBookmark", id=wanted) == 70
    assert theirs.sees("getBookmarks") == {"bookmark": []}
    assert phone.sees("getBookmarks")["bookmark"]


@pytest.mark.parametrize(
    ("method", "asked", "number"),
    [
        ("createBookmark", {}, 10),
        ("createBookmark", {"id": "1"}, 10),
        ("createBookmark", {"id": "1", "position": "soon"}, 0),
        ("createBookmark", {"id": "1", "position": "-1"}, 0),
        ("createBookmark", {"id": "1", "position": 2**63}, 0),
        ("createBookmark", {"id": "1", "position": 1, "comment": "x" * 5_000}, 0),
        ("createBookmark", {"id": "1", "position": 1, "comment": "a\x07b"}, 0),
        ("savePlayQueue", {"id": "1", "position": "1e3"}, 0),
        ("deleteBookmark", {}, 10),
    ],
)
def test_what_makes_no_sense_is_refused(phone: Player, method: str, asked: dict[str, str], number: int) -> None:
    assert phone.refused(method, **asked) == number
