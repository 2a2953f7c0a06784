"""Bodies on their way: how many at once, what is reserved for them, and what a full disk does to them."""

import asyncio
import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from fastapi import Request

from services.media.app import ARRIVING_OF_ONE
from services.media.errors import TooManyUploads, UploadTooLarge
from services.media.receiving.multipart import Body
from services.media.receiving.spool import Spooled
from shared import ids
from shared.fastapi_app import reception
from shared.fastapi_app.reception import Arrivals, Bounds, DiskFull, EndedForOthers
from tests.media import make, test_bad_uploads, test_pictures
from tests.people import Person
from tests.stack import Stack

MIB = 1024 * 1024
HEAD = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\n'


@pytest.fixture
def begun(stack: Stack, alice: Person) -> Iterator[Callable[..., socket.socket]]:
    """Begins an upload, of unknown length unless it is said, and lets it lie."""
    with ExitStack() as open_ones:

        def begin(length: int | None = None) -> socket.socket:
            talking = open_ones.enter_context(test_bad_uploads.begin(stack, alice.token, length))
            part = HEAD + b"RIFF"
            talking.sendall(part if length else b"%x\r\n%b\r\n" % (len(part), part))
            return talking

        yield begin


def reserved(stack: Stack, person: Person) -> int:
    with stack.engine("media-worker").begin() as db:
        return db.exec_driver_sql("SELECT used_bytes FROM storage_use WHERE user_id = %s", (person.id,)).scalar() or 0


def test_a_body_of_unknown_length_reserves_the_most_it_can_be(
    stack: Stack, alice: Person, begun: Callable[..., socket.socket]
) -> None:
    begun()

    make.until(lambda: reserved(stack, alice), lambda size: size == 200 * MIB, seconds=5)


def test_a_body_of_unknown_length_reserves_no_more_than_is_left(
    stack: Stack, alice: Person, begun: Callable[..., socket.socket]
) -> None:
    with stack.engine("media-worker").begin() as db:
        db.exec_driver_sql("INSERT INTO storage_use VALUES (%s, %s)", (alice.id, 1024 * MIB - 1000))

    begun()

    make.until(lambda: reserved(stack, alice), lambda size: size == 1024 * MIB, seconds=5)
    assert make.upload(alice).json()["code"] == "quota_exceeded"


def test_a_large_picture_waits_for_its_place_as_audio_does(
    stack: Stack, alice: Person, begun: Callable[..., socket.socket]
) -> None:
    lying = [begun(2 * MIB) for _ in range(ARRIVING_OF_ONE)]
    make.until(lambda: reserved(stack, alice), lambda size: size > ARRIVING_OF_ONE * 2 * MIB - MIB, seconds=5)
    answers: list[int] = []
    large = test_pictures.picture() + bytes(2 * MIB)
    sending = threading.Thread(target=lambda: answers.append(test_pictures.send(alice, large).status_code))

    sending.start()
    sending.join(1)
    assert answers == []
    lying.pop().close()
    sending.join(10)

    assert answers == [201]


def test_one_upload_more_than_a_person_may_have_waits_until_one_has_ended(
    stack: Stack, alice: Person, bob: Person, begun: Callable[..., socket.socket]
) -> None:
    lying = [begun(2 * MIB) for _ in range(ARRIVING_OF_ONE)]
    make.until(lambda: reserved(stack, alice), lambda size: size > ARRIVING_OF_ONE * 2 * MIB - MIB, seconds=5)
    answers: list[int] = []
    large = make.big_wav(2 * MIB)
    waiting = threading.Thread(target=lambda: answers.append(make.upload(alice, large, "seventh.wav").status_code))
    waiting.start()

    assert make.upload(bob, large, "of another.wav").status_code == 201
    assert make.upload(alice, make.wav(), "small.wav").status_code == 201
    assert answers == []
    lying[0].close()

    waiting.join(10)
    assert answers == [201]


