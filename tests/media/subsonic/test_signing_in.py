"""Players sign in: every way that the protocol knows, and every way to get it wrong."""

import time

import pytest

from services.media.dialects.subsonic.frame import METHODS
from tests.media.subsonic.player import XML, Player
from tests.people import Person

ABOUT = {"status", "version", "type", "serverVersion", "openSubsonic"}
WITHIN_SECONDS = 5


@pytest.fixture
def phone(alice: Person) -> Player:
    """Of somebody new in each test: some lose it."""
    return Player(alice)


def test_a_player_signs_in_with_a_key_a_password_or_a_token(phone: Player) -> None:
    in_hex = "enc:" + phone.password.encode().hex()
    for shown in (
        {"apiKey": phone.key},
        {"u": phone.username, "p": phone.password},
        {"u": phone.username, "p": in_hex},
        phone.salted(),
    ):
        assert phone.told("ping", **shown).keys() == ABOUT
        assert phone.told("tokenInfo", **shown)["tokenInfo"]["username"]


def test_what_does_not_sign_in_is_told_why(phone: Player) -> None:
    named = {"u": phone.username}
    for shown, number in (
        ({"u": ""}, 10),  # no way at all
        ({"p": "x"}, 10),  # nobody is named
        (phone.salted() | {"s": ""}, 40),  # an empty salt is a wrong one
        ({"u": phone.username, "t": "x"}, 10),  # a token without its salt
        (named | {"p": "wrong"}, 40),
        (named | {"p": "enc:zz"}, 40),  # no hex
        (phone.salted() | {"t": "0" * 32}, 40),
        ({"apiKey": "none"}, 44),
        (named | {"apiKey": phone.key}, 43),
        (phone.salted() | {"p": phone.password}, 43),
        ({"apiKey": phone.key, "v": "2.0.0"}, 30),
        ({"apiKey": phone.key, "v": "0.9"}, 20),
    ):
        assert phone.refused("ping", **shown) == number, shown


def test_the_password_of_an_account_signs_no_player_in(alice: Person, phone: Player) -> None:
    assert phone.refused("ping", u=alice.email, p=alice.password) == 40


def test_nobody_is_let_in_to_any_method(nobody: Person) -> None:
    for method in METHODS:
        answer = nobody.get(f"/rest/{method}?f=json&id=1")
        assert answer.json()["subsonic-response"]["error"]["code"] == 10, method


def test_a_removed_player_is_out_within_five_seconds(alice: Person, phone: Player) -> None:
    phone.told("ping")
    alice.delete(f"/api/user/players/{phone.id}")
    started = time.monotonic()
    while phone.ask("ping")["status"] == "ok":
        assert time.monotonic() - started < WITHIN_SECONDS
        time.sleep(0.2)

    assert phone.refused("ping") == 44
    assert phone.refused("ping", u=phone.username, p=phone.password) == 40


def test_a_stranger_cannot_be_looked_up(bob: Person, phone: Player) -> None:
    assert phone.refused("getUser", username=bob.email) == 50
    assert phone.told("getUser", **phone.salted(), username=phone.username)["user"]["adminRole"] is False


def test_extensions_are_told_to_anybody(nobody: Person) -> None:
    found = nobody.get("/rest/getOpenSubsonicExtensions?f=json").json()["subsonic-response"]

    assert {"name": "formPost", "versions": [1]} in found["openSubsonicExtensions"]


def test_both_forms_of_a_path_both_methods_and_all_formats_answer_alike(phone: Player) -> None:
    xml = phone.xml("getLicense.view")
    script = phone.get("getLicense", f="jsonp", callback="app.heard")
    form = {"apiKey": phone.key, "f": "json"}
    posted = phone.http.post("/rest/getLicense.view", data=form).json()["subsonic-response"]

    assert xml.tag == f"{XML}subsonic-response" and xml.attrib["status"] == "ok" and xml.attrib["openSubsonic"] == "true"
    assert xml.find(f"{XML}license").attrib == {"valid": "true"}  # type: ignore[union-attr]
    assert script.text.startswith('/**/app.heard({"subsonic-response":') and script.text.endswith(");")
    assert script.headers["content-type"].startswith("application/javascript")
    assert posted == phone.told("getLicense") and posted["license"] == {"valid": True}


def test_what_cannot_be_read_is_refused_in_the_protocols_words(phone: Player) -> None:
    sent = {"apiKey": phone.key}
    for answer, number in (
        (phone.get("getEverything", f="json"), 0),
        (phone.get("ping", f="yaml"), 0),
        (phone.get("ping", f="jsonp"), 10),
        (phone.get("ping", f="jsonp", callback="alert(1)//"), 0),
        (phone.get("ping", f="json", c="a\x00b"), 0),
        (phone.http.get("/rest/ping?f=json&u=%ff"), 0),
        (phone.http.get("/rest"), None),  # not under it
        (phone.http.get("/rest/a/b?f=json"), 70),
        (phone.http.put("/rest/ping?f=json"), 0),
        (phone.http.post("/rest/ping?f=json", json=sent), 0),
    ):
        if number is None:
            assert answer.status_code == 404
            continue
        assert answer.status_code == 200, answer.text
        text = answer.text
        assert f'"code":{number}' in text or f'code="{number}"' in text, text
        assert "problem" not in answer.headers["content-type"]


def test_who_guesses_is_told_to_wait(phone: Player) -> None:
    answers = [phone.get("ping", f="json", u=phone.username, p=f"guess {number}") for number in range(21)]

    assert [answer.json()["subsonic-response"]["error"]["code"] for answer in answers] == [40] * 20 + [0]
    assert answers[-1].status_code == 200 and int(answers[-1].headers["retry-after"]) > 0
