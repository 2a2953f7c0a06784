"""Pictures: avatars that everybody sees, others that their owner and some see; always a JPEG made anew."""

from io import BytesIO
from typing import Any

import httpx2
from PIL import Image

from shared import ids
from tests.media import make
from tests.media.subsonic.player import Player
from tests.people import Person
from tests.stack import Stack

PLACE = 0x8825  # of the EXIF block that names where a picture was taken


def picture(*, wide: int = 800, high: int = 400, form: str = "JPEG") -> bytes:
    """A picture that tells where it was taken."""
    made, exif = BytesIO(), Image.Exif()
    exif[PLACE] = {1: "N", 2: (48.0, 8.0, 0.0)}
    image = Image.radial_gradient("L").resize((wide, high)).convert("RGB")
    image.save(made, form, exif=exif.tobytes())
    return made.getvalue()


def send(person: Person, data: bytes, purpose: str = "chat", **request: Any) -> httpx2.Response:
    return person.post(f"/files/upload/image?purpose={purpose}", files={"file": ("me.jpg", data)}, **request)


def size_of(answer: httpx2.Response) -> tuple[int, int]:
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/jpeg"), answer.text
    with Image.open(BytesIO(answer.content), formats=["JPEG"]) as found:
        assert not found.getexif()
        return found.size


def test_a_picture_is_kept_in_fixed_sizes_without_what_came_along(stack: Stack, alice: Person, nobody: Person) -> None:
    key = {"Idempotency-Key": "portrait"}
    kept, again = (
        send(alice, picture(wide=2000, high=1000), headers=key),
        send(alice, picture(wide=2000, high=1000), headers=key),
    )

    assert kept.status_code == 201, kept.text
    mine = kept.json()
    assert (mine["width"], mine["height"], mine["media_type"]) == (1600, 800, "image/jpeg")
    assert again.json()["id"] == mine["id"]
    assert [each["id"] for each in alice.get("/files/images").json()] == [mine["id"]]
    assert size_of(alice.get(mine["media_url"])) == (1600, 800)
    assert size_of(alice.get(mine["media_url"] + "?size=small")) == (150, 75)
    assert alice.get(mine["media_url"] + "?size=151").status_code == 422
    shown = nobody.get(make.local(alice, mine["url"]))
    assert size_of(shown) == (1600, 800)
    assert shown.headers["x-content-type-options"] == "nosniff"

    alice.delete(mine["media_url"])
    assert alice.get(mine["media_url"]).json()["code"] == "no_such_picture"
    assert nobody.get(make.local(alice, mine["url"])).status_code == 404
    make.until(lambda: make.objects(stack, alice), lambda found: not found)
    assert alice.get("/files/storage/info").json()["used"] == 0


def test_a_stranger_cannot_see_a_picture_until_it_is_shown_but_an_avatar(stack: Stack, alice: Person, bob: Person) -> None:
    avatar, letter = send(alice, picture(form="PNG"), "avatar").json(), send(alice, picture(form="WEBP")).json()
    assert size_of(bob.get(avatar["media_url"])) == (800, 400)
    assert bob.get(letter["media_url"]).json()["code"] == "no_such_picture"

    room = f"/internal/audiences/{ids.new()}"
    with make.as_service(stack, alice) as chat:
        chat.put(f"{room}/readers", json={"readers": [str(bob.id)]})
        chat.put(f"{room}/files/{letter['id']}")
        assert size_of(bob.get(letter["media_url"])) == (800, 400)
        chat.delete(room)

    assert bob.get(letter["media_url"]).status_code == 404
    assert bob.delete(avatar["media_url"]).status_code == 404


def test_players_show_the_newest_avatar(alice: Person, bob: Person) -> None:
    phone, theirs = Player(alice), Player(bob)
    username = phone.told("tokenInfo")["tokenInfo"]["username"]
    nothing = phone.get("getAvatar")
    send(alice, picture(form="PNG"), "chat")
    older, newer = (send(alice, picture(wide=400, high=high), "avatar").json() for high in (400, 200))

    seen = phone.get("getAvatar")

    assert size_of(seen) == (300, 150) and nothing.headers["content-type"] == "image/png"
    assert seen.content == alice.get(newer["media_url"] + "?size=medium").content
    for player, asked in ((phone, username), (theirs, str(alice.id))):
        assert player.get("getAvatar", username=asked).content == seen.content
    for other in (theirs.username, str(bob.id), older["id"], "x", ""):
        assert phone.get("getAvatar", username=other).content == nothing.content, other


def test_what_is_no_picture_or_too_much_of_one_is_refused(stack: Stack, alice: Person) -> None:
    bomb = BytesIO()
    Image.new("1", (12_000, 12_000)).save(bomb, "PNG")
    refused = {
        "words": (b"hello", 415),
        "a page": (b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", 415),
        "sound": (make.wav(), 415),
        "a bomb": (bomb.getvalue(), 415),
        "half of it": (picture()[:400], 415),
        "nothing": (b"", 422),
        "too many bytes": (b"\xff\xd8\xff" + bytes(11 * 1024 * 1024), 413),
    }

    assert {name: send(alice, data).status_code for name, (data, _) in refused.items()} == {
        name: status for name, (_, status) in refused.items()
    }
    two = [("file", ("a.jpg", picture())), ("file", ("b.jpg", picture()))]
    assert alice.post("/files/upload/image", files=two).json()["code"] == "one_file_only"
    assert alice.get("/files/images").json() == []
    assert make.objects(stack, alice) == []