def test_a_place_is_given_back_and_waited_for_only_so_long() -> None:
    alice, bob = ids.new(), ids.new()
    inside: list[str] = []

    async def stay(arrivals: Arrivals, user_id: UUID, name: str, seconds: float) -> None:
        async with arrivals.place(user_id, None):
            inside.append(name)
            await asyncio.sleep(seconds)

    async def come() -> None:
        arrivals = Arrivals(of_all=3, of_one=2, wait_seconds=0.1, too_many=TooManyUploads)
        staying = [asyncio.create_task(stay(arrivals, alice, name, 0.3)) for name in ("first", "second")]
        await asyncio.sleep(0)
        with pytest.raises(TooManyUploads):  # two of hers are on their way
            await stay(arrivals, alice, "third", 0)
        staying.append(asyncio.create_task(stay(arrivals, bob, "his", 0.3)))
        await asyncio.sleep(0)
        with pytest.raises(TooManyUploads):  # three of everybody's are
            await stay(arrivals, ids.new(), "of a third person", 0)
        async with arrivals.place(alice, reception.SMALL_BYTES):
            inside.append("small")
        await asyncio.gather(*staying)
        await stay(arrivals, alice, "third", 0)

    asyncio.run(come())

    assert inside == ["first", "second", "his", "small", "third"]


def test_where_all_places_are_taken_the_slowest_body_is_ended_for_whoever_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reception, "FAIR_SECONDS", 0.05)
    monkeypatch.setattr(reception, "LOOK_SECONDS", 0.02)
    inside: list[str] = []

    async def stay(arrivals: Arrivals, name: str, size_bytes: int) -> None:
        async with arrivals.place(ids.new(), None) as arrival:
            assert arrival
            arrival.count(size_bytes)
            if not size_bytes:
                arrival.arrived()  # all of it is here, and is being stored
            inside.append(name)
            await asyncio.sleep(0.5)
        inside.append(f"{name} ends")

    async def come() -> None:
        arrivals = Arrivals(of_all=4, of_one=2, wait_seconds=0.3, too_many=TooManyUploads)
        bodies = {"fast": 100 * MIB, "slow": 200, "slowest": 100, "stored": 0}
        staying = [asyncio.create_task(stay(arrivals, name, size)) for name, size in bodies.items()]
        await asyncio.sleep(0)
        await stay(arrivals, "one more", MIB)
        found = await asyncio.gather(*staying, return_exceptions=True)
        assert [type(each) for each in found] == [type(None), type(None), EndedForOthers, type(None)]

    asyncio.run(come())

    assert inside[4:] == ["one more", "fast ends", "slow ends", "stored ends", "one more ends"]


def taken(write: Callable[[bytes], Any], body: bytes) -> None:
    """Receive a body as a server hands it over."""

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    bounds = Bounds(10 * MIB, UploadTooLarge(), bytes_per_second=1, patience_seconds=10)
    asyncio.run(reception.receive(Request({"type": "http", "headers": []}, receive), write, bounds))


@pytest.mark.parametrize("size_bytes", [10, 100_000, 3 * MIB], ids=["when it ends", "in one piece", "in several"])
def test_a_full_disk_is_said_and_leaves_nothing_behind(tmp_path: Path, size_bytes: int) -> None:
    (tmp_path / "upload-0").symlink_to("/dev/full")  # takes nothing, as a full disk does
    body = Body("multipart/form-data; boundary=x", tmp_path, "upload")
    try:
        with pytest.raises(DiskFull):
            taken(body.write, HEAD + os.urandom(size_bytes) + b"\r\n--x--\r\n")
    finally:
        body.discard()

    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_said_when_the_last_bytes_are_written(tmp_path: Path) -> None:
    (tmp_path / "recording").symlink_to("/dev/full")
    spooled = Spooled("a.webm", tmp_path / "recording")
    taken(spooled.write, b"less than a buffer")

    with pytest.raises(DiskFull), reception.noticing_full_disk():
        spooled.end()
    spooled.discard()

    assert list(tmp_path.iterdir()) == []
