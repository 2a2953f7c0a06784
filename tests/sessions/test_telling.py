"""What a player tells of a session: notes, tempo, how it felt, and the sections that were worked on; said at once, or later."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.sessions.schemas.sessions import SessionOut
from tests import people
from tests.people import Person
from tests.sessions import make
from tests.stack import Stack


@pytest.fixture(scope="module")
def someone(stack: Stack) -> Person:
    """Somebody whose sessions nobody counts."""
    return people.sign_up(stack.url, "alice")


def path_of(session: dict[str, Any]) -> str:
    return f"{make.PATH}/{session['id']}"


def change(person: Person, session: dict[str, Any], json: Any, **request: Any) -> Any:
    return person.http.patch(path_of(session), json=json, **request)


def test_what_a_player_tells_is_kept_in_either_spelling(alice: Person) -> None:
    told = {"notes": "Left hand\nalone.", "tempo_bpm": 92, "self_rating": 4, "sections": make.SECTIONS}
    as_seed = {"notes": "x", "tempoBpm": 92.5, "selfRating": 1, "sections": make.SEED_SECTIONS}

    saved = make.saved(alice, **told)
    as_in_seed = alice.post(make.PATH, make.seed_body(**as_seed)).json()

    kept = [
        {"first_measure": 0, "last_measure": 8, "seconds": 200, "tempo_bpm": 84.0, "rating": 3},
        {"first_measure": 5, "last_measure": 5, "seconds": 90, "tempo_bpm": None, "rating": None},
    ]
    assert (saved["notes"], saved["tempo_bpm"], saved["self_rating"]) == ("Left hand\nalone.", 92.0, 4)
    assert saved["sections"] == as_in_seed["sections"] == kept
    assert alice.get(path_of(saved)).json()["sections"] == kept
    assert (as_in_seed["tempo_bpm"], as_in_seed["self_rating"]) == (92.5, 1)
    listed = {each["id"]: each for each in alice.get(make.PATH).json()}[saved["id"]]
    assert (listed["notes"], listed["tempo_bpm"], listed["self_rating"]) == ("Left hand\nalone.", 92.0, 4)
    silent = make.saved(alice, notes="  \n", sections=[])
    assert (silent["notes"], silent["tempo_bpm"], silent["self_rating"], silent["sections"]) == (None, None, None, [])


SECTION = {"first_measure": 1, "last_measure": 8, "seconds": 60}
WRONG = [
    {"notes": "x" * 20_001},
    {"notes": "a\u0007b"},  # a bell
    {"tempo_bpm": 0},
    {"tempo_bpm": -60},
    {"tempo_bpm": 1_001},
    {"tempo_bpm": "fast"},
    {"tempo_bpm": True},
    {"self_rating": 0},
    {"self_rating": 6},
    {"self_rating": 3.5},
    {"sections": "all"},
    {"sections": [SECTION] * 201},
    {"sections": [SECTION | {"seconds": -1}]},
    {"sections": [SECTION | {"seconds": 86_401}]},
    {"sections": [SECTION | {"seconds": 43_201}] * 2},  # more than a day in all
    {"sections": [SECTION | {"minutes": 1}]},  # which of the two
    {"sections": [{"first_measure": 1, "last_measure": 8}]},  # for how long
    {"sections": [SECTION | {"last_measure": 0}]},  # the end before the beginning
    {"sections": [SECTION | {"first_measure": -1}]},
    {"sections": [SECTION | {"last_measure": 100_000}]},
    {"sections": [SECTION | {"first_measure": 1.5}]},
    {"sections": [SECTION | {"rating": 6}]},
    {"sections": [SECTION | {"tempo_bpm": 0}]},
    {"sections": [SECTION | {"bars": 8}]},  # a field that there is not
    {"sections": [None]},
]


@pytest.mark.parametrize("wrong", WRONG, ids=lambda wrong: str(wrong)[:50])
def test_what_cannot_be_told_is_refused_by_name_and_nothing_is_lost(someone: Person, wrong: dict[str, Any]) -> None:
    refused = someone.post(make.PATH, make.body(**wrong))

    assert refused.status_code == 422
    assert refused.json()["errors"][0]["field"].startswith(next(iter(wrong)))


def test_words_that_are_too_many_are_counted_in_characters(someone: Person) -> None:
    refused = someone.post(make.PATH, make.body(notes="a" * 20_001))

    assert refused.json()["errors"] == [{"field": "notes", "message": "String should have at most 20000 characters"}]


def test_everything_of_a_session_may_be_said_anew(alice: Person) -> None:
    saved = make.saved(alice, sections=make.SECTIONS, notes="old")
    said = {
        "song_name": "  Musette  ",
        "instrument": "Violin",
        "duration_seconds": 700,
        "total_practice_seconds": 701,
        "date": "2026-01-30T10:00:00Z",
        "notes": "new",
        "tempo_bpm": 120.5,
        "self_rating": 5,
        "score_accuracy": 88,
        "analysis_feedback": "Bravo.",
        "sections": [SECTION],
    }

    answer = change(alice, saved, said)

    assert answer.status_code == 200
    changed = answer.json()
    assert set(changed) == set(SessionOut.model_fields)
    shown = {"song_name": "Musette", "date": "2026-01-30T10:00:00.000Z", "practised_on": "2026-01-30"}
    shown |= {"sections": [SECTION | {"tempo_bpm": None, "rating": None}]}
    assert {name: changed[name] for name in said | shown} == said | shown
    assert changed["analysis_summary"] == saved["analysis_summary"]  # what was not named stays
    assert alice.get(path_of(saved)).json() == changed
    assert [each["id"] for each in alice.get(make.PATH, params={"song_name": "musette"}).json()] == [saved["id"]]


def test_null_takes_away_what_need_not_be(alice: Person) -> None:
    saved = make.saved(alice, notes="x", tempo_bpm=60, self_rating=1, score_accuracy=3, sections=make.SECTIONS)
    taken = ["notes", "tempo_bpm", "self_rating", "score_accuracy", "analysis", "analysis_summary", "analysis_feedback"]

    changed = change(alice, saved, dict.fromkeys([*taken, "sections"])).json()

    assert [changed[name] for name in taken] == [None] * len(taken)
    assert changed["sections"] == []
    assert changed["song_name"] == saved["song_name"]


def test_the_words_of_a_new_analysis_are_read_as_those_of_the_first(alice: Person) -> None:
    saved = make.saved(alice)

    heard = change(alice, saved, {"analysis": {"performace_summary": "Better.", "coach-feedback": "Go on."}}).json()
    worded = change(alice, saved, {"analysis": "Fine.", "analysis_feedback": "Said by hand."}).json()

    assert (heard["analysis_summary"], heard["analysis_feedback"]) == ("Better.", "Go on.")
    assert (worded["analysis"], worded["analysis_summary"], worded["analysis_feedback"]) == (
        "Fine.",
        "Better.",
        "Said by hand.",
    )


@pytest.mark.parametrize(
    "wrong",
    [
        {"song_name": None},
        {"instrument": ""},
        {"duration_seconds": None},
        {"duration_seconds": 172_800},  # 48 hours
        {"total_practice_seconds": None},
        {"date": None},
        {"date": "2026-02-30"},
        {"date": "9999-12-31T23:59:59Z"},
        {"date": ""},
        {"id": str(uuid.uuid4())},  # not to be changed
        {"practised_on": "2026-01-01"},  # follows from the date
        {"state": "saving"},
        {"xml_content": "<x/>"},  # has an address of its own
        {"mood": "good"},
        *WRONG[:6],
    ],
    ids=lambda wrong: str(wrong)[:50],
)
def test_a_change_that_cannot_be_is_refused_and_changes_nothing(someone: Person, wrong: dict[str, Any]) -> None:
    saved = (someone.get(make.PATH, params={"limit": 1}).json() or [make.saved(someone)])[0]

    refused = change(someone, saved, {"notes": "new"} | wrong)

    assert refused.status_code == 422
    assert refused.json()["errors"][0]["field"].startswith(next(iter(wrong)))
    assert someone.get(path_of(saved)).json()["notes"] is None


def test_a_session_moved_to_another_day_counts_there(alice: Person) -> None:
    """Backfilled: its day, its zone, the streak."""
    today = datetime.now(UTC)
    make.saved(alice, date=today.isoformat())
    saved = make.saved(alice, date="2026-01-31T23:30:00Z")
    assert (saved["practised_on"], saved["time_zone"], saved["streak"]) == ("2026-01-31", "UTC", 1)

    in_tokyo = alice.http.patch(path_of(saved), params={"tz": "Asia/Tokyo"}, json={}).json()
    a_day = change(alice, saved, {"date": "2026-02-03"}).json()
    local = change(alice, saved, {"date": "2026-02-04T00:30:00"}).json()
    change(alice, saved, {"date": (today - timedelta(days=1)).isoformat()})

    assert (in_tokyo["practised_on"], in_tokyo["time_zone"]) == ("2026-02-01", "Asia/Tokyo")
    assert (a_day["practised_on"], a_day["date"]) == ("2026-02-03", "2026-02-03T03:00:00.000Z")  # noon there
    assert (local["practised_on"], local["date"]) == ("2026-02-04", "2026-02-03T15:30:00.000Z")
    assert alice.get("/api/stats").json()["streak"] == 2
    assert alice.http.patch(path_of(saved), params={"tz": "Mars/Olympus"}, json={}).json()["code"] == "unknown_time_zone"


def test_two_who_change_a_session_at_once_lose_nothing(alice: Person) -> None:
    saved = make.saved(alice)
    changes: list[dict[str, Any]] = [{"notes": "kept"}, {"tempo_bpm": 99}, {"self_rating": 2}, {"sections": make.SECTIONS}]

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda each: change(alice, saved, each), changes * 4))

    assert {answer.status_code for answer in answers} == {200}
    left = alice.get(path_of(saved)).json()
    assert (left["notes"], left["tempo_bpm"], left["self_rating"], len(left["sections"])) == ("kept", 99.0, 2, 2)


def test_a_change_that_is_meant_for_another_version_is_not_made(alice: Person) -> None:
    saved = make.saved(alice)
    read = alice.get(path_of(saved)).headers["ETag"]

    first = change(alice, saved, {"sections": make.SECTIONS}, headers={"If-Match": read})
    second = change(alice, saved, {"notes": "too late"}, headers={"If-Match": read})
    third = change(alice, saved, {"notes": "in time"}, headers={"If-Match": first.headers["ETag"]})

    assert (first.status_code, second.status_code, third.status_code) == (200, 412, 200)
    assert second.json()["code"] == "session_changed"
    assert alice.get(path_of(saved)).headers["ETag"] == third.headers["ETag"]


def test_a_stranger_cannot_change_a_session(alice: Person, bob: Person, nobody: Person) -> None:
    saved = make.saved(alice, sections=make.SECTIONS)

    refused = change(bob, saved, {"notes": "bob was here", "sections": []})

    assert refused.status_code == 404
    assert refused.json() == bob.http.patch(f"{make.PATH}/{uuid.uuid4()}", json={"notes": "x"}).json()
    assert change(nobody, saved, {"notes": "x"}).status_code == 401
    assert alice.get(path_of(saved)).json() == {name: said for name, said in saved.items() if name != "streak"}
