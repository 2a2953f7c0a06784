"""Playlists: an order of one's own that survives whoever else changes it."""

import random
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import httpx2
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from services.media.playlists import entries
from services.media.playlists.lists import create
from shared import db as database
from shared import ids
from tests.media import make
from tests.people import Person
from tests.stack import Stack


def tracks_of(person: Person, count: int) -> list[str]:
    """The ids of some small tracks that are ready."""
    files = [("file", (f"song {n}.wav", make.wav(0.1, pitch_hz=200 + n))) for n in range(count)]
    made = [each["id"] for each in person.post("/files/upload", files=files).json()]
    for each in made:
        make.ready(person, each)
    return made


def playlist_of(person: Person, tracks: list[str] | None = None, **facts: Any) -> dict[str, Any]:
    answer = person.post("/playlists/", {"name": "Mine", "tracks": tracks or [], **facts})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def order(person: Person, playlist: dict[str, Any]) -> list[str]:
    return [each["id"] for each in person.get(f"/playlists/{playlist['id']}").json()["tracks"]]


def test_a_playlist_lives_as_sinuzoid_leads_it(alice: Person) -> None:
    a, b, c = tracks_of(alice, 3)
    made = alice.post("/playlists/", {"name": "Früh", "description": "morning"})
    path = f"/playlists/{made.json()['id']}"
    assert (made.status_code, made.json()["tracks"], made.headers["etag"]) == (201, [], '"1"')
    added = [alice.post(f"{path}/tracks/{each}", {}) for each in (a, b)]
    assert [each.status_code for each in added] == [201, 201] and added[1].json()["track_count"] == 2
    assert alice.post(f"{path}/tracks/{c}", {"position": 0}).json()["message"]

    shown = alice.get(path).json()
    assert [each["id"] for each in shown["tracks"]] == [c, a, b]
    first = shown["tracks"][0]
    assert first["duration"].startswith("PT") and first["original_filename"] == "song 2.wav"
    assert alice.get(make.local(alice, first["stream_url"])).status_code == alice.get(first["file_path"]).status_code == 200
    listed = next(each for each in alice.get("/files/tracks").json() if each["id"] == c)
    said = ("original_filename", "file_path", "file_size", "file_type", "duration", "upload_date", "cover_path", "title")
    assert {name: first[name] for name in said} == {name: listed[name] for name in said}
    for same in ("/playlists", "/playlists/", "/playlists/?skip=0&limit=100"):
        assert [each["id"] for each in alice.get(same).json()[0]["tracks"]] == [c, a, b]

    places = [{"track_id": each, "position": n} for n, each in enumerate((a, b, c))]
    assert alice.http.put(f"{path}/tracks/reorder", json=places).json()["message"]
    listed = alice.get(f"{path}/tracks").json()
    assert ([each["id"] for each in listed["tracks"]], listed["total"]) == ([a, b, c], 3)

    assert alice.delete(f"{path}/tracks/{b}").json()["track_count"] == 2
    assert alice.delete(f"{path}/tracks/{b}").status_code == 404
    renamed = alice.http.put(path, json={"name": "Spät"}).json()
    assert (renamed["name"], renamed["description"], len(renamed["tracks"])) == ("Spät", "morning", 2)
    assert alice.delete(path).json()["message"]
    assert alice.get(path).status_code == 404 and alice.get("/playlists").json() == []


