"""Playing: exact bytes, exact ranges, and nothing for strangers."""

import asyncio
import os
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.utils import formatdate
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from fastapi import Request
from sqlalchemy import Engine

from services.media.errors import NoSuchFile, TooManyStreams
from services.media.library import files
from services.media.library.files import Row
from services.media.playing import streams
from services.media.playing.cache import Cache
from services.media.playing.places import Places
from services.media.playing.turns import Turns
from services.media.store import Store
from shared import db as database
from shared import ids
from tests import people
from tests.media import make
from tests.media.make import MINUET
from tests.people import Person
from tests.stack import Stack

BYTES = MINUET.read_bytes()
SIZE = len(BYTES)
LONG = make.big_wav(13_000_000)


@pytest.fixture(scope="module")
def alice(stack: Stack) -> Iterator[Person]:
    """One Alice for this whole module: its tests only look."""
    person = people.sign_up(stack.url, "alice")
    yield person
    person.http.close()


@pytest.fixture(scope="module")
def file(alice: Person) -> dict[str, Any]:
    return make.uploaded(alice)


def test_alice_plays_the_whole_file_again_and_again(alice: Person, file: dict[str, Any]) -> None:
    for _ in range(3):  # the first from the object store, the last from the cache
        answer = alice.get(f"/files/{file['id']}/stream")

        assert (answer.status_code, answer.content == BYTES) == (200, True)
        assert answer.headers["content-type"] == "audio/flac"
        assert answer.headers["accept-ranges"] == "bytes"


def test_any_range_is_exactly_those_bytes(alice: Person, file: dict[str, Any]) -> None:
    chance = random.Random(1)
    for _ in range(60):
        start = chance.randrange(SIZE)
        end = min(SIZE - 1, start + chance.randrange(1, 70_000))
        answer = alice.get(f"/files/{file['id']}/stream", headers={"Range": f"bytes={start}-{end}"})

        assert answer.status_code == 206
        assert answer.content == BYTES[start : end + 1]
        assert answer.headers["content-range"] == f"bytes {start}-{end}/{SIZE}"


def test_ranges_of_a_file_that_takes_several_reads(alice: Person) -> None:
    big = make.uploaded(alice, LONG, "long.wav")
    for start, end in ((0, 12_999_999), (1, 12_999_998), (4_194_303, 8_388_609), (12_999_999, 12_999_999)):
        answer = alice.get(f"/files/{big['id']}/stream", headers={"Range": f"bytes={start}-{end}"})

        assert answer.status_code == 206
        assert answer.content == LONG[start : end + 1]


RANGES = [
    # header, status, what is sent, why
    ("bytes=0-", 206, BYTES, "the first request of every player"),
    ("bytes=-100", 206, BYTES[-100:], "the end, where some containers keep their index"),
    (f"bytes=-{SIZE * 2}", 206, BYTES, "more than there is: all of it"),
    (f"bytes=0-{SIZE * 2}", 206, BYTES, "an end past the end is cut"),
    (f"bytes={SIZE - 1}-", 206, BYTES[-1:], "the last byte"),
    (f"bytes={SIZE}-", 416, None, "past the end"),
    ("bytes=-0", 416, None, "nothing at all"),
    ("bytes=5-2", 200, BYTES, "no range: ignored"),
    ("bytes=abc", 200, BYTES, "no range: ignored"),
    ("bytes=--5", 200, BYTES, "no range: ignored"),
    ("seconds=0-1", 200, BYTES, "an unknown unit is ignored"),
    ("bytes=0-1,5-6", 200, BYTES, "several ranges: the whole"),
    ("bytes=" + ",".join(f"{n}-{n}" for n in range(2_000)), 200, BYTES, "thousands of them cost no more"),
    ("bytes=" + "9" * 400 + "-", 416, None, "a beginning beyond all files"),
    ("bytes=0-" + "9" * 400, 206, BYTES, "an end beyond all files is cut"),
]


@pytest.mark.parametrize(("header", "status", "body", "why"), RANGES, ids=[row[3] for row in RANGES])
def test_ranges_are_read_as_the_rfc_has_them(
    alice: Person, file: dict[str, Any], header: str, status: int, body: bytes | None, why: str
) -> None:
    answer = alice.get(f"/files/{file['id']}/stream", headers={"Range": header})

    assert answer.status_code == status
    if body is None:
        assert answer.headers["content-range"] == f"bytes */{SIZE}"
        assert answer.json()["code"] == "range_outside"
    else:
        assert answer.content == body


