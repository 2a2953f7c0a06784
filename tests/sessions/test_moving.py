"""Sessions exported and imported: as JSON, with everything, and as CSV, for spreadsheets."""

import csv
import io
import json
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from services.sessions.moving import exporting, importing, limits, tables
from services.sessions.moving.limits import MOST_ROWS
from services.sessions.practice.listing import EVERYTHING
from shared import db
from tests import wire
from tests.people import Person
from tests.sessions import make
from tests.stack import Stack

EXPORT, IMPORT = "/api/sessions/export", "/api/sessions/import"
JSON, CSV = {"Content-Type": "application/json"}, {"Content-Type": "text/csv"}
FORMULA = '=HYPERLINK("http://example.com","x")'
SCALES = "song_name;instrument;minutes;day\nScales;Piano;5;2026-03-05\n"
MADE_ANEW = {"id", "recording_id", "audio_url", "streak"}


def taken(person: Person, content: bytes | str, **asked: Any) -> dict[str, Any]:
    answer = person.post(IMPORT, content=content, params=asked, headers=CSV)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def a_row(**facts: Any) -> dict[str, Any]:
    return {"song_name": "Gavotte", "instrument": "Violin", "date": "2026-03-01T10:00:00Z", "duration_seconds": 600} | facts


@pytest.fixture
def player(alice: Person) -> Person:
    """Alice, who has practised on four days, in two zones."""
    make.saved(alice, song_name=FORMULA, notes="-slowly\n\"quoted\", 'apostrophes'", tempo_bpm=66.5, self_rating=2)
    make.saved(alice, date="2026-02-01T23:30:00Z", analysis="Well played.", sections=make.SECTIONS)
    make.saved(alice, date="2026-02-02T23:30:00Z", xml_content=None, total_practice_seconds=1000)
    alice.post(make.PATH, make.body(date="2026-02-03T23:30:00Z"), params={"tz": "Asia/Tokyo"})
    return alice


def known(person: Person) -> list[dict[str, Any]]:
    """Everything of everybody's sessions that does not change by being moved."""
    whole = (person.get(f"{make.PATH}/{each['id']}").json() for each in person.get(make.PATH).json())
    return [{name: value for name, value in each.items() if name not in MADE_ANEW} for each in whole]


def test_what_is_exported_deleted_and_imported_is_as_it_was(player: Person) -> None:
    before, stats = known(player), player.get("/api/stats/minutes?per=month&from=2026-01-01&to=2026-03-01").json()
    exported = player.get(EXPORT)
    for each in player.get(make.PATH).json():
        player.delete(f"{make.PATH}/{each['id']}")

    told = taken(player, exported.content)

    assert 'filename="practice.json"' in exported.headers["Content-Disposition"]
    assert told == {"imported": 4, "already_there": 0, "refused": 0, "rows": [], "dry_run": False}
    after = known(player)
    for session in before + after:  # pictures are made anew, not moved
        if isinstance(session["analysis"], dict):
            session["analysis"] = {name: said for name, said in session["analysis"].items() if "spectrogram" not in name}
    assert after == before
    assert player.get("/api/stats/minutes?per=month&from=2026-01-01&to=2026-03-01").json() == stats


def test_a_file_that_is_sent_twice_makes_no_double(player: Person) -> None:
    exports = [player.get(EXPORT).content, player.get(EXPORT, params={"format": "csv"}).content]

    for content in exports:
        assert taken(player, content)["already_there"] == 4
    assert len(player.get(make.PATH).json()) == 4
    with ThreadPoolExecutor(4) as pool:
        told = list(
            pool.map(lambda _: taken(player, "song_name;instrument;minutes;day\nScales;Piano;5;2026-03-05\n"), range(4))
        )
    assert sorted(each["imported"] for each in told) == [0, 0, 0, 1]


