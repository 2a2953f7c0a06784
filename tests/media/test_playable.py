"""Playable addresses: they play without a token, and end with the sign-in that made them."""

import base64
import time
from uuid import UUID

import pytest

from services.media.errors import AddressEnded, NoSuchFile
from services.media.playing.playable import Playables
from shared import ids
from shared.identity import Revocations
from tests import people
from tests.media import make
from tests.media.make import MINUET
from tests.people import Person
from tests.stack import Stack


def playables(lifetime_seconds: int = 60, *, revoked: dict[str, object] | None = None) -> Playables:
    marks = Revocations(lambda _: {"next": "1", "revoked": [revoked] if revoked else []})
    marks.poll()
    return Playables({"1": b"k" * 32}, public_url="http://x/", lifetime_seconds=lifetime_seconds, revocations=marks)


def token(url: str) -> str:
    return url.rpartition("/")[2]


def test_an_address_plays_for_whoever_has_it(alice: Person, nobody: Person) -> None:
    file = make.uploaded(alice)

    whole = nobody.get(make.local(nobody, file["stream_url"]))
    part = nobody.get(make.local(nobody, file["stream_url"]), headers={"Range": "bytes=10-19"})
    cover = nobody.get(make.local(nobody, file["cover_url"]))
    head = nobody.http.head(make.local(nobody, file["stream_url"]))

    assert whole.content == MINUET.read_bytes()
    assert (part.status_code, part.content) == (206, MINUET.read_bytes()[10:20])
    assert (cover.status_code, cover.headers["content-type"]) == (200, "image/jpeg")
    assert (head.status_code, head.headers["content-length"]) == (200, str(len(MINUET.read_bytes())))
    assert whole.headers["cross-origin-resource-policy"] == "cross-origin"


def test_no_other_address_can_be_made_of_it(alice: Person, bob: Person, nobody: Person) -> None:
    mine, other = make.uploaded(alice)["stream_url"], make.uploaded(bob)["stream_url"]
    sealed = bytearray(base64.urlsafe_b64decode(token(mine) + "=="))
    forged = [token(mine)[:-1], token(mine) + "A", "", "x", "A" * 152, token(mine)[:60] + token(other)[60:]]
    for place in (0, 5, 20, 40, 60, len(sealed) - 1):
        changed = bytearray(sealed)
        changed[place] ^= 1
        forged.append(base64.urlsafe_b64encode(changed).decode().rstrip("="))

    for each in forged:
        assert nobody.get(f"/play/{each}").status_code == 404, each


def test_an_address_is_no_token_for_anything_else(alice: Person, nobody: Person) -> None:
    address = make.local(alice, make.uploaded(alice)["stream_url"])

    assert nobody.delete(address).status_code == 405
    assert nobody.get("/files", headers={"Authorization": f"Bearer {token(address)}"}).status_code == 401


def test_an_address_ends_with_its_sign_in(alice: Person, nobody: Person) -> None:
    file = make.uploaded(alice)
    other_device = people.Person(people.nobody(str(alice.http.base_url)).http, alice.id, alice.email)
    people.sign_in(other_device)
    theirs = other_device.get(f"/files/{file['id']}").json()["stream_url"]

    assert alice.post("/api/auth/logout", {"refresh_token": alice.refresh_token}).status_code == 204

    make.until(lambda: nobody.get(make.local(nobody, file["stream_url"])).status_code, lambda status: status == 403, seconds=6)
    assert nobody.get(make.local(nobody, theirs)).status_code == 200
    other_device.http.close()


def test_an_address_ends_by_itself() -> None:
    made = playables(lifetime_seconds=0).url(ids.new(), user_id=ids.new(), session_id=ids.new())

    with pytest.raises(AddressEnded):
        playables().open(token(made))


def test_a_mark_on_the_sign_in_ends_it_whenever_it_was_made() -> None:
    sign_in = ids.new()
    made = playables().url(ids.new(), user_id=ids.new(), session_id=sign_in)

    with pytest.raises(AddressEnded):
        playables(revoked={"session_id": str(sign_in), "before": int(time.time()) - 3600}).open(token(made))


def test_a_mark_on_the_account_ends_only_what_was_made_before_it() -> None:
    alice = ids.new()
    made = playables().url(ids.new(), user_id=alice, session_id=ids.new())

    assert playables(revoked={"user_id": str(alice), "before": int(time.time()) - 3600}).open(token(made)).user_id == alice
    with pytest.raises(AddressEnded):
        playables(revoked={"user_id": str(alice), "before": int(time.time()) + 1}).open(token(made))


def test_an_address_of_a_stream_is_none_of_the_cover() -> None:
    file_id, user_id = ids.new(), ids.new()
    stream = playables().open(token(playables().url(file_id, user_id=user_id, session_id=None)))

    assert (stream.what, stream.file_id, stream.user_id, stream.session_id) == ("stream", file_id, user_id, UUID(int=0))
    with pytest.raises(NoSuchFile):
        playables().open(token(playables().url(file_id, user_id=user_id, session_id=None))[::-1])


def test_other_services_get_addresses_for_what_the_user_owns(stack: Stack, alice: Person, bob: Person, nobody: Person) -> None:
    mine, theirs = make.uploaded(alice), make.uploaded(bob)
    with make.as_service(stack, alice) as sessions:
        wanted = [mine["id"], theirs["id"], str(ids.new())]
        addresses = sessions.post("/internal/playable", json={"file_ids": wanted}).json()

    assert list(addresses) == [mine["id"]]
    assert nobody.get(make.local(nobody, addresses[mine["id"]])).status_code == 200
