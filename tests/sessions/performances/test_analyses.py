"""A recording held against its score: of a session, and sent for this alone."""

import base64
import io
import re
import time
import uuid
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import text

from services.sessions.tasks import analysing
from tests.people import Person
from tests.sessions import make
from tests.sessions.performances import tunes
from tests.stack import Stack

WRONG = tunes.with_wrong(5, "A#4")  # measure 2, beat 2
KEYS = {
    "performace_summary",
    "performance_summary",
    "coach-feedback",
    "user-spectrogram",
    "target-spectrogram",
    "marked-up-musicxml",
}
DONE_SECONDS = 20
STORED = text(
    """
    SELECT id, (SELECT count(*) FROM analysis_inputs WHERE user_id = :user_id) AS inputs
    FROM analyses WHERE user_id = :user_id
    """
)

WAITING = text(
    """
    INSERT INTO analyses (id, user_id, session_id, state, progress, asked)
    VALUES (:analysis_id, :user_id, :session_id, 'waiting', 0, '{}')
    """
)


def performance(sound: bytes | str, **changes: Any) -> dict[str, Any]:
    """What Harmony Helper's client sends (CONTRACT C1-7)."""
    recording = make.data_url(sound, "audio/wav") if isinstance(sound, bytes) else sound
    sent = {"Song_name": "Tune", "Instrument": "Flute", "Audio_length": 7, "Recording": recording, "Target_XML": tunes.score()}
    return sent | {"BPM": "150", "Starting_measure": 1} | changes


def practised(person: Person, sound: bytes | None = None, **changes: Any) -> str:
    """The address of the analysis of a session with this recording."""
    recording = make.data_url(sound, "audio/wav") if sound else ""
    saved = make.saved(person, audioBase64=recording, analysis=None, **{"xml_content": tunes.score()} | changes)
    return f"{make.PATH}/{saved['id']}/analysis"


def ended(person: Person, address: str, *, seconds: float = DONE_SECONDS) -> dict[str, Any]:
    """An analysis once it is over."""
    deadline = time.monotonic() + seconds
    while (found := person.get(address).json())["state"] in ("waiting", "working"):
        assert time.monotonic() < deadline, found
        time.sleep(0.05)
    return found


def picture(url: str) -> Image.Image:
    image = Image.open(io.BytesIO(base64.b64decode(url.removeprefix("data:image/png;base64,"))))
    image.load()
    return image


def stored(stack: Stack, person: Person) -> tuple[uuid.UUID, int]:
    """Somebody's one analysis, and how many recordings wait for theirs."""
    engine = stack.engine("sessions-worker")
    with engine.connect() as connection:
        row = connection.execute(STORED, {"user_id": person.id}).one()
    engine.dispose()
    return row.id, row.inputs


def test_a_session_is_told_which_note_was_wrong_and_where(alice: Person, bob: Person, nobody: Person) -> None:
    address = practised(alice, tunes.played(WRONG))

    begun = [alice.post(address, {"tempo_bpm": 150}, headers={"Idempotency-Key": key}) for key in ("one", "one", "another")]
    strangers = [bob.post(address), bob.get(address), bob.delete(address)]
    signed_out = [nobody.post(address), nobody.get(address), nobody.delete(address)]
    found = ended(alice, address)

    assert [each.status_code for each in begun] == [202] * 3
    assert {each.headers["Location"] for each in begun} == {address}
    assert len({each.json()["id"] for each in begun}) == 1  # one at a time
    assert [each.status_code for each in strangers] == [404] * 3
    assert [each.status_code for each in signed_out] == [401] * 3
    assert (found["state"], found["progress"], found["failure"]) == ("done", 100, None)
    result = found["result"]
    assert result["wrong_notes"] == [
        {"measure": 2, "occurrence": 1, "beat": 2.0, "expected": "A4", "heard": "A#4", "cents": 100}
        | {"at_seconds": result["wrong_notes"][0]["at_seconds"]}
    ]
    assert [each["pitch"] for each in result["measures"]] == [100, 75, 100, 100]
    assert "In measure 2, beat 2, you played A#4 instead of A4" in result["coach-feedback"]
    assert result["performace_summary"] == result["performance_summary"]
    assert [len(each) < 300_000 for each in (result["user-spectrogram"], result["target-spectrogram"])] == [True, True]
    assert picture(result["user-spectrogram"]).size == picture(result["target-spectrogram"]).size
    coloured = re.findall(r'<note color="(#\w+)"><pitch><step>(\w)</step><octave>4', result["marked-up-musicxml"])
    assert coloured == [("#D32F2F", "A")]
    assert result["marked-up-musicxml"].replace(' color="#D32F2F"', "") == tunes.score()

    session = alice.get(address.removesuffix("/analysis")).json()
    assert session["analysis"] == result
    assert (session["analysis_summary"], session["analysis_feedback"]) == (
        result["performance_summary"],
        result["coach-feedback"],
    )
    assert session["score_accuracy"] == result["score_accuracy"] > 90

    assert alice.delete(address).status_code == 204
    assert alice.get(address).status_code == alice.delete(address).status_code == 404
    forgotten = alice.get(address.removesuffix("/analysis")).json()
    assert [forgotten[each] for each in ("analysis", "analysis_summary", "analysis_feedback", "score_accuracy")] == [None] * 4


