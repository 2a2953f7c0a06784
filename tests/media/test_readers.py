"""Somebody else's files: what was shown to an audience or is in a public playlist may be read, for as long as it is so."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest

from shared import db as database
from shared import ids
from tests import people
from tests.media import make
from tests.media.make import MINUET
from tests.people import Person
from tests.stack import Stack

WAYS = ("stream", "download", "cover")


@pytest.fixture(scope="module")
def alice(stack: Stack) -> Iterator[Person]:
    """One Alice with one file for this whole module."""
    person = people.sign_up(stack.url, "alice")
    yield person
    person.http.close()


@pytest.fixture(scope="module")
def file(alice: Person) -> dict[str, Any]:
    return make.uploaded(alice)


def show(stack: Stack, audience: UUID, owner: Person, file: dict[str, Any], readers: list[Person]) -> None:
    """As another service does for the members of a chat; what is not the owner's it cannot show."""
    with make.as_service(stack, owner) as chat:
        chat.put(f"/internal/audiences/{audience}/readers", json={"readers": [str(each.id) for each in readers]})
        chat.put(f"/internal/audiences/{audience}/files/{file['id']}")


def statuses(person: Person, file: dict[str, Any]) -> list[int]:
    return [person.get(f"/files/{file['id']}/{way}").status_code for way in WAYS]


def test_an_audience_reads_what_was_shown_to_it_until_it_is_taken_back(
    stack: Stack, alice: Person, bob: Person, nobody: Person, file: dict[str, Any]
) -> None:
    audience = ids.new()
    assert statuses(bob, file) == [404, 404, 404]

    show(stack, audience, alice, file, [bob])

    assert statuses(bob, file) == [200, 200, 200]
    assert bob.get(f"/files/{file['id']}/stream").content == MINUET.read_bytes()
    with make.as_service(stack, bob) as chat:
        [url] = chat.post("/internal/playable", json={"file_ids": [file["id"], str(ids.new())]}).json().values()
    address = make.local(bob, url)
    assert nobody.get(address, headers={"Range": "bytes=5-9"}).content == MINUET.read_bytes()[5:10]

    with make.as_service(stack, alice) as chat:
        assert chat.delete(f"/internal/audiences/{audience}/files/{file['id']}").status_code == 204

    make.until(lambda: nobody.get(address).status_code, lambda status: status == 404, seconds=1.5)
    assert statuses(bob, file) == [404, 404, 404]


def test_reading_is_not_owning(stack: Stack, alice: Person, bob: Person, file: dict[str, Any]) -> None:
    show(stack, ids.new(), alice, file, [bob])

    assert bob.get("/files").json() == []
    assert bob.delete(f"/files/{file['id']}").status_code == 404
    assert bob.delete(f"/files/audio/{file['id']}.flac").status_code == 404
    assert statuses(bob, file) == [200, 200, 200]


def test_what_others_are_shown_of_alice_goes_at_once_when_she_deletes_it(stack: Stack, alice: Person, bob: Person) -> None:
    file = make.uploaded(alice)
    show(stack, ids.new(), alice, file, [bob])
    assert statuses(bob, file) == [200, 200, 200]

    alice.delete(f"/files/{file['id']}")

    assert statuses(bob, file) == [404, 404, 404]


def test_a_public_playlist_is_played_by_everybody_until_it_is_private(
    stack: Stack, alice: Person, bob: Person, nobody: Person, file: dict[str, Any]
) -> None:
    playlist = ids.new()
    with database.transaction(stack.engine("media-worker")) as db:
        db.connection().exec_driver_sql(
            "INSERT INTO playlists (id, user_id, name, sort_name, is_public) VALUES (%s, %s, 'All: mine?', 'all', true)",
            (playlist, alice.id),
        )
        db.connection().exec_driver_sql(
            "INSERT INTO playlist_tracks (id, playlist_id, user_id, file_id, position) VALUES (%s, %s, %s, %s, 1)",
            (ids.new(), playlist, alice.id, file["id"]),
        )

    assert statuses(bob, file) == [200, 200, 200]
    assert bob.get(f"/playlists/{playlist}/zip").status_code == 200
    assert nobody.get(f"/files/{file['id']}/stream").status_code == 401

    with stack.engine("media-worker").begin() as db:
        db.exec_driver_sql("UPDATE playlists SET is_public = false WHERE id = %s", (playlist,))

    make.until(lambda: bob.get(f"/files/{file['id']}/stream").status_code, lambda status: status == 404, seconds=1.5)
    assert bob.get(f"/playlists/{playlist}/zip").status_code == 404
    assert alice.get(f"/playlists/{playlist}/zip").status_code == 200


def test_what_is_shown_by_somebody_who_does_not_own_it_is_shown_to_nobody(
    stack: Stack, alice: Person, bob: Person, file: dict[str, Any]
) -> None:
    mallory = people.sign_up(stack.url, "mallory")

    show(stack, ids.new(), mallory, file, [mallory, bob])

    assert statuses(mallory, file) == statuses(bob, file) == [404, 404, 404]
    mallory.http.close()