def test_a_spreadsheet_runs_nothing_and_brings_back_what_it_was_given(player: Person, bob: Person) -> None:
    answer = player.get(EXPORT, params={"format": "csv"})
    cells = [cell for row in csv.reader(io.StringIO(answer.text)) for cell in row]

    told = taken(bob, answer.content)

    assert answer.headers["Content-Type"].startswith("text/csv")
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))]
    assert (told["imported"], told["refused"]) == (4, 0)
    shown = (
        "song_name",
        "notes",
        "tempo_bpm",
        "sections",
        "practised_on",
        "date",
        "total_practice_seconds",
        "analysis_summary",
    )
    mine, theirs = known(player), known(bob)
    assert [[each[name] for name in shown] for each in theirs] == [[each[name] for name in shown] for each in mine]


def test_an_export_is_of_what_is_asked_for_and_of_nobody_else(player: Person, bob: Person, nobody: Person) -> None:
    found = player.get(EXPORT, params={"from": "2026-02-01", "to": "2026-02-02"}).json()

    assert (found["format"], [each["practised_on"] for each in found["sessions"]]) == (
        "tutti.sessions",
        ["2026-02-02", "2026-02-01"],
    )
    assert bob.get(EXPORT).json()["sessions"] == []
    assert bob.get(EXPORT, params={"format": "csv"}).text == tables.head().decode()
    assert nobody.get(EXPORT).status_code == nobody.post(IMPORT, content=b"[]").status_code == 401
    assert player.get(EXPORT, params={"format": "xls"}).status_code == 422


def test_an_export_holds_little_in_memory_of_what_the_table_has_compressed(stack: Stack, alice: Person) -> None:
    for day in (1, 2):
        make.saved(alice, date=f"2026-02-0{day}")
    engine = stack.engine("sessions")

    with db.transaction(engine, user_id=alice.id) as session:
        session.execute(text("UPDATE sessions SET analysis = jsonb_build_object('words', repeat('again ', 750000))"))
        page = exporting._page(session, alice.id, EVERYTHING, None, with_all=True)

    engine.dispose()
    assert [each["practised_on"].day for each in page] == [2]


OTHERS = [  # a file of somebody else's, and the seconds and day that its one session has here
    ("piece,instrument,minutes,day\nMinuet,Piano,25,2026-03-05\n", 1500, "2026-03-05"),
    ("Instrument;Title;Length;Date\nPiano;Minuet;0:25:00;2026-03-05 18:00\n", 1500, "2026-03-05"),
    (
        "\ufeffSong Name\tinstrument\tDuration (minutes)\tdate\nMinuet\tPiano\t2,5\t2026-03-05T18:00:00+01:00\n",
        150,
        "2026-03-05",
    ),
    ('"song_name","instrument","duration","date","Comment"\r\n"Minuet","Piano","90","2026-03-05","a\nb"\r\n', 90, "2026-03-05"),
    ("id,song_name,instrument,duration,date,time_zone\n7,Minuet,Piano,90,2026-03-05T23:00:00Z,Asia/Tokyo\n", 90, "2026-03-06"),
]


@pytest.mark.parametrize(("content", "seconds", "day"), OTHERS)
def test_files_of_other_programs_are_understood(alice: Person, content: str, seconds: int, day: str) -> None:
    told = taken(alice, content if "\ufeff" not in content else content.encode("utf-16"))

    [session] = known(alice)
    assert told["imported"] == 1, told
    assert (session["song_name"], session["duration_seconds"], session["practised_on"]) == ("Minuet", seconds, day)


