"""Sinuzoid's client (seed 004 and its frontend) with a library: what CONTRACT.md says it sends, as a browser sends it.

Which line of the contract is held where:

- C4-1, C4-13, S4-17, S4-78: `everywhere`, on every answer here, and the preflights; two ports, 8000 and 9000 where it is
  deployed (tests/test_topology.py); other origins and the regular expression: tests/e2e/test_gateway.py.
- C4-2 to C4-4, S4-43 to S4-47: test_sinuzoid.py; administration: tests/auth/test_administration.py. Here, what C4-2 and
  C4-3 give is what every later request is signed with.
- C4-5 to C4-12, S4-48 to S4-54: here, each test names its own.
- Behind C4-5, every kind of audio whatever its name: tests/media/test_uploads.py; behind C4-11, order under concurrent moves:
  tests/media/test_playlists.py; behind C4-12, what counts as a play: tests/media/test_statistics.py.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from typing import Any
from uuid import UUID

import httpx2
import pytest
from PIL import Image

from services.media.schemas.tracks import MetadataOut
from shared import ids
from tests import people
from tests.media import make
from tests.media.make import MINUET
from tests.people import PASSWORD, Person
from tests.stack import Stack

ORIGIN = "http://localhost:3000"
TRACK: dict[str, type | tuple[type, ...]] = {
    "id": str,
    "user_id": str,
    "original_filename": str,
    "file_path": str,
    "file_size": int,
    "file_type": str,
    "duration": str,
    "upload_date": str,
    "last_accessed": (str, type(None)),
    "cover_path": (str, type(None)),
    "cover_thumbnail_path": (str, type(None)),
    "updated_at": str,
}
DURATION = re.compile(r"PT(\d+H)?(\d+M)?(\d+S)?")
DOWNLOAD_NAME = re.compile(r"filename\*=utf-8''([^;]+)$")  # as the client looks for it, in that case
TAGS = {"title", "artist", "album", "albumartist", "date", "genre", "track", "disc", "comment", "lyrics", "bpm", "key"}
TAGS |= {"remixer", "producer", "label", "catalog_number", "isrc", "barcode"}
STORAGE = {"quota", "used", "available", "usage_percentage", "quota_formatted", "used_formatted", "available_formatted"}
MINE = {"track_id", "play_count", "skip_count", "completion_rate", "total_listen_time", "rating"}


@dataclass
class Client:
    """The frontend in a browser: JSON is announced on everything that is no form, GETs too."""

    api: Person
    auth: Person
    form: Person

    def get(self, path: str, **query: Any) -> Any:
        answer = self.api.get(path, params=query or None)  # an empty one would take the query of `path` away
        assert answer.status_code == 200, answer.text
        return answer.json()

    def upload(self, data: bytes, name: str) -> Any:
        answer = self.form.post("/files/upload/audio", files={"file": (name, data)})
        assert answer.status_code in {200, 201}, answer.text
        return answer.json()


def everywhere(answer: httpx2.Response) -> None:
    """C4-13, C4-11: the app may read every answer and the name of a download, and nothing is redirected."""
    assert not answer.is_redirect, answer.url
    assert answer.headers["access-control-allow-origin"] == ORIGIN
    assert "content-disposition" in answer.headers["access-control-expose-headers"].lower()


def browser(url: str, *, json: bool = True) -> Person:
    person = people.nobody(url)
    person.http.headers |= {"Origin": ORIGIN} | ({"Content-Type": "application/json"} if json else {})
    person.http.event_hooks = {"response": [everywhere]}
    return person


def signed_in(stack: Stack) -> Client:
    """C4-1 to C4-3: register and sign in on one port, and take the token to the other."""
    client = Client(browser(stack.url), browser(stack.alt_url), browser(stack.url, json=False))
    name = f"ada{ids.new().hex[-12:]}"
    account = {"username": name, "email": f"{name}@example.com", "password": PASSWORD}
    assert client.auth.post("/api/register", account).status_code == 201
    answer = client.auth.post("/api/login", {"email": account["email"], "password": PASSWORD}).json()
    for person in (client.api, client.auth, client.form):
        person.http.headers["Authorization"] = f"Bearer {answer['tokens']['access_token']}"
    client.api.id, client.api.email = UUID(answer["user"]["id"]), account["email"]
    return client


@pytest.fixture(scope="module")
def app(stack: Stack) -> Iterator[Client]:
    client = signed_in(stack)
    yield client
    for person in (client.api, client.auth, client.form):
        person.http.close()


@pytest.fixture(scope="module")
def tracks(app: Client) -> list[dict[str, Any]]:
    """What `/files/tracks` shows of the minuet and two sounds without tags, once all are ready; the minuet first."""
    for data, name in ((make.wav(0.2), "Früh.wav"), (make.wav(0.3), "Spät.wav"), (MINUET.read_bytes(), "minuet.flac")):
        app.upload(data, name)
        early = app.get("/files/tracks", skip=0, limit=1000)[0]  # while it is looked at
        assert is_track(early) and early["original_filename"] == name
    found = make.until(
        lambda: app.get("/files/tracks", skip=0, limit=1000), lambda listed: {each["status"] for each in listed} == {"ready"}
    )
    assert isinstance(found, list) and len(found) == 3
    return found


def is_track(shown: dict[str, Any]) -> bool:
    """C4-6, C4-7, C4-9: every field with its type; `duration` as the client reads it; a path that ends in a name of ours."""
    wrong = {name: shown.get(name) for name, kind in TRACK.items() if name not in shown or not isinstance(shown[name], kind)}
    assert not wrong
    assert DURATION.fullmatch(shown["duration"]) and shown["duration"] != "PT"
    assert shown["file_path"].rpartition("/")[2].startswith(str(UUID(shown["id"])))
    return bool(datetime.fromisoformat(shown["upload_date"]) <= datetime.fromisoformat(shown["updated_at"]))


def test_the_library_has_the_clients_fields_and_pages(app: Client, tracks: list[dict[str, Any]]) -> None:
    """C4-5, C4-6, C4-9."""
    assert all(is_track(each) for each in tracks) and {each["user_id"] for each in tracks} == {str(app.api.id)}
    assert [each["original_filename"] for each in tracks] == ["minuet.flac", "Spät.wav", "Früh.wav"]
    assert len({each["file_path"] for each in tracks}) == 3 and tracks[0]["cover_path"] and tracks[1]["cover_path"] is None
    assert [each["id"] for each in app.get("/files/tracks", skip=1, limit=1)] == [tracks[1]["id"]]
    assert [each["id"] for each in app.get("/files/tracks/recent", limit=2)] == [each["id"] for each in tracks[:2]]
    assert isinstance(app.get("/files/tracks/popular", limit=10), list)
    [hit] = app.get("/files/tracks/search", query="fruh", skip=0, limit=50)
    assert is_track(hit) and hit["id"] == tracks[2]["id"]

    summary = app.get("/files/tracks/stats/summary")

    assert (summary["total_tracks"], summary["total_size"]) == (3, sum(each["file_size"] for each in tracks))


def test_an_upload_that_does_not_fit_is_told_in_words(stack: Stack) -> None:
    """C4-5, C4-10."""
    ada = signed_in(stack)
    with stack.engine("media-worker").begin() as db:
        db.exec_driver_sql("INSERT INTO storage_use VALUES (%s, %s)", (ada.api.id, 1024**3 - 1_000))

    refused = ada.form.post("/files/upload/audio", files={"file": ("a.wav", make.wav())})
    room = ada.get("/files/storage/info")

    assert (refused.status_code, type(refused.json()["detail"])) == (413, str)
    assert room.keys() == STORAGE and room["available"] == room["quota"] - room["used"] == 1_000
    assert 0 <= room["usage_percentage"] <= 100 and all(
        isinstance(room[f"{name}_formatted"], str) for name in ("quota", "used")
    )


def test_metadata_is_read_changed_and_sent_back_whole(app: Client, tracks: list[dict[str, Any]]) -> None:
    """C4-6: a form that was filled from GET is sent with all its fields."""
    path = f"/files/tracks/{tracks[1]['id']}/metadata"
    shown = app.get(path)
    assert shown.keys() == set(MetadataOut.model_fields) >= TAGS

    changed = app.api.http.patch(
        path, json=shown | {"artist": "Ada", "genre": "Étude", "track": "3", "bpm": "", "date": "1843"}
    )

    assert changed.status_code == 200, changed.text
    assert {"artist": "Ada", "genre": "Étude", "track": 3, "bpm": None, "date": "1843"}.items() <= app.get(path).items()
    tagged = app.get(f"/files/tracks/{tracks[0]['id']}/metadata")
    as_it_was = app.api.http.patch(f"/files/tracks/{tracks[0]['id']}/metadata", json=tagged).json()
    assert as_it_was | {"edited_at": None} == tagged
    assert [each["id"] for each in app.get("/files/tracks/search", query="spat ada")] == [tracks[1]["id"]]


def test_a_track_is_heard_sought_and_downloaded_by_its_name(app: Client, tracks: list[dict[str, Any]]) -> None:
    """C4-7, C4-13: the name of a download is read from its header."""
    path, whole = tracks[0]["file_path"], MINUET.read_bytes()

    got = app.api.get(path)
    part = app.api.get(path, headers={"Range": "bytes=100-"})
    named = app.api.get(tracks[2]["file_path"])

    assert (got.status_code, got.content, got.headers["accept-ranges"]) == (200, whole, "bytes")
    assert (part.status_code, part.content) == (206, whole[100:])
    assert part.headers["content-range"] == f"bytes 100-{len(whole) - 1}/{len(whole)}"
    assert path == f"/files/audio/{path.rpartition('/')[2]}"
    said = DOWNLOAD_NAME.search(named.headers["content-disposition"])
    assert said and said[1] == "Fr%C3%BCh.wav"


def test_covers_are_shown_in_every_size_and_without_a_token(app: Client, nobody: Person, tracks: list[dict[str, Any]]) -> None:
    """C4-8."""
    filename = tracks[0]["cover_path"].rpartition("/")[2]
    for path in (
        tracks[0]["cover_path"],
        *(f"/files/cover/{filename}/thumbnail/{size}" for size in ("small", "medium", "large")),
    ):
        picture = app.api.get(path)
        assert (picture.status_code, picture.headers["content-type"]) == (200, "image/jpeg"), path
    assert all(
        nobody.get(make.local(nobody, each)).status_code == 200
        for each in app.get(f"/files/cover/{filename}/thumbnails").values()
    )
    assert nobody.get(tracks[0]["cover_path"]).status_code == 401

    raw = nobody.get(tracks[0]["cover_thumbnail_path"])  # <img src="http://localhost:8000{path}">

    assert (raw.status_code, raw.headers["content-type"]) == (200, "image/jpeg")
    assert Image.open(BytesIO(raw.content)).size[0] <= 300


def test_a_cover_is_put_on_a_track(app: Client, tracks: list[dict[str, Any]]) -> None:
    """C4-8."""
    made = BytesIO()
    Image.new("RGB", (40, 40), "red").save(made, "PNG")

    answer = app.form.post(
        "/files/upload/cover", files={"file": ("a.png", made.getvalue())}, data={"track_id": tracks[2]["id"]}
    )

    assert answer.status_code == 201, answer.text
    [now] = [each for each in app.get("/files/tracks", limit=1000) if each["id"] == tracks[2]["id"]]
    assert is_track(now) and app.api.get(now["cover_path"]).status_code == 200


def test_playlists_are_made_filled_ordered_and_deleted(app: Client, tracks: list[dict[str, Any]]) -> None:
    """C4-11, C4-9: with a slash at the end, tracks inside, and JSON for whatever is done."""
    a, b, c = (each["id"] for each in tracks)
    made = app.api.post("/playlists/", {"name": "Morgens", "description": "", "is_public": False})
    assert made.status_code == 201, made.text
    path = f"/playlists/{UUID(made.json()['id'])}"

    added = [app.api.post(f"{path}/tracks/{a}"), app.api.post(f"{path}/tracks/{b}", {"position": None})]
    added += [app.api.post(f"{path}/tracks/{c}/", {"position": 0})]
    assert all(each.is_success and each.json()["message"] for each in added), [each.text for each in added]
    assert [each["id"] for each in app.get(path)["tracks"]] == [c, a, b]
    for first in (0, 1):  # counted from either
        places = [{"track_id": each, "position": first + n} for n, each in enumerate((a, b, c))]
        assert app.api.http.put(f"{path}/tracks/reorder", json=places).json()["message"]
        listed = app.get(f"{path}/tracks")
        assert ([each["id"] for each in listed["tracks"]], listed["total"]) == ([a, b, c], 3)
    assert all(is_track(each) for each in listed["tracks"])
    assert app.api.delete(f"{path}/tracks/{b}").json()["message"]
    renamed = app.api.http.put(path, json={"name": "Abends", "description": "late", "is_public": False})
    assert (renamed.json()["name"], [each["id"] for each in renamed.json()["tracks"]]) == ("Abends", [a, c])
    for shown in (app.get(path), app.get(f"{path}/"), app.get("/playlists/", skip=0, limit=100)[0]):
        assert (shown["name"], shown["version"], len(shown["tracks"])) == ("Abends", renamed.json()["version"], 2)

    assert app.api.delete(path).json()["message"]
    assert app.api.get(path).status_code == 404


def test_playlists_are_found(app: Client, tracks: list[dict[str, Any]]) -> None:
    """C4-11."""
    made = app.api.post("/playlists/", {"name": "Étüden", "description": "to practise", "is_public": False}).json()
    app.api.post(f"/playlists/{made['id']}/tracks/{tracks[0]['id']}", {})

    found = app.get("/playlists/search", query="etud", search_in_tracks=True, search_in_description=True)
    within = app.get(f"/playlists/{made['id']}/tracks/search", query="minuet")

    assert [each["id"] for each in found["playlists"]] == [made["id"]] and found["total_results"] == 1
    assert app.get("/playlists/suggestions", query="et", limit=5) == {"suggestions": ["Étüden"]}
    for order in ("recent", "popular"):
        assert made["id"] in [each["id"] for each in app.get(f"/playlists/{order}", limit=10)["playlists"]]
    assert [each["id"] for each in within["tracks"]] == [tracks[0]["id"]] and is_track(within["tracks"][0])
    assert app.api.delete(f"/playlists/{made['id']}").is_success


def test_plays_and_ratings_are_counted_in_every_statistic(app: Client, tracks: list[dict[str, Any]]) -> None:
    """C4-12, S4-53."""
    track = tracks[0]["id"]
    unheard = app.get(f"/statistics/user/track/{tracks[1]['id']}")
    assert (unheard["play_count"], unheard["rating"]) == (0, None)

    event = {"track_id": track, "listen_duration": 2.718, "track_duration": None, "completed": True, "skipped": False}
    assert app.api.post("/statistics/play-event", event).is_success
    assert app.api.post("/statistics/play-event", event | {"track_duration": 3, "listen_duration": 3}).is_success
    assert app.api.post("/statistics/rating", {"track_id": track, "rating": 5}).is_success

    one = app.get(f"/statistics/user/track/{track}")
    assert one.keys() >= MINE and (one["play_count"], one["rating"]) == (2, 5)
    assert app.get("/statistics/user/summary")["total_plays"] == app.get("/statistics/overview")["total_plays"] == 2
    assert app.get(f"/statistics/track/{track}/summary")["total_plays"] == 2
    lists = ("user/all", "top-tracks", "top-tracks/rated", "top-tracks/global", "search?q=minuet", "search?query=minuet")
    assert {path: app.get(f"/statistics/{path}")[0]["track_id"] for path in lists} == dict.fromkeys(lists, track)
    assert app.get("/statistics/top-artists", limit=5)[0]["play_count"] == 2
    assert app.get("/statistics/listening-habits")["total_plays"] == 2
    assert [each["id"] for each in app.get("/files/tracks/popular", limit=10)] == [track]
    assert is_track(app.get("/files/tracks/popular")[0]) and app.get("/files/tracks/popular")[0]["last_accessed"]


def test_the_library_is_searched(app: Client, tracks: list[dict[str, Any]]) -> None:
    """C4-12, by its README."""
    for word in ("q", "query"):
        found = app.get("/search", **{word: "minu"})
        assert found.keys() == {"tracks", "albums", "artists"} and is_track(found["tracks"][0])
        assert [each["id"] for each in app.get("/search/tracks", **{word: "minu"})] == [tracks[0]["id"]]
        assert tracks[0]["id"] in [each["id"] for each in app.get("/search/suggest", **{word: "minu"})]


def test_a_track_and_then_all_of_them_are_deleted(stack: Stack) -> None:
    """C4-6, C4-7; `all` is no id."""
    ada = signed_in(stack)
    for seconds in (0.1, 0.2, 0.3):
        ada.upload(make.wav(seconds), f"{seconds}.wav")
    path = ada.get("/files/tracks", limit=1000)[0]["file_path"]

    gone = ada.api.delete(path)
    emptied = ada.api.delete("/files/tracks/all")

    assert (gone.status_code, type(gone.json()["message"])) == (200, str)
    assert (ada.api.get(path).status_code, ada.api.delete(path).status_code) == (404, 404)
    assert (emptied.status_code, emptied.json().keys()) == (200, {"message", "deleted_count"})
    assert (emptied.json()["deleted_count"], ada.get("/files/tracks")) == (2, [])


def test_seed_004s_own_urls_answer(stack: Stack, alice: Person, nobody: Person) -> None:
    """S4-48 to S4-54: whole seconds on `/files`, no slash, the token of `login_check`."""
    uploaded = alice.post("/files/upload", files={"file": ("minuet.flac", MINUET.read_bytes())})
    assert (uploaded.status_code, len(uploaded.json())) == (201, 1)
    file = make.ready(alice, uploaded.json()[0]["id"])

    assert [each["id"] for each in alice.get("/files").json()] == [file["id"]] and isinstance(file["duration"], int)
    assert {"user_id", "filename", "title", "artist", "album", "file_size", "mime_type", "created_at"} <= file.keys()
    assert alice.get(f"/files/{file['id']}/stream").content == MINUET.read_bytes()
    assert alice.post("/playlists", {"name": "First"}).status_code == 201
    assert [each["name"] for each in alice.get("/playlists").json()] == ["First"]
    assert alice.get("/statistics/overview").json()["total_tracks"] == 1
    for door in (stack.url, stack.alt_url):
        assert nobody.get(f"{door}/health").status_code == 200


@pytest.mark.parametrize("origin", ["http://localhost:3000", "http://localhost:5173", "http://localhost:8080"])
def test_a_browser_is_let_in_before_it_asks(stack: Stack, nobody: Person, origin: str) -> None:
    """C4-13, S4-17, S4-78."""
    asked = {"Origin": origin, "Access-Control-Request-Headers": "authorization,content-type"}
    for door, path in ((stack.url, "/files/tracks"), (stack.url, "/playlists/"), (stack.alt_url, "/api/login")):
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
            let_in = nobody.http.options(door + path, headers=asked | {"Access-Control-Request-Method": method}).headers
            assert let_in["access-control-allow-origin"] == origin and method in let_in["access-control-allow-methods"]
            assert {"authorization", "content-type", "range"} <= set(
                re.split(r",\s*", let_in["access-control-allow-headers"].lower())
            )


def test_a_stranger_cannot_reach_a_library_by_the_clients_urls(
    app: Client, bob: Person, nobody: Person, tracks: list[dict[str, Any]]
) -> None:
    track, name = tracks[0], tracks[0]["file_path"].rpartition("/")[2]
    for path in (
        track["file_path"],
        track["cover_path"],
        f"/files/tracks/{track['id']}/metadata",
        f"/files/cover/{name}/thumbnails",
    ):
        assert bob.get(path).status_code == 404, path
        refused = nobody.get(path)
        assert (refused.status_code, type(refused.json()["detail"])) == (401, str)
    assert bob.delete(track["file_path"]).status_code == 404
    assert bob.post("/statistics/rating", {"track_id": track["id"], "rating": 1}).status_code == 404
    for path in ("/files/tracks", "/playlists/", "/playlists", "/search/tracks", "/statistics/user/all"):
        assert bob.get(path).json() == [] and nobody.get(path).status_code == 401, path
