"""What Harmony Helper's client sends, from its first start to a deleted session, in both spellings.

CONTRACT 5.1, its real client                          seed 001
C1-1 sync                 the_clients_day              S1-2, 23, 24 sync                  the_seeds_day
C1-2, 3 save, data URL    the_clients_day              S1-12..20, 28..30 columns, save    the_seeds_day
                          an_error_is_told_in_detail   S1-21, 22 bucket and path          tests/media/test_recordings.py
C1-4 keys of an analysis  what_the_analysis_said       S1-25, 26 the list, bare           the_seeds_day
C1-5 list and detail      the_clients_day              S1-27, 31 detail, deletion         the_seeds_day
C1-6 total_minutes        the_clients_day              S1-8, 9, 32, 33 stats              the_seeds_day
C1-7 analyze                has_a_performance_analysed
C1-8 opaque tokens        the_clients_day[opaque]      S1-34, 35 IStorageService          tests/sessions/typescript
C1-8b mock-token          a_mock_bearer_is_nobody
C1-9 streaks decay        a_streak_is_over_...
"""

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest
from sqlalchemy import text

from tests import people
from tests.issuer import Elsewhere
from tests.people import Person
from tests.sessions import make
from tests.sessions.performances import tunes

READ_BY_THE_CLIENT = {  # C1-5
    "id",
    "date",
    "song_name",
    "instrument",
    "duration_seconds",
    "total_practice_seconds",
    "audio_url",
    "xml_content",
    "analysis_summary",
    "analysis_feedback",
}
LISTED_IN_THE_SEED = {"id", "song_name", "instrument", "date", "duration_seconds"}  # S1-26

PROFILE = {"email": "ana@example.com", "name": "Ana", "picture": "https://s.example/ana.png"}
SYNC = "/api/users/sync"
CALLS = [
    ("POST", SYNC, PROFILE),
    ("GET", "/api/sessions", None),
    ("POST", "/api/sessions", make.body()),
    ("GET", "/api/sessions/0190b5a0-0000-7000-8000-000000000000", None),
    ("DELETE", "/api/sessions/0190b5a0-0000-7000-8000-000000000000", None),
    ("GET", "/api/stats", None),
    ("POST", "/api/analyze", {}),
]


def opaque(elsewhere: Elsewhere, subject: str, **claims: Any) -> str:
    return elsewhere.auth0.opaque(subject, **claims)


def signed(elsewhere: Elsewhere, subject: str, **claims: Any) -> str:
    return elsewhere.auth0.token(sub=subject, **claims)


def plays(elsewhere: Elsewhere, url: str, recording: bytes) -> None:
    """What an audio element does: without a token, from the beginning, then from wherever its slider is put."""
    address = elsewhere.reached(url)
    assert httpx2.get(address).content == recording
    part = httpx2.get(address, headers={"Range": "bytes=100-199"})
    assert (part.status_code, part.content) == (206, recording[100:200])


@pytest.mark.parametrize("bearer", [opaque, signed])
def test_the_clients_day(elsewhere: Elsewhere, bearer: Any) -> None:
    """An Auth0 client without an audience holds an opaque token, one with an audience a signed one."""
    subject = f"auth0|{bearer.__name__}"
    ana = elsewhere.someone(bearer(elsewhere, subject, email=f"{bearer.__name__}@example.com", email_verified=True))

    synced = ana.post(SYNC, PROFILE | {"sub": subject})
    assert synced.status_code == 200, synced.text
    row = synced.json()
    assert row.keys() == {"id", "auth0_id", "email", "name", "created_at"}
    assert (row["auth0_id"], row["email"], row["name"]) == (subject, f"{bearer.__name__}@example.com", "Ana")
    assert ana.post(SYNC, PROFILE | {"sub": subject}).json() == row
    assert ana.get("/api/sessions").json() == []

    recording, now = make.recording(), datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    saved = make.saved(ana, audioBase64=make.data_url(recording), date=now)
    plays(elsewhere, saved["audio_url"], recording)
    assert saved["streak"] == 1

    (listed,) = ana.get("/api/sessions", params={"full": 1}).json()
    assert listed.keys() >= READ_BY_THE_CLIENT
    assert (listed["id"], listed["date"], listed["total_practice_seconds"]) == (saved["id"], now, 900)
    (lean,) = ana.get("/api/sessions").json()
    assert lean.keys() >= READ_BY_THE_CLIENT - {"xml_content"}
    plays(elsewhere, lean["audio_url"], recording)  # its history page plays from the list

    detail = ana.get(f"/api/sessions/{saved['id']}").json()
    assert detail.keys() >= READ_BY_THE_CLIENT
    assert (detail["xml_content"], detail["analysis_feedback"]) == (make.MINUET, "Mind the left hand.")
    plays(elsewhere, detail["audio_url"], recording)

    stats = ana.get("/api/stats").json()
    assert (stats["streak"], len(stats["weekly_progress"]), stats["total_minutes"]) == (1, 7, 10)

    assert ana.delete(f"/api/sessions/{saved['id']}").is_success
    assert ana.get("/api/sessions").json() == []
    assert ana.get(f"/api/sessions/{saved['id']}").status_code == 404
    assert ana.get("/api/stats").json()["total_minutes"] == 0