def test_a_bad_row_is_named_and_the_good_ones_are_kept(alice: Person) -> None:
    wrong = [a_row(duration_seconds=-1), a_row(date="2026-02-30"), 7, a_row(time_zone="Mars/Olympus")]
    rows = [a_row(), *wrong, a_row(date="2026-03-02")]

    tried = alice.post(IMPORT, rows, params={"dry_run": True}).json()
    strict = alice.post(IMPORT, rows, params={"all_or_nothing": True})
    none_yet = alice.get(make.PATH).json()
    told = alice.post(IMPORT, {"sessions": rows}).json()

    assert (strict.status_code, strict.json()["code"], none_yet) == (422, "import_refused", [])
    assert tried == told | {"dry_run": True}
    assert (told["imported"], told["refused"]) == (2, 4)
    assert [(each["row"], each["errors"][0]["field"]) for each in told["rows"]] == [
        (2, "duration_seconds"),
        (3, "date"),
        (4, ""),
        (5, "time_zone"),
    ]
    assert len(alice.get(make.PATH).json()) == 2


def test_an_import_that_is_repeated_with_its_key_is_answered_as_the_first_time(alice: Person) -> None:
    headers = {"Idempotency-Key": "import-1"}

    first, second = (alice.post(IMPORT, [a_row()], headers=headers) for _ in range(2))
    other = alice.post(IMPORT, [a_row(date="2026-01-01")], headers=headers)

    assert first.json() == second.json()
    assert "Idempotent-Replayed" in second.headers
    assert other.status_code == 422

    tried = alice.post(IMPORT, [a_row(date="2026-01-02")], params={"dry_run": True}, headers={"Idempotency-Key": "import-2"})
    meant = alice.post(IMPORT, [a_row(date="2026-01-02")], headers={"Idempotency-Key": "import-2"})
    assert (tried.json()["imported"], meant.status_code, meant.json()["code"]) == (1, 422, "key_reused")


def test_rows_that_say_no_date_or_bring_a_recording_are_refused(alice: Person) -> None:
    undated = {"song_name": "Gavotte", "instrument": "Violin", "duration_seconds": 600}
    rows = [undated, undated | {"date": ""}, a_row(audioBase64="AAAA"), a_row(audio_base64="AAAA"), a_row(audioBase64="")]

    told = alice.post(IMPORT, rows).json()
    by_table = taken(alice, "song_name,instrument,minutes\nScales,Piano,5\n")

    assert [each["errors"][0]["field"] for each in told["rows"]] == ["date", "date", "audioBase64", "audio_base64"]
    assert (told["imported"], by_table["imported"], by_table["rows"][0]["errors"][0]["field"]) == (1, 0, "date")


def test_scores_beyond_those_that_are_read_in_time_come_in_when_the_file_is_sent_again(
    stack: Stack, alice: Person, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [a_row(date=f"2026-03-0{day}", xml_content=f"{make.MINUET}<!-- {day} -->") for day in (1, 2, 3)]
    engine = stack.engine("sessions")
    moments = iter([0, 0, limits.SCORES_SECONDS + 1, limits.SCORES_SECONDS + 1])
    monkeypatch.setattr(importing, "time", SimpleNamespace(monotonic=lambda: next(moments)))

    where: dict[str, Any] = {"user_id": alice.id, "zone": "UTC"}
    found = importing.read_scores(engine, importing.read(json.dumps(rows).encode()), folder=tmp_path, **where)
    told, _ = importing.keep(engine, found, once=None, dry_run=False, all_or_nothing=False, **where)
    engine.dispose()
    again = alice.post(IMPORT, rows).json()

    assert (told["imported"], [each["row"] for each in told["rows"]]) == (1, [2, 3])
    assert (again["imported"], again["already_there"], again["refused"]) == (2, 1, 0)


def test_an_import_that_is_too_large_says_how_to_make_it_smaller(stack: Stack, alice: Person) -> None:
    with wire.begin(stack, IMPORT, "application/json", token=alice.token, length=97 * 1024 * 1024) as talking:
        _, status = wire.sent_until_answered(talking, iter([b" " * 4096] * 1000))
        talking.settimeout(wire.TALK_SECONDS)
        said = talking.recv(4096)

    assert b"413" in status
    assert b"import_too_large" in said
    assert b"in parts" in said


HOSTILE = {
    "nothing": b"",
    "no names": b"1,2,3\n4,5,6\n",
    "not utf-8": b"song_name,instrument\n\xe9tude,Piano\n",
    "half a utf-16": "song_name,instrument".encode("utf-16") + b"x",
    "an open quote": b'song_name,instrument\n"Minuet,Piano\n',
    "a quote in the middle": b'song_name,instrument\n"Min"uet,Piano\n',
    "a cell of two million": b"song_name,instrument\n" + b"x" * 2_000_000 + b",Piano\n",
    "ten thousand columns": b",".join([b"song_name", b"instrument"] * 5_000) + b"\nx,y\n",
    "more cells than names": b"song_name,instrument\na,b,c\n",
    "no array": b'{"sessions": 7}',
    "half an array": b'[{"song_name": "x"',
    "too deep": b"[" * 100_000,
    "a picture": b"\x89PNG\r\n\x1a\n" + bytes(1000),
    "more rows than are taken": b"song_name,instrument\n" + b"x,y\n" * (MOST_ROWS + 2),
}


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE)
def test_a_file_that_is_none_is_refused_in_words_and_keeps_nothing(alice: Person, content: bytes) -> None:
    answer = alice.post(IMPORT, content=content, headers=CSV)

    assert (answer.status_code, answer.json()["code"]) == (422, "table_unreadable"), answer.text
    assert alice.get(make.PATH).json() == []


