"""Smart playlists: whatever meets some rules, asked anew at each look."""

import zipfile
from io import BytesIO
from typing import Any
from uuid import UUID

import pytest

from services.media.errors import BadRules
from services.media.listening import annotations, plays
from services.media.models.catalogue import Found
from services.media.playlists import entries, rules
from shared import db as database
from tests.media import make
from tests.people import Person
from tests.stack import Stack


def nested(depth: int) -> dict[str, Any]:
    made: dict[str, Any] = {"is": {"title": "x"}}
    for _ in range(depth):
        made = {"all": [made]}
    return made


def test_a_smart_playlist_holds_whatever_meets_its_rules(alice: Person, bob: Person) -> None:
    make.uploaded(bob)
    long = make.uploaded(alice, make.wav(2.0), name="Long evening.wav")
    short = make.uploaded(alice, make.wav(0.5), name="short morning.wav")
    song = make.uploaded(alice)
    every = {"gt": {"size": 0}}

    def holds(*conditions: dict[str, Any], word: str = "all", **facts: Any) -> list[str]:
        made = alice.post("/playlists", {"name": "Smart", "rules": {word: list(conditions), **facts}})
        assert made.status_code == 201, made.text
        shown = alice.get(f"/playlists/{made.json()['id']}").json()
        assert shown["track_count"] == len(shown["tracks"])
        return [each["id"] for each in shown["tracks"]]

    evening, s, m = long["id"], short["id"], song["id"]
    assert holds(every, sort="duration", order="desc")[1:] == [evening, s] and set(holds(every)) == {evening, s, m}
    assert holds({"contains": {"title": "EVENING"}}) == [evening] and holds({"endsWith": {"title": "Morning"}}) == [s]
    assert holds({"lt": {"duration": 1}}) == [s] and holds({"inTheRange": {"duration": [1, 3]}}) == [evening]
    assert holds({"inTheRange": {"channels": [0.6, 1.4]}}, {"lt": {"duration": 1}}) == [s]  # neither bound is one
    assert holds({"is": {"channels": 1.4}}) == [] == holds({"gt": {"year": 40_000}}) == holds({"is": {"bitRate": 10**15}})
    assert holds({"is": {"fileType": "flac"}}) == [m] and set(holds({"isNot": {"file_type": "FLAC"}})) == {evening, s}
    assert holds({"is": {"artist": song["artist"].upper()}}) == [m]
    assert set(holds({"isNot": {"artist": song["artist"]}})) == {evening, s}
    assert holds({"contains": {"title": "%"}}) == [] == holds({"before": {"dateAdded": "2020-01-01"}})
    assert len(holds({"inTheLast": {"dateAdded": 1}}, {"notInTheLast": {"lastPlayed": 7}}, {"is": {"playCount": 0}})) == 3
    assert holds({"is": {"loved": True}}) == [] and len(holds({"is": {"rating": 0}}, {"isNot": {"year": 1700}})) == 3
    assert holds({"is": {"hasCover": True}}) == [m]
    either = {"any": [{"startsWith": {"title": "long"}}, {"startsWith": {"title": "short"}}]}
    assert holds(either, sort="-title") == [s, evening] and holds(either, sort="title", limit=1) == [evening]
    assert len(holds(every, sort="random", limit=2)) == 2

    assert alice.delete(f"/files/{evening}").status_code == 204
    assert holds(either) == [s]


def test_rules_know_what_a_listener_makes_of_a_track(stack: Stack, alice: Person) -> None:
    loved, played, other = (make.uploaded(alice, make.wav(0.1 * n))["id"] for n in (1, 2, 3))
    engine, owner = stack.engine("media"), alice.id
    assert owner is not None
    with database.transaction(engine, user_id=owner) as db:
        annotations.star(db, Found.TRACK, [UUID(loved)], user_id=owner)
        annotations.rate(db, Found.TRACK, UUID(loved), 4, user_id=owner)
        plays.note(db, user_id=owner, file_id=UUID(played), listened_seconds=1.0)

        def holds(operator: str, field: str, value: Any, **facts: Any) -> list[str]:
            wanted = {"all": [{operator: {field: value}}], "sort": "-dateAdded", **facts}
            return [str(row["id"]) for row in entries.ruled(db, wanted, user_id=owner)]

        assert holds("is", "loved", True) == [loved] == holds("gt", "rating", 3) == holds("inTheLast", "dateLoved", 1)
        assert holds("is", "starred", False) == [other, played] and holds("lt", "rating", 4) == [other, played]
        assert holds("gt", "playCount", 0) == [played] == holds("inTheLast", "lastPlayed", 1)
        assert holds("notInTheLast", "last_played", 1) == [other, loved]
        assert holds("gt", "size", 0, sort="-rating,-playCount,dateAdded") == [loved, played, other]
    engine.dispose()


