"""Audiences: whom another service lets read a user's files, and for how long."""

from collections.abc import Iterator

import httpx2
import pytest

from shared import ids
from tests.media import make
from tests.people import Person
from tests.stack import Stack


@pytest.fixture
def chat(stack: Stack, alice: Person) -> Iterator[httpx2.Client]:
    """Another service that acts for Alice."""
    with make.as_service(stack, alice) as client:
        yield client


def address(stack: Stack, reader: Person, file_id: str) -> str | None:
    """Where this reader may play a file, as another service is told."""
    with make.as_service(stack, reader) as client:
        found = client.post("/internal/playable", json={"file_ids": [file_id]}).json().get(file_id)
    return make.local(reader, found) if found else None


def test_bob_reads_what_alice_shows_to_a_chat_while_he_is_in_it(
    stack: Stack, alice: Person, bob: Person, chat: httpx2.Client
) -> None:
    file, room = make.uploaded(alice, make.wav(0.2)), f"/internal/audiences/{ids.new()}"
    assert chat.put(f"{room}/files/{file['id']}").status_code == 204
    assert address(stack, bob, file["id"]) is None

    assert chat.put(f"{room}/readers", json={"readers": [str(alice.id), str(bob.id)]}).status_code == 204
    playing = address(stack, bob, file["id"])
    assert playing and bob.get(playing).content == alice.get(f"/files/{file['id']}/download").content

    chat.put(f"{room}/readers", json={"readers": [str(alice.id)]})
    assert address(stack, bob, file["id"]) is None
    make.until(lambda: bob.get(playing).status_code, lambda status: status == 404, seconds=2)


def test_what_is_hidden_or_cleared_or_deleted_is_read_no_more(
    stack: Stack, alice: Person, bob: Person, chat: httpx2.Client
) -> None:
    files = [make.uploaded(alice, make.wav(0.2, pitch_hz=500 + n))["id"] for n in range(3)]
    rooms = [f"/internal/audiences/{ids.new()}" for _ in files]
    for room, file_id in zip(rooms, files, strict=True):
        chat.put(f"{room}/readers", json={"readers": [str(bob.id)]})
        chat.put(f"{room}/files/{file_id}")
    assert all(address(stack, bob, file_id) for file_id in files)

    chat.delete(f"{rooms[0]}/files/{files[0]}")
    chat.delete(rooms[1])
    alice.delete(f"/files/{files[2]}")

    assert [address(stack, bob, file_id) for file_id in files] == [None, None, None]


def test_a_stranger_cannot_show_what_is_alices_nor_a_service_touch_anothers_audience(
    stack: Stack, alice: Person, bob: Person, chat: httpx2.Client
) -> None:
    file, room = make.uploaded(alice, make.wav(0.2)), f"/internal/audiences/{ids.new()}"
    with make.as_service(stack, bob) as for_bob:
        assert for_bob.put(f"{room}/files/{file['id']}").json()["code"] == "no_such_file"
    chat.put(f"{room}/readers", json={"readers": [str(bob.id)]})
    with make.as_service(stack, alice, caller="auth") as other:  # its own audience of the same id
        other.put(f"{room}/files/{file['id']}")

    assert address(stack, bob, file["id"]) is None
    assert bob.http.put(room + "/readers", json={"readers": []}).status_code == 404  # the gateway leads nobody there


def test_a_list_of_readers_is_bounded_and_well_formed(chat: httpx2.Client) -> None:
    room = f"/internal/audiences/{ids.new()}/readers"

    assert chat.put(room, json={"readers": ["nobody"]}).status_code == 422
    assert chat.put(room, json={"readers": [str(ids.new())] * 10_001}).status_code == 422