def test_playlists_are_found(alice: Person) -> None:
    (track,) = tracks_of(alice, 1)
    spring = playlist_of(alice, [track], name="Antonín in spring")
    autumn = playlist_of(alice, name="Autumn", description="for  RÅINY days")

    def found(query: str) -> list[str]:
        return [each["id"] for each in alice.get(f"/playlists/search?{query}").json()["playlists"]]

    assert found("query=ANTONIN") == [spring["id"]] and found("query=rainy") == [autumn["id"]]
    assert found("query=rainy&search_in_description=false") == [] == found("query=%25")
    assert found("query=for%20r%C3%A4iny") == [autumn["id"]]
    assert found("query=s%C3%B8ng%200&search_in_tracks=true") == [spring["id"]]
    assert found("query=song%200") == [] and found("query=song%200&search_in_tracks=true") == [spring["id"]]
    assert alice.get("/playlists/suggestions?query=spr").json() == {"suggestions": ["Antonín in spring"]}
    assert [each["id"] for each in alice.get("/playlists/recent").json()["playlists"]] == [autumn["id"], spring["id"]]
    within = alice.get(f"/playlists/{spring['id']}/tracks/search?query=SONG").json()
    assert (within["total_results"], within["tracks"][0]["id"], within["playlist_id"]) == (1, track, spring["id"])
    assert alice.get(f"/playlists/{spring['id']}/tracks/search?query=nothing").json()["tracks"] == []
    pages = alice.get("/playlists?limit=1")
    assert (pages.headers["x-total-count"], len(pages.json())) == ("2", 1)
    following = pages.headers["link"].partition(">")[0].removeprefix("<")
    assert [each["id"] for each in alice.get(following).json()] == [spring["id"]]


def test_a_stranger_cannot_see_or_change_a_playlist(alice: Person, bob: Person) -> None:
    (track,), (theirs,) = tracks_of(alice, 1), tracks_of(bob, 1)
    mine = playlist_of(alice, [track])
    path = f"/playlists/{mine['id']}"

    attempts = [
        bob.get(path),
        bob.get(f"{path}/tracks"),
        bob.get(f"{path}/cover"),
        bob.http.put(path, json={"name": "Bob's"}),
        bob.http.patch(path, json={"is_public": True}),
        bob.post(f"{path}/tracks/{theirs}", {}),
        bob.delete(f"{path}/tracks/{track}"),
        bob.http.put(f"{path}/tracks/reorder", json=[]),
        bob.delete(path),
    ]

    nowhere = bob.get(f"/playlists/{ids.new()}")
    assert [each.json() for each in attempts] == [nowhere.json()] * len(attempts) and nowhere.status_code == 404
    assert alice.post(f"{path}/tracks/{theirs}", {}).status_code == 404
    assert order(alice, mine) == [track] and bob.get("/playlists").json() == []


def test_anybody_reads_a_public_playlist_for_as_long_as_it_is_public(alice: Person, bob: Person, nobody: Person) -> None:
    (track,) = tracks_of(alice, 1)
    mine = playlist_of(alice, [track], is_public=True)
    path = f"/playlists/{mine['id']}"

    seen = bob.get(path).json()
    assert [each["id"] for each in seen["tracks"]] == [track]
    assert mine["id"] in [each["id"] for each in bob.get("/playlists?public=true").json()]
    assert mine["id"] in [each["id"] for each in bob.get("/playlists/popular?limit=100").json()["playlists"]]
    assert bob.get("/playlists").json() == [] and nobody.get(path).status_code == 401
    assert bob.http.put(path, json={"name": "Bob's"}).status_code == 404
    assert bob.post(f"{path}/tracks/{track}", {}).status_code == 404

    assert alice.http.patch(path, json={"is_public": False}).status_code == 200
    assert bob.get(path).status_code == 404
    assert nobody.get(make.local(nobody, seen["tracks"][0]["stream_url"])).status_code in {403, 404}


def test_a_deleted_track_leaves_every_playlist_at_once(alice: Person) -> None:
    a, b = tracks_of(alice, 2)
    lists = [playlist_of(alice, [a, b, a]), playlist_of(alice, [b])]

    assert alice.delete(f"/files/{a}").status_code == 204

    shown = [alice.get(f"/playlists/{each['id']}").json() for each in lists]
    assert [[track["id"] for track in each["tracks"]] for each in shown] == [[b], [b]]
    assert [(each["track_count"], each["version"] - before["version"]) for each, before in zip(shown, lists, strict=True)] == [
        (1, 1),
        (1, 0),
    ]