def test_head_says_what_get_would(alice: Person, file: dict[str, Any]) -> None:
    for way in ("stream", "download"):
        head = alice.http.head(f"/files/{file['id']}/{way}")

        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["content-length"] == str(SIZE)
        assert head.headers["etag"] == alice.get(f"/files/{file['id']}/{way}").headers["etag"]


def test_what_is_known_is_not_sent_again(alice: Person, file: dict[str, Any]) -> None:
    etag = alice.http.head(f"/files/{file['id']}/stream").headers["etag"]

    answer = alice.get(f"/files/{file['id']}/stream", headers={"If-None-Match": f'"other", {etag}'})

    assert (answer.status_code, answer.content) == (304, b"")


def test_if_range_gives_the_range_only_of_the_same_bytes(alice: Person, file: dict[str, Any]) -> None:
    head = alice.http.head(f"/files/{file['id']}/stream").headers
    for condition, status in (
        (head["etag"], 206),
        ('"other"', 200),
        (head["last-modified"], 206),
        (formatdate(0, usegmt=True), 200),
    ):
        asked = {"Range": "bytes=0-9", "If-Range": condition}

        assert alice.get(f"/files/{file['id']}/stream", headers=asked).status_code == status


def test_a_download_has_the_name_it_was_uploaded_under(alice: Person) -> None:
    file = make.uploaded(alice, make.wav(0.2), 'Dvořák "Largo".wav')

    answer = alice.get(f"/files/{file['id']}/download")

    assert answer.headers["content-disposition"].startswith("attachment; filename=")
    assert "filename*=utf-8''Dvo%C5%99%C3%A1k" in answer.headers["content-disposition"]


def test_bytes_of_users_are_never_a_page(alice: Person, file: dict[str, Any]) -> None:
    for path in (f"/files/{file['id']}/stream", f"/files/{file['id']}/cover", make.local(alice, file["stream_url"])):
        headers = alice.get(path).headers

        assert headers["x-content-type-options"] == "nosniff"
        assert headers["content-security-policy"] == "sandbox; default-src 'none'"
        assert headers["cache-control"].startswith("private")


def test_the_cover_is_a_jpeg_of_bounded_size(alice: Person, file: dict[str, Any]) -> None:
    cover = alice.get(f"/files/{file['id']}/cover")

    assert (cover.status_code, cover.headers["content-type"]) == (200, "image/jpeg")
    assert cover.content[:2] == b"\xff\xd8"
    assert b"Exif" not in cover.content
    again = alice.get(f"/files/{file['id']}/cover", headers={"If-None-Match": cover.headers["etag"]})
    assert again.status_code == 304


def test_a_file_without_a_cover_says_so(alice: Person) -> None:
    file = make.uploaded(alice, make.wav(0.2))

    assert alice.get(f"/files/{file['id']}/cover").json()["code"] == "no_cover"


def test_a_stranger_cannot_see_play_or_delete_a_file(alice: Person, bob: Person, file: dict[str, Any]) -> None:
    for way in ("", "/stream", "/download", "/cover"):
        real, random_id = bob.get(f"/files/{file['id']}{way}"), bob.get(f"/files/{ids.new()}{way}")

        assert (real.status_code, real.content) == (404, random_id.content)
    assert bob.delete(f"/files/{file['id']}").status_code == 404
    assert bob.get("/files").json() == []
    assert alice.get(f"/files/{file['id']}").status_code == 200


def test_nobody_sees_anything(nobody: Person, file: dict[str, Any]) -> None:
    for way in ("", "/stream", "/download", "/cover"):
        assert nobody.get(f"/files/{file['id']}{way}").status_code == 401
    assert nobody.get("/files").status_code == 401
    assert nobody.delete(f"/files/{file['id']}").status_code == 401


@pytest.mark.parametrize("text", ["1", "not-an-id", "' OR 1=1", "0" * 5_000, "..%20", "nul"])
def test_what_is_no_id_is_answered_as_the_id_of_nothing(alice: Person, nobody: Person, text: str) -> None:
    for way in ("", "/stream", "/download", "/cover"):
        wrong, random_id = alice.get(f"/files/{text}{way}"), alice.get(f"/files/{ids.new()}{way}")

        assert (wrong.status_code, wrong.content) == (404, random_id.content)
    wrong, random_id = alice.delete(f"/files/{text}"), alice.delete(f"/files/{ids.new()}")
    assert (wrong.status_code, wrong.content) == (404, random_id.content)
    assert nobody.get(f"/files/{text}/stream").status_code == 401


