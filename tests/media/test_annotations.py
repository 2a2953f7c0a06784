"""Stars and ratings of tracks, albums and artists."""

from services.media.schemas.search import FoundOut, OpinionOut
from shared import ids
from tests.media import make
from tests.people import Person

KINDS = ("tracks", "albums", "artists")


def test_alice_stars_and_rates_what_is_hers_and_a_stranger_cannot(alice: Person, bob: Person) -> None:
    track = make.uploaded(alice)["id"]
    found = alice.get("/search").json()
    its = {"tracks": track} | {kind: found[kind][0]["id"] for kind in ("albums", "artists")}

    starred = {kind: alice.http.put(f"/files/{kind}/{its[kind]}/star").json() for kind in KINDS}
    again = {kind: alice.http.put(f"/files/{kind}/{its[kind]}/star").json() for kind in KINDS}
    rated = alice.http.put(f"/files/albums/{its['albums']}/rating", json={"rating": 5}).json()

    assert starred == again  # a star keeps its date
    assert all(OpinionOut.model_validate(each).starred_at for each in starred.values())
    assert (rated["rating"], rated["starred_at"]) == (5, starred["albums"]["starred_at"])
    listed = alice.get("/files/starred").json()
    assert FoundOut.model_validate(listed)
    assert {kind: [each["id"] for each in listed[kind]] for kind in KINDS} == {kind: [its[kind]] for kind in KINDS}
    assert listed["albums"][0]["rating"] == 5
    # Bob sees none of it, and theirs is as nothing to him.
    assert bob.get("/files/starred").json() == {kind: [] for kind in KINDS}
    for kind in KINDS:
        for asked in (its[kind], str(ids.new()), "none"):
            answers = [
                bob.http.put(f"/files/{kind}/{asked}/star"),
                bob.delete(f"/files/{kind}/{asked}/star"),
                bob.http.put(f"/files/{kind}/{asked}/rating", json={"rating": 1}),
            ]
            assert [each.status_code for each in answers] == [404] * 3, (kind, asked)
    assert alice.http.put(f"/files/tracks/{track}/rating", json={"rating": 6}).status_code == 422
    # And taken away again.
    for kind in KINDS:
        assert alice.delete(f"/files/{kind}/{its[kind]}/star").json()["starred_at"] is None
    assert alice.delete(f"/files/albums/{its['albums']}/rating").json()["rating"] is None
    assert alice.get("/files/starred").json() == {kind: [] for kind in KINDS}


def test_an_album_that_comes_again_finds_its_star(alice: Person) -> None:
    track = make.uploaded(alice)["id"]
    album = alice.get("/search").json()["albums"][0]["id"]
    alice.http.put(f"/files/albums/{album}/star")

    alice.delete(f"/files/{track}")
    gone = alice.get("/files/starred").json()
    make.uploaded(alice)

    assert gone["albums"] == []
    assert [each["id"] for each in alice.get("/files/starred").json()["albums"]] == [album]