def test_a_change_meant_for_an_older_playlist_is_refused(alice: Person) -> None:
    a, b = tracks_of(alice, 2)
    mine = playlist_of(alice, [a, b])
    path, stale = f"/playlists/{mine['id']}", {"If-Match": '"1"'}
    current = {"If-Match": alice.get(path).headers["etag"]}

    moved = [{"track_id": b, "position": 0}]
    for answer in (
        alice.http.put(f"{path}/tracks/reorder", json=moved, headers=stale),
        alice.post(f"{path}/tracks/{a}", {}, headers=stale),
        alice.delete(f"{path}/tracks/{a}", headers=stale),
        alice.http.put(path, json={"name": "Other"}, headers=stale),
        alice.delete(path, headers={"If-Match": "nonsense"}),
    ):
        assert (answer.status_code, answer.json()["code"]) == (412, "playlist_changed")
    assert order(alice, mine) == [a, b]
    assert alice.http.put(f"{path}/tracks/reorder", json=moved, headers=current).status_code == 200
    assert alice.http.put(f"{path}/tracks/reorder", json=moved, headers=current).status_code == 412
    assert order(alice, mine) == [b, a]


def test_the_same_creation_twice_is_one_playlist(alice: Person) -> None:
    key = {"Idempotency-Key": "once"}

    first, again = (alice.post("/playlists", {"name": "One"}, headers=key) for _ in range(2))

    assert first.json() == again.json() and again.headers["idempotent-replayed"] == "true"
    assert len(alice.get("/playlists").json()) == 1


def test_a_track_that_is_still_looked_at_waits_and_a_stranger_does_not_hear_of_it(
    stack: Stack, alice: Person, bob: Person
) -> None:
    (track,) = tracks_of(alice, 1)
    with stack.engine("media-worker").begin() as db:
        db.exec_driver_sql("UPDATE audio_files SET state = 'processing' WHERE id = %s", (track,))

    early, strangers = (each.post(f"/playlists/{playlist_of(each)['id']}/tracks/{track}", {}) for each in (alice, bob))

    assert (early.status_code, early.json()["code"], early.headers["retry-after"]) == (409, "still_processing", "1")
    assert strangers.status_code == 404


def test_what_makes_no_sense_is_refused(alice: Person) -> None:
    mine = playlist_of(alice)
    path = f"/playlists/{mine['id']}"

    for body in ({}, {"name": " "}, {"name": "x" * 256}, {"name": "x", "colour": "red"}, {"name": "x", "tracks": ["y"]}):
        assert alice.post("/playlists", body).status_code == 422, body
    assert alice.post("/playlists", {"name": "x", "tracks": [str(ids.new())]}).status_code == 404
    for position in (-1, 1.5, "first", 10**9):
        assert alice.post(f"{path}/tracks/{ids.new()}", {"position": position}).status_code == 422
    for id_ in ("nothing", "-1", "%00", "a" * 300):
        assert alice.get(f"/playlists/{id_}").status_code in {400, 404}
    assert alice.http.put(f"{path}/tracks/reorder", json={"track_id": 1}).status_code == 422
    assert len(alice.get("/playlists").json()) == 1
    assert {alice.get(f"/playlists/{find}?query=a%00").status_code for find in ("search", "suggestions")} == {422}


def test_four_at_once_lose_nothing_and_put_no_two_in_one_place(stack: Stack, alice: Person) -> None:
    files = tracks_of(alice, 6)
    mine = playlist_of(alice, files[:2])
    path = f"/playlists/{mine['id']}"

    def act(seed: int) -> list[int]:
        chance, said = random.Random(seed), []
        with httpx2.Client(base_url=str(alice.http.base_url), headers=alice.http.headers, trust_env=False, timeout=30) as http:
            said.append(http.post(f"{path}/tracks/{files[2 + seed]}", json={"position": 1}).status_code)
            for _ in range(3):
                places = [{"track_id": each, "position": chance.randrange(6)} for each in chance.sample(files, 3)]
                said.append(http.put(f"{path}/tracks/reorder", json=places).status_code)
            again = {"track_ids": [files[0]], "position": chance.randrange(4)}
            said.append(http.post(f"{path}/tracks", json=again).status_code)
        return said

    with ThreadPoolExecutor(4) as four:
        answers = list(four.map(act, range(4)))

    assert {status for each in answers for status in each} == {200, 201}
    assert sorted(order(alice, mine)) == sorted([*files, *[files[0]] * 4])
    assert alice.get(path).headers["etag"] == f'"{2 + 4 * 5}"'