@pytest.fixture(scope="module")
def long_file(stack: Stack, alice: Person) -> Row:
    """A file of several reads, as `files.bytes_of` has it."""
    made = make.uploaded(alice, LONG, "long.wav")
    web, user_id = stack.engine("media"), UUID(str(alice.id))
    with database.transaction(web, user_id=user_id) as db:
        row = files.bytes_of(db, UUID(made["id"]), user_id=user_id)
    web.dispose()
    return row


@pytest.fixture
def world(stack: Stack, tmp_path: Path) -> Iterator[Any]:
    """A cache of its own over the real store: what streams need."""
    settings, web = make.settings(stack, tmp_path), stack.engine("media")
    store = Store(settings)
    cache = Cache(settings.cache_folder, store, web, size_bytes=1024**3)
    yield SimpleNamespace(cache=cache, store=store, streaming=Turns(of_one=3, too_many=TooManyStreams))
    cache.close()
    web.dispose()


def played(row: Row, world: Any, *, leaves: bool = False, before: Callable[[], Any] = bool) -> bytes:
    """All but the first byte of a file, as a server asks for it; a player that leaves does so before anything was sent."""
    sent = []

    async def send(message: Any) -> None:
        await asyncio.sleep(0)
        sent.append(message.get("body", b""))

    async def receive() -> Any:
        if not leaves:
            await asyncio.sleep(60)
        return {"type": "http.disconnect"}

    scope: Any = {"type": "http", "method": "GET", "headers": [(b"range", b"bytes=1-")]}
    answer = streams.answer(Request(scope), row, world)
    before()
    asyncio.run(answer(scope, receive, send))
    return b"".join(sent)


def test_a_player_that_leaves_at_once_leaves_nothing_open(long_file: Row, world: Any) -> None:
    world.cache.want(long_file)
    copy = make.until(lambda: world.cache.find(long_file), lambda path: path is not None)

    played(long_file, world, leaves=True)

    assert str(copy) not in [os.path.realpath(each) for each in Path("/proc/self/fd").iterdir()]
    assert played(long_file, world) == LONG[1:]


def test_a_copy_that_goes_before_it_is_opened_is_read_from_the_store(long_file: Row, world: Any) -> None:
    world.cache.want(long_file)
    copy = make.until(lambda: world.cache.find(long_file), lambda path: path is not None)

    assert played(long_file, world, before=copy.unlink) == LONG[1:]


def test_a_row_read_while_its_file_is_deleted_is_not_kept(stack: Stack, alice: Person) -> None:
    file = make.uploaded(alice, make.wav(0.2))
    web, places, file_id, user_id = stack.engine("media"), Places(), UUID(file["id"]), UUID(str(alice.id))

    @contextmanager
    def deleted_meanwhile(engine: Engine, *, user_id: UUID) -> Iterator[Any]:
        with database.transaction(engine, user_id=user_id) as db:
            yield db
        alice.delete(f"/files/{file['id']}")
        places.forget([file_id])

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("services.media.playing.places.database", SimpleNamespace(transaction=deleted_meanwhile))
        assert places.find(web, file_id, user_id=user_id)["id"] == file_id

    with pytest.raises(NoSuchFile):
        places.find(web, file_id, user_id=user_id)
    web.dispose()


def test_deleted_means_deleted(stack: Stack, nobody: Person) -> None:
    alice = people.sign_up(stack.url, "alice")
    file = make.uploaded(alice)
    alice.get(f"/files/{file['id']}/stream")
    address = make.local(alice, file["stream_url"])

    answer = alice.delete(f"/files/{file['id']}")

    assert (answer.status_code, answer.content) == (204, b"")
    assert alice.get(f"/files/{file['id']}/stream").status_code == 404
    assert nobody.get(address).status_code == 404
    assert alice.delete(f"/files/{file['id']}").status_code == 404
    make.until(lambda: make.objects(stack, alice), lambda found: not found)
    make.until(lambda: make.cached(stack, file["id"]), lambda copies: copies == [])
    with stack.engine("media-worker").begin() as db:
        count = "SELECT count(*) FROM audio_files WHERE user_id = %s"
        make.until(lambda: db.exec_driver_sql(count, (alice.id,)).scalar(), lambda rows: rows == 0)
