"""Share links: some of one's music, for anybody who has the link, until it ends."""

import io
import zipfile
from datetime import timedelta
from typing import Any

from sqlalchemy import update

from services.media.models.sharing import ShareLink
from shared import clock, ids
from shared import db as database
from tests.auth.test_leaving_for_good import ask_to_go, make_due
from tests.media import make
from tests.media.make import MINUET
from tests.people import Person
from tests.stack import Stack


def share(person: Person, **facts: Any) -> dict[str, Any]:
    answer = person.post("/files/shares", facts)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def look(person: Person, link: dict[str, Any]) -> Any:
    return person.get(make.local(person, link["url"]))


def test_whoever_has_a_link_hears_what_it_leads_to_and_nothing_else(alice: Person, nobody: Person) -> None:
    song, other = make.uploaded(alice), make.uploaded(alice, make.wav(0.2), name="other.wav")
    link = share(alice, tracks=[song["id"]], description="for you")

    seen = look(nobody, link)
    (track,) = seen.json()["tracks"]
    stream = make.local(nobody, track["stream_url"])
    assert seen.headers["cache-control"] == "no-store" and "noindex" in seen.headers["x-robots-tag"]
    assert (seen.json()["title"], seen.json()["description"], track["id"]) == (song["title"], "for you", song["id"])
    assert str(alice.id) not in seen.text and alice.email not in seen.text
    assert nobody.get(stream).content == MINUET.read_bytes()
    part = nobody.get(stream, headers={"Range": "bytes=10-19"})
    assert (part.status_code, part.content) == (206, MINUET.read_bytes()[10:20])
    assert nobody.get(make.local(nobody, track["cover_url"])).headers["content-type"] == "image/jpeg"

    assert nobody.get(stream.replace(song["id"], other["id"])).status_code == 404
    path = make.local(nobody, link["url"])
    assert (track["download_url"], seen.json()["zip_url"]) == (None, None)
    assert nobody.get(f"{path}/{song['id']}/download").status_code == 403 == nobody.get(f"{path}/zip").status_code
    assert nobody.get("/files", headers={"Authorization": f"Bearer {path.rpartition('/')[2]}"}).status_code == 401
    mine = alice.get(f"/files/shares/{link['id']}").json()
    assert (mine["visits"], mine["visited_at"] is None, alice.get("/files/shares").json()) == (1, False, [mine])


def test_a_link_allows_downloads_where_its_owner_does(alice: Person, nobody: Person) -> None:
    song = make.uploaded(alice)
    playlist = alice.post("/playlists", {"name": "Ours", "tracks": [song["id"]]}).json()
    link = share(alice, playlist_id=playlist["id"], can_download=True)

    seen = look(nobody, link).json()
    (track,) = seen["tracks"]
    saved = nobody.get(make.local(nobody, track["download_url"]))
    zipped = zipfile.ZipFile(io.BytesIO(nobody.get(make.local(nobody, seen["zip_url"])).content))
    assert (seen["title"], saved.content) == ("Ours", MINUET.read_bytes())
    assert saved.headers["content-disposition"].startswith("attachment")
    assert [zipped.read(each) for each in zipped.namelist()] == [MINUET.read_bytes()]

    assert alice.http.patch(f"/files/shares/{link['id']}", json={"can_download": False}).json()["can_download"] is False
    assert nobody.get(make.local(nobody, track["download_url"])).status_code == 403
    assert alice.delete(f"/playlists/{playlist['id']}/tracks/{song['id']}").status_code == 200
    assert nobody.get(make.local(nobody, track["stream_url"])).status_code == 404
    assert look(nobody, link).json()["tracks"] == []
    assert alice.delete(f"/playlists/{playlist['id']}").status_code == 200
    assert look(nobody, link).status_code == 404


def test_a_link_plays_in_the_format_that_its_owner_chose(alice: Person, nobody: Person) -> None:
    song = make.uploaded(alice)
    link = share(alice, tracks=[song["id"]], format="mp3", max_bit_rate_kbps=96, can_download=True)

    (track,) = look(nobody, link).json()["tracks"]

    sent = nobody.get(make.local(nobody, track["stream_url"]))
    assert (sent.status_code, sent.headers["content-type"]) == (200, "audio/mpeg") and sent.content != MINUET.read_bytes()
    assert nobody.get(make.local(nobody, track["download_url"])).content == MINUET.read_bytes()