def test_a_playlist_follows_its_model_whatever_four_do(stack: Stack, alice: Person) -> None:
    files = [UUID(each) for each in tracks_of(alice, 4)]
    engine, owner = stack.engine("media"), alice.id
    assert owner is not None

    class Playlist(RuleBasedStateMachine):
        """Each actor knows some version; what is meant for an older one changes nothing (P28)."""

        def __init__(self) -> None:
            super().__init__()
            with database.transaction(engine, user_id=owner) as db:
                made = create(db, user_id=owner, name="Model")
            self.id, self.model, self.version = made["id"], list[UUID](), made["version"]
            self.known = [self.version] * 4

        def act(self, actor: int, change: Any, expected: list[UUID]) -> None:
            versions, is_fresh = [self.known[actor]], self.known[actor] == self.version
            try:
                with database.transaction(engine, user_id=owner) as db:
                    row = change(db, versions)
            except entries.lists.PlaylistChanged:
                assert not is_fresh
                self.known[actor] = self.version
                return
            assert is_fresh
            self.model, self.version = expected, row["version"]
            self.known[actor] = self.version

        @rule(actor=st.integers(0, 3), file=st.sampled_from(files), at=st.none() | st.integers(0, 6))
        def insert(self, actor: int, file: UUID, at: int | None) -> None:
            place = len(self.model) if at is None else at
            expected = [*self.model[:place], file, *self.model[place:]]
            add = entries.add
            self.act(actor, lambda db, known: add(db, self.id, [file], user_id=owner, at=at, versions=known), expected)

        @precondition(lambda self: self.model)
        @rule(actor=st.integers(0, 3), which=st.integers(0, 50))
        def remove(self, actor: int, which: int) -> None:
            file = self.model[which % len(self.model)]
            expected = [each for each in self.model if each != file]
            self.act(actor, lambda db, known: entries.remove(db, self.id, file, user_id=owner, versions=known), expected)

        @rule(actor=st.integers(0, 3), places=st.lists(st.tuples(st.sampled_from(files), st.integers(0, 6)), max_size=4))
        def reorder(self, actor: int, places: list[tuple[UUID, int]]) -> None:
            numbered = [(ids.named(self.id, str(n)), each) for n, each in enumerate(self.model)]
            files_of = dict(numbered)
            expected = [files_of[each] for each in entries.arranged(numbered, places)]
            self.act(actor, lambda db, known: entries.reorder(db, self.id, places, user_id=owner, versions=known), expected)

        @invariant()
        def is_as_the_model(self) -> None:
            with database.transaction(engine, user_id=owner) as db:
                shown = entries.of(db, [self.id], user_id=owner)[self.id]
            assert [each["id"] for each in shown] == self.model

    checked = [HealthCheck.too_slow, HealthCheck.data_too_large]
    few = settings(max_examples=8, stateful_step_count=12, deadline=None, database=None, suppress_health_check=checked)
    run_state_machine_as_test(Playlist, settings=few)
    engine.dispose()


@pytest.mark.nightly
def test_gaps_that_are_used_up_are_made_anew(stack: Stack, alice: Person) -> None:
    a, b = (UUID(each) for each in tracks_of(alice, 2))
    engine, owner = stack.engine("media"), alice.id
    assert owner is not None
    with database.transaction(engine, user_id=owner) as db:
        made = create(db, user_id=owner, name="Narrow")
        entries.add(db, made["id"], [a, a], user_id=owner)

        for _ in range(60):
            entries.add(db, made["id"], [b], user_id=owner, at=1)

        shown = entries.of(db, [made["id"]], user_id=owner)[made["id"]]
    assert [each["id"] for each in shown] == [a, *[b] * 60, a]
    engine.dispose()