def test_the_seeds_day(elsewhere: Elsewhere) -> None:
    subject = "auth0|seed"
    ben = elsewhere.someone(opaque(elsewhere, subject))

    synced = ben.post(SYNC, {"email": "ben@example.com", "auth0_id": subject, "name": "Ben"}).json()
    assert (synced["auth0_id"], synced["name"]) == (subject, "Ben")

    recording = make.recording()
    answer = ben.post("/api/sessions", make.seed_body(duration=1200, audioBase64=make.encoded(recording)))
    assert answer.status_code == 201
    saved = answer.json()

    listed = ben.get("/api/sessions").json()
    assert isinstance(listed, list) and listed[0].keys() >= LISTED_IN_THE_SEED and "xml_content" not in listed[0]
    assert (listed[0]["id"], listed[0]["song_name"], listed[0]["duration_seconds"]) == (saved["id"], "Minuet in G", 1200)
    detail = ben.get(f"/api/sessions/{saved['id']}").json()
    assert (detail["xml_content"], detail["analysis_feedback"]) == (make.MINUET, "Mind the left hand.")
    assert (detail["analysis_summary"], detail["score_accuracy"]) == (None, None)
    plays(elsewhere, detail["audio_url"], recording)

    stats = ben.get("/api/stats").json()
    assert stats["weekly_progress"][-1] == {"day": datetime.now(UTC).strftime("%a"), "minutes": 20}
    assert stats["streak"] == 1
    assert ben.get(f"/api/sessions/{synced['id']}").status_code == 404  # the interface's null
    assert ben.delete(f"/api/sessions/{saved['id']}").status_code == 204
    assert ben.get("/api/sessions").json() == []


def test_what_the_analysis_said_comes_back_in_the_clients_keys(elsewhere: Elsewhere) -> None:
    ana = elsewhere.someone(opaque(elsewhere, "auth0|keys"))
    said = make.body()["analysis"]
    spelt_right = {"performance_summary": "Better.", "coach_feedback": "Go on."}

    misspelt, right, words = (make.saved(ana, analysis=each) for each in (said, spelt_right, "Just words."))

    assert ana.get(f"/api/sessions/{misspelt['id']}").json()["analysis"] == said
    assert [each["analysis_summary"] for each in (misspelt, right, words)] == ["Steady.", "Better.", None]
    assert [each["analysis_feedback"] for each in (misspelt, right, words)] == ["Mind the left hand.", "Go on.", "Just words."]


def test_an_error_is_told_in_detail_and_nothing_is_kept(elsewhere: Elsewhere) -> None:
    ana = elsewhere.someone(opaque(elsewhere, "auth0|errors"))
    wrong = [{"song_name": ""}, {"duration_seconds": -1}, {"audioBase64": "data:audio/webm;base64,@@@"}, {"date": "soon"}]

    answers = [ana.post("/api/sessions", make.body(**each)) for each in wrong]

    assert [answer.status_code for answer in answers] == [422] * len(wrong)
    assert all(next(iter(each)) in answer.json()["detail"] for each, answer in zip(wrong, answers, strict=True))
    assert ana.get("/api/sessions").json() == []


def test_a_streak_is_over_once_a_day_was_missed_and_days_are_the_players(elsewhere: Elsewhere) -> None:
    ana = elsewhere.someone(opaque(elsewhere, "auth0|streak"))
    now = datetime.now(UTC)

    for days in (5, 4, 3):
        make.saved(ana, date=(now - timedelta(days=days)).isoformat())

    assert ana.get("/api/stats").json()["streak"] == 0
    assert make.saved(ana, date=now.isoformat())["streak"] == 1


@pytest.mark.parametrize("bearer", ["mock-token", "undefined", "null", ""])
def test_a_mock_bearer_is_nobody_on_every_route_and_costs_no_question(elsewhere: Elsewhere, bearer: str) -> None:
    before = elsewhere.auth0.userinfo_asked
    mocking = people.nobody(elsewhere.stack.url)
    mocking.http.headers["Authorization"] = f"Bearer {bearer}".strip()

    answers = {f"{method} {path}": mocking.http.request(method, path, json=body) for method, path, body in CALLS}

    assert {name: answer.status_code for name, answer in answers.items()} == dict.fromkeys(answers, 401)
    assert all(isinstance(answer.json()["detail"], str) for answer in answers.values())
    assert elsewhere.auth0.userinfo_asked == before


