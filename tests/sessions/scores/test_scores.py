"""The score of a session: sent with it, put to it, downloaded, taken away; and what may not be sent."""

import base64
import uuid
import xml.etree.ElementTree as ET

import pytest

from services.sessions.schemas.scores import ScoreOut
from tests.people import Person
from tests.sessions import make
from tests.sessions.scores import hostile

MXL = "application/vnd.recordare.musicxml"
TITLED = hostile.title("Minuet in G")


def path(session: dict) -> str:
    return f"{make.PATH}/{session['id']}/score"


def put(person: Person, session: dict, content: bytes, media_type: str = "application/octet-stream"):
    return person.http.put(path(session), content=content, headers={"Content-Type": media_type})


def test_a_session_tells_what_its_score_says_of_itself(alice: Person) -> None:
    saved = make.saved(alice, xml_content=TITLED)

    read = alice.get(f"{make.PATH}/{saved['id']}").json()
    assert read["score"] == saved["score"]
    assert set(read["score"]) == set(ScoreOut.model_fields)
    assert (read["score"]["title"], read["score"]["measures"], read["score_problem"]) == ("Minuet in G", 1, None)
    assert read["score"]["parts"] == [{"id": "P1", "name": "Flute", "measures": 1, "notes": 0, "is_polyphonic": False}]


@pytest.mark.parametrize(
    "xml", ["<html><body>not a score</body></html>", "not XML at all & <<<", "data:x;base64,@@@", "UEsDBB"]
)
def test_practice_is_not_lost_over_a_broken_score(alice: Person, xml: str) -> None:
    saved = make.saved(alice, xml_content=xml)

    assert (saved["xml_content"], saved["score"]) == (xml, None)
    assert saved["score_problem"]


@pytest.mark.parametrize(
    "xml",
    [hostile.billion_laughs(), hostile.entities("<!ENTITY f SYSTEM 'file:///etc/passwd'>") + hostile.title("&f;")],
    ids=["an entity bomb", "an outside entity"],
)
def test_a_hostile_score_is_refused_by_name_and_nothing_is_saved(alice: Person, xml: str) -> None:
    answer = alice.post(make.PATH, make.body(xml_content=xml))

    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "xml_content")
    assert "root:" not in answer.text
    assert alice.get(make.PATH).json() == []


@pytest.mark.parametrize("head", ["", f"data:{MXL};base64,"])
def test_a_packed_score_sent_with_a_session_is_unpacked(alice: Person, head: str) -> None:
    packed = base64.b64encode(hostile.packed({"score.xml": TITLED})).decode()

    saved = make.saved(alice, xml_content=head + packed)

    assert (saved["xml_content"], saved["score"]["title"]) == (TITLED, "Minuet in G")


@pytest.mark.parametrize("media_type", [MXL, "text/xml", "application/octet-stream"])
def test_what_a_file_is_its_content_says(alice: Person, media_type: str) -> None:
    session = make.saved(alice, xml_content=None)

    for content in (TITLED.encode("utf-16"), hostile.packed({"score.xml": TITLED}), TITLED.encode()):
        put_there = put(alice, session, content, media_type)

        assert (put_there.status_code, put_there.json()["title"]) == (200, "Minuet in G")
    read = alice.get(f"{make.PATH}/{session['id']}").json()
    assert (read["xml_content"], read["score"]) == (TITLED, put_there.json())


def test_a_score_larger_than_a_megabyte_arrives(alice: Person) -> None:
    session = make.saved(alice)

    answer = put(alice, session, hostile.score(measures=10_000).ljust(2_000_000).encode())

    assert (answer.status_code, answer.json()["measures"]) == (200, 10_000)


def test_a_score_is_downloaded_as_a_file_that_does_nothing(alice: Person) -> None:
    session = make.saved(alice, song_name='Für "Elise"\\/', xml_content="<?xml version='1.0' encoding='UTF-16'?>" + TITLED)

    file = alice.get(path(session))

    assert file.headers["Content-Type"].startswith("application/vnd.recordare.musicxml+xml")
    assert file.headers["Content-Disposition"].startswith("attachment;")
    assert "F%C3%BCr%20%22Elise%22%5C%2F.musicxml" in file.headers["Content-Disposition"]
    assert file.headers["X-Content-Type-Options"] == "nosniff"
    assert "default-src 'none'" in file.headers["Content-Security-Policy"]
    assert ET.fromstring(file.content).tag == "score-partwise"  # it is in the encoding that it says


def test_a_score_is_taken_away_and_the_session_stays(alice: Person) -> None:
    session = make.saved(alice)

    assert [alice.delete(path(session)).status_code for _ in range(2)] == [204, 204]

    read = alice.get(f"{make.PATH}/{session['id']}").json()
    assert (read["xml_content"], read["score"], read["score_problem"]) == (None, None, None)
    assert (alice.get(path(session)).status_code, alice.get(path(session)).json()["code"]) == (404, "score_not_found")


def test_what_is_no_score_is_refused_and_the_one_that_was_there_stays(alice: Person) -> None:
    session = make.saved(alice, xml_content=TITLED)
    wrong = {
        "broken": b"<score-partwise>",
        "hostile": hostile.billion_laughs().encode(),
        "a bomb": hostile.packed({"score.xml": b" " * 50_000_000}),
        "above": hostile.packed({"score.xml": TITLED}, root="../../../etc/passwd"),
        "a picture": hostile.PNG,
        "nothing": b"",
    }

    answers = {name: put(alice, session, content) for name, content in wrong.items()}
    too_large = put(alice, session, bytes(11 * 1024 * 1024))

    assert {name: answer.status_code for name, answer in answers.items()} == dict.fromkeys(wrong, 422)
    assert {answer.json()["errors"][0]["field"] for answer in answers.values()} == {"xml_content"}
    assert (too_large.status_code, too_large.json()["code"]) == (413, "score_too_large")
    assert alice.get(path(session)).text == TITLED


def test_a_stranger_cannot_touch_a_score(alice: Person, bob: Person, nobody: Person) -> None:
    session, random = make.saved(alice, xml_content=TITLED), {"id": uuid.uuid4()}

    for mine in (session, random):
        assert {put(bob, mine, TITLED.encode()).status_code, bob.get(path(mine)).status_code} == {404}
        assert bob.delete(path(mine)).status_code == 404
    assert put(nobody, session, TITLED.encode()).status_code == 401
    assert alice.get(path(session)).text == TITLED