def test_rules_make_the_list_and_nobody_else_does(alice: Person, bob: Person, nobody: Person) -> None:
    song = make.uploaded(alice, make.wav(0.2))
    wanted = {"all": [{"gt": {"size": 0}}]}
    mine = alice.post("/playlists", {"name": "Smart", "rules": wanted}).json()
    path = f"/playlists/{mine['id']}"

    assert alice.post(f"{path}/tracks/{song['id']}", {}).json()["code"] == "made_by_rules"
    assert alice.http.put(f"{path}/tracks/reorder", json=[]).status_code == 409
    assert alice.http.patch(path, json={"is_public": True}).json()["code"] == "rules_are_private"
    assert alice.post("/playlists", {"name": "x", "rules": wanted, "is_public": True}).status_code == 409
    assert alice.post("/playlists", {"name": "x", "rules": wanted, "tracks": [song["id"]]}).status_code == 409
    assert bob.get(path).status_code == 404
    nothing = {"all": [{"is": {"title": "no such"}}]}
    assert alice.http.patch(path, json={"rules": nothing}).json()["tracks"] == []
    assert alice.http.patch(path, json={"rules": {"all": "x"}}).status_code == 422
    assert alice.http.patch(path, json={"rules": wanted}).json()["tracks"][0]["id"] == song["id"]
    (listed,) = alice.get("/playlists").json()
    assert (listed["track_count"], listed["rules"]) == (None, wanted)
    with zipfile.ZipFile(BytesIO(alice.get(f"{path}/zip").content)) as opened:
        assert [opened.read(each) for each in opened.namelist()] == [make.wav(0.2)]
    assert bob.get(f"{path}/zip").status_code == 404
    link = alice.post("/files/shares", {"playlist_id": mine["id"]}).json()
    (shared,) = nobody.get(make.local(nobody, link["url"])).json()["tracks"]
    assert nobody.get(make.local(nobody, shared["stream_url"])).status_code == 200


@pytest.mark.parametrize(
    "wrong",
    [
        "all",
        {},
        {"all": []},
        {"all": {}, "any": []},
        {"all": [{"is": {"title": "x"}}], "any": [{"is": {"title": "x"}}]},
        {"all": [{"is": {"title": "x"}}], "where": "1=1"},
        {"all": [{"is": {"user_id": "x"}}]},  # no field of the language
        {"all": [{"is": {"title": "x"}, "contains": {"title": "x"}}]},
        {"all": [{"is": {"title": "x", "album": "y"}}]},
        {"all": [{"or 1=1": {"title": "x"}}]},
        {"all": [{"gt": {"title": "x"}}]},  # an operator of numbers
        {"all": [{"contains": {"year": 1}}]},
        {"all": [{"is": {"title": 1}}]},
        {"all": [{"is": {"title": "x" * 256}}]},
        {"all": [{"gt": {"year": "1999"}}]},
        {"all": [{"gt": {"year": True}}]},
        {"all": [{"gt": {"year": 10**16}}]},
        {"all": [{"is": {"loved": "yes"}}]},
        {"all": [{"inTheRange": {"year": [1990]}}]},
        {"all": [{"inTheLast": {"lastPlayed": 0}}]},
        {"all": [{"inTheLast": {"lastPlayed": 10**6}}]},
        {"all": [{"before": {"dateAdded": "yesterday"}}]},
        {"all": [{"after": {"dateAdded": "9999-12-31"}}]},
        {"all": [{"is": {"title": "x"}}], "limit": 1_001},
        {"all": [{"is": {"title": "x"}}], "limit": 0},
        {"all": [{"is": {"title": "x"}}], "limit": True},
        {"all": [{"is": {"title": "x"}}], "sort": "password"},
        {"all": [{"is": {"title": "x"}}], "sort": ",".join(["title"] * 6)},
        {"all": [{"is": {"title": "x"}}], "sort": "title; DROP TABLE playlists"},
        {"all": [{"is": {"title": "x"}}], "order": []},
        {"all": [{"is": {"title": "x"}}] * 101},
        nested(6),
    ],
    ids=repr,
)
def test_rules_that_cannot_be_read_are_refused(wrong: Any) -> None:
    with pytest.raises(BadRules):
        rules.check(wrong)


def test_rules_may_be_nested_five_deep_and_names_are_taken_as_navidrome_writes_them() -> None:
    rules.check(nested(5))
    rules.check({"any": [{"isnot": {"playcount": 3}}, {"IsNot": {"play_count": 3}}], "sort": "+lastPlayed,-rating"})
