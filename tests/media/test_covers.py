"""Covers in every size, under every name that the apps use, and their addresses."""

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from services.media.playing import covers
from services.media.store import Store
from shared import clock, ids
from tests import people
from tests.media import make
from tests.media.make import MINUET
from tests.media.test_playable import playables, token
from tests.people import Person
from tests.stack import Stack


@pytest.fixture(scope="module")
def alice(stack: Stack) -> Iterator[Person]:
    person = people.sign_up(stack.url, "alice")
    yield person
    person.http.close()


@pytest.fixture(scope="module")
def file(alice: Person) -> dict[str, Any]:
    return make.uploaded(alice)


def test_a_cover_is_found_by_the_names_that_sinuzoid_uses(alice: Person, bob: Person, file: dict[str, Any]) -> None:
    whole = alice.get(f"/files/{file['id']}/cover").content

    for name in (file["id"], f"{file['id']}.jpg"):
        assert alice.get(f"/files/cover/{name}").content == whole
        assert bob.get(f"/files/cover/{name}").status_code == 404
    for size in ("small", "medium", "large", "150", "300", "600"):
        small = alice.get(f"/files/cover/{file['id']}.jpg/thumbnail/{size}")
        assert (small.status_code, small.content[:2]) == (200, b"\xff\xd8")
        assert small.content == alice.get(f"/files/{file['id']}/cover?size={size}").content
    assert alice.get(f"/files/{file['id']}/cover?size=151").status_code == 422
    assert alice.get(f"/files/cover/{file['id']}evil").status_code == 404


def test_where_a_thumbnail_was_never_made_the_next_larger_one_is_sent(
    stack: Stack, alice: Person, file: dict[str, Any], tmp_path: Path
) -> None:
    store, folder = Store(make.settings(stack, tmp_path)), f"storage/cover/{alice.id}"
    for side in (150, 300):
        store.delete("tutti", f"{folder}/{file['id']}-{side}.jpg")
    store.put("tutti", f"{folder}/{file['id']}-600.jpg", BytesIO(b"\xff\xd8 six hundred"), mime_type="image/jpeg")

    assert alice.get(f"/files/{file['id']}/cover?size=150").content == b"\xff\xd8 six hundred"

    store.delete("tutti", f"{folder}/{file['id']}-600.jpg")
    whole = alice.get(f"/files/{file['id']}/cover")
    assert alice.get(f"/files/{file['id']}/cover?size=small").content == whole.content


def test_addresses_of_covers_are_kept_by_browsers_and_of_the_day(alice: Person, nobody: Person, file: dict[str, Any]) -> None:
    addresses = alice.get(f"/files/cover/{file['id']}.jpg/thumbnails").json()

    assert set(addresses) == set(covers.PIXELS)
    assert addresses["cover"] == alice.get(f"/files/{file['id']}").json()["cover_url"]
    for address in addresses.values():
        answer = nobody.get(make.local(nobody, address))
        assert (answer.status_code, answer.headers["cache-control"]) == (200, "private, max-age=21600")
        known = nobody.get(make.local(nobody, address), headers={"If-None-Match": answer.headers["etag"]})
        assert known.status_code == 304
    assert alice.get(f"/files/{file['id']}/cover").headers["cache-control"] == "private, no-cache"


def test_an_address_of_a_cover_outlives_what_was_revoked_before_it_was_made() -> None:
    alice, now = ids.new(), int(clock.now().timestamp())
    before, after = ({"user_id": str(alice), "before": now + seconds} for seconds in (-1, 10))

    old = playables().url(ids.new(), "cover", user_id=alice, session_id=ids.new())
    new = playables(revoked=before).url(ids.new(), "cover", user_id=alice, session_id=ids.new())

    assert playables(revoked=before).open(token(new)).what == "cover"
    for revoked, each in ((before, old), (after, new)):
        with pytest.raises(Exception, match="expired"):
            playables(revoked=revoked).open(token(each))


def test_an_audio_file_is_played_and_deleted_by_the_name_that_sinuzoid_uses(alice: Person, bob: Person) -> None:
    file = make.uploaded(alice)
    path = f"/files/audio/{file['id']}.flac"

    part = alice.get(path, headers={"Range": "bytes=3-7"})
    assert (part.status_code, part.content) == (206, MINUET.read_bytes()[3:8])
    assert bob.get(path).status_code == bob.delete(path).status_code == 404
    assert alice.delete(path).json()["deleted_count"] == 1
    assert alice.get(path).status_code == alice.delete(path).status_code == 404