@pytest.mark.parametrize("field", ["sub", "auth0_id"])
def test_a_body_that_names_somebody_else_is_refused(elsewhere: Elsewhere, field: str) -> None:
    ana = elsewhere.someone(signed(elsewhere, "auth0|ana"))

    assert ana.post(SYNC, PROFILE | {field: "auth0|bob"}).json()["code"] == "subject_differs"
    assert ana.post(SYNC, {"sub": "auth0|ana", "auth0_id": "auth0|bob"}).status_code == 403
    assert ana.post(SYNC, PROFILE | {field: "auth0|ana"}).status_code == 200


def test_a_stranger_cannot_sync_into_somebodys_account(elsewhere: Elsewhere) -> None:
    """An address in the body opens nothing and proves nothing (SECURITY 15, 40)."""
    alice = people.sign_up(elsewhere.stack.url, "alice")
    bob = elsewhere.someone(signed(elsewhere, "auth0|stranger"))

    synced = bob.post(SYNC, PROFILE | {"email": alice.email, "id": str(alice.id), "roles": ["admin"], "email_verified": True})

    assert synced.status_code == 200
    assert synced.json()["id"] != str(alice.id)
    profile = bob.get("/api/user/profile").json()
    assert (profile["email"] == alice.email, profile["roles"]) == (False, ["user"])
    again = elsewhere.someone(signed(elsewhere, "auth0|stranger-2", email=alice.email, email_verified=True))
    assert again.post(SYNC, PROFILE).status_code == 409


def test_what_a_person_has_said_of_themselves_stays(elsewhere: Elsewhere) -> None:
    ana = elsewhere.someone(signed(elsewhere, "auth0|kept", name="Ana Maria"))

    assert ana.post(SYNC, {"name": "Somebody", "email": "said@example.com"}).json()["name"] == "Ana Maria"
    assert ana.post(SYNC, {}).json()["email"] == "said@example.com"  # shown to its teller, and on no account
    ana.post(SYNC, {"picture": "https://s.example/one.png"})
    ana.post(SYNC, {"picture": "https://s.example/two.png"})
    ana.post(SYNC, {"picture": "javascript:alert(1)"})
    assert ana.get("/api/user/profile").json()["avatar"] == "https://s.example/one.png"


def test_somebody_of_our_own_may_call_it_too(elsewhere: Elsewhere) -> None:
    alice: Person = people.sign_up(elsewhere.stack.url, "alice")

    row = alice.post(SYNC, {"email": alice.email, "name": "Alice"}).json()

    assert (row["id"], row["auth0_id"], row["email"], row["name"]) == (str(alice.id), None, alice.email, "Alice")
    assert alice.post(SYNC, {"sub": "auth0|anybody"}).status_code == 403


@pytest.mark.parametrize(
    "wrong",
    [{"email": "no address"}, {"name": 7}, {"sub": ""}, {"sub": "x" * 256}, {"name": "a\0b"}, {"email": ["a@example.com"]}],
)
def test_what_cannot_be_is_refused_by_name(elsewhere: Elsewhere, wrong: dict[str, Any]) -> None:
    answer = elsewhere.someone(signed(elsewhere, "auth0|wrong")).post(SYNC, PROFILE | wrong)

    assert answer.status_code == 422
    assert next(iter(wrong)) in answer.json()["detail"] or "NUL" in answer.json()["detail"]


def test_the_client_has_a_performance_analysed_and_then_saves_it(elsewhere: Elsewhere) -> None:
    """C1-4, C1-7: the unmodified client asks without an Authorization header, where the operator admits that."""
    recording = make.data_url(tunes.played(tunes.with_wrong(5, "A#4")), "audio/wav")
    performance = {"Song_name": "Tune", "Instrument": "Flute", "Audio_length": 6.4, "Recording": recording}
    performance |= {"Target_XML": tunes.score(), "BPM": "150", "Starting_measure": "1"}
    signed_out = people.nobody(elsewhere.stack.url)
    ana = elsewhere.someone(signed(elsewhere, "auth0|analysed"))

    analysed = signed_out.post("/api/analyze", performance)
    saved = make.saved(ana, audioBase64=recording, xml_content=tunes.score(), analysis=analysed.json())
    address = f"/api/sessions/{saved['id']}/analysis"
    again = ana.post(address, {"tempo_bpm": 150})
    while (found := ana.get(address).json())["state"] in ("waiting", "working"):
        time.sleep(0.05)
    too_often = [signed_out.post("/api/analyze", {}).status_code for _ in range(10)]

    assert analysed.status_code == 200, analysed.text
    told = analysed.json()
    assert "measure 2, beat 2" in told["coach-feedback"]
    assert (saved["analysis_summary"], saved["analysis_feedback"]) == (told["performace_summary"], told["coach-feedback"])
    assert (saved["analysis"], again.status_code) == (told, 202)
    assert found["result"] == told == ana.get(f"/api/sessions/{saved['id']}").json()["analysis"]
    assert too_often == [422] * 9 + [429]
    engine = elsewhere.stack.engine("sessions-worker")
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM analyses WHERE session_id IS NULL")) == 0  # nothing is kept
    engine.dispose()