def test_a_link_that_is_over_or_taken_back_leads_nowhere_at_once(stack: Stack, alice: Person, nobody: Person) -> None:
    song = make.uploaded(alice, make.wav(0.2))
    ends = (clock.now() + timedelta(hours=1)).isoformat()
    over, back = share(alice, tracks=[song["id"]], expires_at=ends), share(alice, tracks=[song["id"]])
    addresses = [look(nobody, each).json()["tracks"][0]["stream_url"] for each in (over, back)]
    streams = [make.local(nobody, each) for each in addresses]
    assert [nobody.get(each).status_code for each in streams] == [200, 200]

    engine = stack.engine("media-worker")
    with database.transaction(engine) as db:
        db.execute(update(ShareLink).where(ShareLink.id == over["id"]).values(expires_at=clock.now()))
    engine.dispose()
    assert alice.delete(f"/files/shares/{back['id']}").status_code == 204

    assert [nobody.get(each).status_code for each in streams] == [410, 404]
    assert [look(nobody, each).status_code for each in (over, back)] == [410, 404]
    assert alice.http.patch(f"/files/shares/{over['id']}", json={"expires_at": None}).status_code == 200
    assert nobody.get(streams[0]).status_code == 200
    assert alice.delete(f"/files/{song['id']}").status_code == 204
    assert nobody.get(streams[0]).status_code == 404


def test_a_link_ends_with_its_owners_account(stack: Stack, alice: Person, nobody: Person) -> None:
    song = make.uploaded(alice, make.wav(0.2))
    link = share(alice, tracks=[song["id"]])
    assert look(nobody, link).status_code == 200

    assert ask_to_go(alice).status_code == 200
    make_due(stack, alice)

    make.until(lambda: look(nobody, link).status_code, lambda status: status == 404)


def test_a_stranger_cannot_share_or_change_what_is_not_theirs(alice: Person, bob: Person) -> None:
    song = make.uploaded(alice, make.wav(0.2))
    playlist = alice.post("/playlists", {"name": "Public", "tracks": [song["id"]], "is_public": True}).json()
    path = f"/files/shares/{share(alice, tracks=[song['id']])['id']}"

    for facts in ({"tracks": [song["id"]]}, {"playlist_id": playlist["id"]}, {"album_id": str(ids.new())}):
        assert bob.post("/files/shares", facts).status_code == 404, facts
    attempts = [bob.get(path), bob.http.patch(path, json={"can_download": True}), bob.delete(path)]
    assert [each.json() for each in attempts] == [bob.get(f"/files/shares/{ids.new()}").json()] * 3
    assert bob.get("/files/shares").json() == [] and len(alice.get("/files/shares").json()) == 1


def test_no_other_link_can_be_made_of_it(alice: Person, nobody: Person) -> None:
    song = make.uploaded(alice, make.wav(0.2))
    path, other = (make.local(alice, share(alice, tracks=[song["id"]])["url"]) for _ in range(2))

    flipped = path[:5] + ("A" if path[5] != "A" else "B") + path[6:]
    for forged in (path[:-4], f"{path}A", flipped, path[:24] + other[24:], f"/s/{song['id']}", "/s/x", "/s/é"):
        assert forged == path or nobody.get(forged).status_code == 404, forged


def test_what_makes_no_sense_is_refused(alice: Person) -> None:
    one = str(ids.new())
    past, naive = "2020-01-01T00:00:00Z", "2999-01-01T00:00:00"
    for facts in (
        {},
        {"tracks": [one], "album_id": one},
        {"tracks": "all"},
        {"tracks": [one], "expires_at": past},
        {"tracks": [one], "expires_at": naive},
        {"tracks": [one], "expires_at": "9999-12-31T23:00:00-14:00"},  # of the year 10000 in UTC
        {"tracks": [one], "colour": "red"},
        {"tracks": [one], "format": "exe"},
        {"tracks": [one], "max_bit_rate_kbps": 0},
        {"tracks": [one] * 1_001},
    ):
        assert alice.post("/files/shares", facts).status_code == 422, facts