def test_what_cannot_be_analysed_is_said_at_once(alice: Person) -> None:
    silent = practised(alice)
    without_score = practised(alice, tunes.silence(1), xml_content="")
    unread = practised(alice, tunes.silence(1), xml_content="no MusicXML at all")
    nowhere = f"{make.PATH}/{uuid.uuid4()}/analysis"

    answers = [alice.post(each) for each in (silent, without_score, unread, nowhere)]
    wrong = [{"tempo_bpm": 9}, {"tempo_bpm": "fast"}, {"starting_measure": -1}, {"bpm": 100}, {"part": ""}]

    codes = [(each.status_code, each.json()["code"]) for each in answers]
    assert codes == [(409, "no_recording"), (409, "no_score"), (409, "no_score"), (404, "session_not_found")]
    assert [alice.post(without_score, each).status_code for each in wrong] == [422] * 5
    assert alice.get(silent).json()["code"] == "analysis_not_found"


def test_a_session_that_is_deleted_takes_its_analysis_along(alice: Person) -> None:
    address = practised(alice, tunes.played())

    begun = alice.post(address)
    deleted = alice.delete(address.removesuffix("/analysis"))
    another = practised(alice, tunes.played())
    alice.post(another)

    assert (begun.status_code, deleted.status_code, alice.get(address).status_code) == (202, 204, 404)
    assert ended(alice, another)["result"]["score_accuracy"] == 100  # nobody waits for what is gone


def test_where_the_score_is_taken_away_before_its_turn_one_is_told_so(stack: Stack, alice: Person, tmp_path: Path) -> None:
    address = practised(alice, tunes.silence(0.2))
    session = address.removesuffix("/analysis")
    which = {"analysis_id": str(uuid.uuid4()), "user_id": str(alice.id)}
    engine = stack.engine("sessions-worker")
    with engine.begin() as connection:
        connection.execute(WAITING, which | {"session_id": session.rpartition("/")[2]})

    assert alice.delete(f"{session}/score").status_code == 204
    analysing.analyse.run(SimpleNamespace(engine=engine, settings=SimpleNamespace(data_dir=tmp_path)), **which)

    engine.dispose()
    found = alice.get(address).json()
    assert (found["state"], found["failure"]["code"]) == ("failed", "no_score")


def test_harmony_helper_has_its_answer_at_once_and_nothing_is_kept(alice: Person, bob: Person, nobody: Person) -> None:
    sent = performance(tunes.played(WRONG))

    first = alice.post("/api/analyze", sent, headers={"Idempotency-Key": "a"})
    replayed = alice.post("/api/analyze", sent, headers={"Idempotency-Key": "a"})
    other = alice.post("/api/analyze", sent | {"BPM": 100}, headers={"Idempotency-Key": "a"})

    assert first.status_code == 200, first.text
    assert first.json().keys() >= KEYS
    assert [(each["measure"], each["heard"]) for each in first.json()["wrong_notes"]] == [(2, "A#4")]
    assert replayed.json() == first.json()
    assert replayed.headers["Idempotent-Replayed"] == "true"
    assert (other.status_code, other.json()["code"]) == (422, "key_reused")
    assert (nobody.post("/api/analyze", sent).status_code, alice.get(make.PATH).json()) == (401, [])
    somewhere = f"/api/analyze/{uuid.uuid4()}"
    assert [each.get(somewhere).status_code for each in (alice, bob, nobody)] == [404, 404, 401]


def test_where_nothing_can_be_judged_nothing_is_guessed(stack: Stack, alice: Person, bob: Person, nobody: Person) -> None:
    answer = alice.post("/api/analyze", performance(tunes.silence(), BPM=None, Target_XML=tunes.score(bpm=None)))

    said = answer.json()
    assert (answer.status_code, said["judged"], said["reason"]) == (200, False, "silence")
    assert [said[each] for each in ("score_accuracy", "pitch_accuracy", "rhythm_accuracy", "tempo_bpm")] == [None] * 4
    assert said["wrong_notes"] == said["measures"] == []
    assert "microphone" in said["coach-feedback"]
    assert "100 quarter notes a minute were taken" in said["coach-feedback"]
    assert picture(said["user-spectrogram"]).size == picture(said["target-spectrogram"]).size
    analysis_id, inputs = stored(stack, alice)
    assert inputs == 0  # the recording went as the outcome came
    assert alice.get(f"/api/analyze/{analysis_id}").json() == said
    assert [each.get(f"/api/analyze/{analysis_id}").status_code for each in (bob, nobody)] == [404, 401]  # a stranger cannot