def test_hostile_cells_are_refused_one_by_one(alice: Person) -> None:
    bomb = '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]><score-partwise>&b;</score-partwise>'
    rows = [a_row(xml_content=bomb), a_row(notes="\x07"), a_row(sections=[{}] * 201), a_row(song_name="x" * 300), a_row()]

    told = alice.post(IMPORT, rows).json()

    fields = [each["errors"][0]["field"].partition(".")[0] for each in told["rows"]]
    assert fields == ["xml_content", "notes", "sections", "song_name"]
    assert told["imported"] == 1


def test_more_sections_than_an_import_takes_are_refused_before_anything_is_kept(alice: Person) -> None:
    some = [{"first_measure": 1, "last_measure": 2, "seconds": 3}] * 200
    rows = [a_row(date=f"2026-03-01T10:{number // 60:02}:{number % 60:02}Z", sections=some) for number in range(251)]

    answer = alice.post(IMPORT, rows)

    assert (answer.status_code, alice.get(make.PATH).json()) == (422, [])
    assert "sections" in answer.json()["why"]
    assert alice.post(IMPORT, rows[:2]).json()["imported"] == 2


@pytest.mark.nightly
def test_ten_thousand_rows_are_taken_in_and_given_back_in_seconds(alice: Person) -> None:
    dates = [f"{1980 + number // 300}-{1 + number // 28 % 12:02}-{1 + number % 28:02}" for number in range(MOST_ROWS)]
    rows = "\n".join(f"Scales,Piano,{60 + number},{day}" for number, day in enumerate(dates))

    began = time.monotonic()
    told = taken(alice, f"song_name,instrument,seconds,day\n{rows}\n")
    taken_seconds = time.monotonic() - began
    exported = alice.get(EXPORT).json()["sessions"]

    print(f"{MOST_ROWS} rows taken in {taken_seconds:.1f} s, given back in {time.monotonic() - began - taken_seconds:.1f} s")
    assert told["imported"] == len(exported) == MOST_ROWS
    assert taken_seconds < 15


@given(st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\x00\r\n"), min_size=1, max_size=30))
def test_any_cell_comes_back_as_it_went(cell: str) -> None:
    session = dict.fromkeys(tables.COLUMNS) | {"sections": [], "song_name": f"{cell}.", "instrument": "x"}
    session["date"] = make.MORNING

    [(_, back)] = tables.rows(tables.head() + tables.row(session))

    assert back["song_name"] == f"{cell}."