def test_who_does_not_want_to_wait_asks_again_where_they_are_told(alice: Person, bob: Person) -> None:
    sent = performance(tunes.played(WRONG))

    begun = alice.post("/api/analyze", sent, headers={"Prefer": "wait=0", "Idempotency-Key": "later"})
    where = begun.headers["Location"]
    again = alice.post("/api/analyze", sent, headers={"Prefer": "respond-async, wait=0", "Idempotency-Key": "later"})
    answers = [alice.get(where)]
    deadline = time.monotonic() + DONE_SECONDS
    while answers[-1].status_code == 202 and time.monotonic() < deadline:
        time.sleep(0.05)
        answers.append(alice.get(where))

    assert (begun.status_code, again.status_code, again.headers["Location"]) == (202, 202, where)
    assert begun.json().items() >= {"result": None, "failure": None}.items()
    assert begun.headers["Retry-After"] == "2"
    assert [each.status_code for each in answers] == [202] * (len(answers) - 1) + [200]
    assert len(answers) > 1
    assert [each.json()["progress"] for each in answers[:-1]] == sorted(each.json()["progress"] for each in answers[:-1])
    assert [(each["measure"], each["heard"]) for each in answers[-1].json()["wrong_notes"]] == [(2, "A#4")]
    assert (alice.get(where).json(), bob.get(where).status_code) == (answers[-1].json(), 404)


def test_a_repetition_after_the_analysis_is_forgotten_is_analysed_anew(stack: Stack, alice: Person) -> None:
    sent, key = performance(b"no sound at all " * 64), {"Idempotency-Key": "a"}

    first, again = (alice.post("/api/analyze", sent, headers=key) for _ in range(2))
    engine = stack.engine("sessions-worker")
    with engine.begin() as connection:  # as it is after a day, and the key is kept for seven
        connection.execute(text("DELETE FROM analyses WHERE user_id = :user_id"), {"user_id": alice.id})
    engine.dispose()
    later, later_again = (alice.post("/api/analyze", sent, headers=key) for _ in range(2))

    answers = (first, again, later, later_again)
    assert [(each.status_code, each.json()["code"]) for each in answers] == [(422, "recording_not_heard")] * 4
    assert ["Idempotent-Replayed" in each.headers for each in answers] == [False, True, False, True]


@pytest.mark.parametrize(
    ("changes", "code", "named"),
    [
        ({"Recording": make.data_url(b"no sound at all " * 64)}, "recording_not_heard", "Recording"),
        ({"Recording": make.data_url(tunes.played()[:30], "audio/wav")}, "recording_not_heard", "Recording"),
        ({"Recording": "data:audio/webm;base64,!!!!"}, "recording_unreadable", "Recording"),
        ({"Recording": ""}, "malformed", "Recording"),
        ({"Recording": "data:audio/webm;base64,"}, "recording_unreadable", "Recording"),
        ({"Target_XML": "<score"}, "score_unreadable", "Target_XML"),
        ({"Target_XML": '<!DOCTYPE a [<!ENTITY b "c">]><score-partwise/>'}, "score_refused", "Target_XML"),
        ({"Target_XML": tunes.score().replace(">4</octave>", ">-999999999</octave>")}, "score_unreadable", "Target_XML"),
        ({"Target_XML": tunes.score([])}, "score_unreadable", "Target_XML"),
        ({"Part": "2"}, "part_not_found", "Part:"),
        ({"Target_XML": None}, "malformed", "target_xml"),
        ({"BPM": "presto"}, "malformed", "BPM"),
        ({"BPM": 100_000}, "malformed", "BPM"),
        ({"Starting_measure": -1}, "malformed", "Starting_measure"),
    ],
)
def test_what_is_no_performance_is_refused_by_name(alice: Person, changes: dict[str, Any], code: str, named: str) -> None:
    answer = alice.post("/api/analyze", performance("AAAA", **changes))

    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert named.casefold() in answer.json()["detail"].casefold()


def test_other_spellings_are_understood(alice: Person) -> None:
    sent = {"recording": make.encoded(tunes.played()), "xmlContent": tunes.score(), "bpm": "", "starting_measure": "3"}

    answer = alice.post("/api/analyze", sent)

    assert answer.status_code == 200, answer.text
    assert answer.json()["asked_tempo_bpm"] == 150  # as the score says
