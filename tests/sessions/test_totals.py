"""Minutes by day, week, month, piece and instrument; the heat map; the chart."""

import itertools
import xml.etree.ElementTree as ElementTree
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.sessions.calendars import periods
from services.sessions.calendars.periods import Per
from services.sessions.stats import charts, heatmaps, week
from shared import clock
from tests.people import Person
from tests.sessions import make

SVG = "{http://www.w3.org/2000/svg}"
DAYS = st.dates(date(1970, 1, 1), date(2100, 12, 31))
PRACTICE = [  # piece, instrument, day, seconds
    ("Minuet", "Piano", "2026-03-02", 600),
    ("minuet ", "piano", "2026-03-03", 90),
    ("Gavotte", "Violin", "2026-03-09", 1800),
    ("Gavotte", "Violin", "2026-04-01", 30),
]


@pytest.fixture
def player(alice: Person) -> Person:
    """Alice, who practised in the spring of 2026."""
    for number, (piece, instrument, day, seconds) in enumerate(PRACTICE):
        facts = {"song_name": piece, "instrument": instrument, "duration_seconds": seconds, "score_accuracy": 50 + number}
        make.saved(alice, date=f"{day}T12:00:00Z", **facts)
    return alice


def minutes(person: Person, **wanted: Any) -> list[dict[str, Any]]:
    answer = person.get("/api/stats/minutes", params=wanted)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()
    return found


def test_every_day_week_and_month_is_there_whole_and_adds_up(player: Person) -> None:
    spring = {"from": "2026-03-03", "to": "2026-04-01"}

    days, weeks, months = (minutes(player, per=per, **spring) for per in ("day", "week", "month"))

    assert (len(days), len(weeks), len(months)) == (30, 5, 2)
    assert days[0] == {"from_on": "2026-03-03", "until_on": "2026-03-03", "minutes": 2, "seconds": 90, "sessions": 1}
    assert weeks[0] == {"from_on": "2026-03-02", "until_on": "2026-03-08", "minutes": 12, "seconds": 690, "sessions": 2}
    assert [each["seconds"] for each in months] == [2490, 30]
    assert [each["seconds"] for each in minutes(player, per="month", song_name="MINUET", **spring)] == [690, 0]
    assert [each["seconds"] for each in minutes(player, per="month", instrument="violin", **spring)] == [1800, 30]
    assert len(minutes(player)) == 30


def test_pieces_and_instruments_are_named_as_last_written_and_the_most_practised_is_first(player: Person) -> None:
    answer = player.get("/api/stats/pieces")
    gavotte, minuet = answer.json()
    instruments = player.get("/api/stats/instruments", params={"from": "2026-03-03", "to": "2026-03-31"}).json()

    assert answer.headers["X-Total-Count"] == "2"
    assert (gavotte["song_name"], gavotte["minutes"], gavotte["sessions"]) == ("Gavotte", 31, 2)
    assert (minuet["song_name"], minuet["seconds"], minuet["best_score_accuracy"]) == ("minuet", 690, 51)
    assert (minuet["first_practised_on"], minuet["last_practised_on"]) == ("2026-03-02", "2026-03-03")
    assert [(each["instrument"], each["seconds"]) for each in instruments] == [("Violin", 1800), ("piano", 90)]
    first = player.get("/api/stats/pieces?limit=1")
    assert first.headers["Link"] == '</api/stats/pieces?limit=1&offset=1>; rel="next"'
    assert [each["song_name"] for each in player.get("/api/stats/pieces?limit=1&offset=1").json()] == ["minuet"]


def test_a_year_is_a_map_of_all_its_days(player: Person) -> None:
    found = player.get("/api/stats/heatmap?year=2026").json()

    practised = {each["date"]: (each["minutes"], each["level"]) for each in found["days"] if each["level"]}
    assert (len(found["days"]), found["practised_days"], found["total_minutes"]) == (365, 4, 42)
    assert practised == {"2026-03-02": (10, 3), "2026-03-03": (2, 2), "2026-03-09": (30, 4), "2026-04-01": (1, 1)}
    assert len(player.get("/api/stats/heatmap?year=2028").json()["days"]) == 366


def test_a_zone_that_is_asked_for_sees_every_session_on_its_own_day(alice: Person) -> None:
    make.saved(alice, date="2026-03-31T23:30:00Z", duration_seconds=60)

    seen = {
        zone: minutes(alice, per="month", tz=zone, to="2026-04-30", **{"from": "2026-03-01"}) for zone in ("UTC", "Asia/Tokyo")
    }

    assert {zone: [each["seconds"] for each in found] for zone, found in seen.items()} == {
        "UTC": [60, 0],
        "Asia/Tokyo": [0, 60],
    }


def test_days_that_begin_at_four_do_so_from_wherever_they_are_seen(alice: Person) -> None:
    assert alice.http.put(
        "/api/stats/calendar", json={"day_start_hour": 4, "rest_weekdays": [], "from_on": "2026-03-01"}
    ).is_success
    make.saved(alice, date="2026-03-11T02:30:00Z", duration_seconds=60)
    asked = {"from": "2026-03-10", "to": "2026-03-11"}

    assert [each["seconds"] for each in minutes(alice, **asked)] == [60, 0]
    assert [each["seconds"] for each in minutes(alice, tz="Europe/Prague", **asked)] == [60, 0]
    assert [each["seconds"] for each in minutes(alice, tz="Asia/Tokyo", **asked)] == [0, 60]


@pytest.mark.parametrize("of", ["week", "month", "year", "heatmap"])
def test_a_chart_is_a_picture_that_says_in_words_what_it_shows(alice: Person, of: str) -> None:
    hostile = "</title><script>alert(1)</script> & \ufffe\"'"
    make.saved(alice, date=None, duration_seconds=1500, song_name=hostile)
    alice.post("/api/goals", {"period": "daily", "target_minutes": 20, "song_name": hostile})

    answer = alice.get("/api/stats/chart.svg", params={"of": of, "song_name": hostile})
    picture = ElementTree.fromstring(answer.content)

    assert answer.headers["Content-Type"] == "image/svg+xml"
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert "25 min in all" in (picture.findtext(f"{SVG}desc") or "")
    assert "alert(1)" in (picture.findtext(f"{SVG}title") or "")
    assert picture.find(f".//{SVG}script") is None
    said = [each.text for each in picture.iter(f"{SVG}title") if (each.text or "").endswith(": 25 min")]
    assert len(said) == 1
    texts = [each.text for each in picture.iter(f"{SVG}text")]
    assert ("- - goal: 20 min" in texts) == (of in {"week", "month"})


@pytest.mark.parametrize(
    "asked",
    [
        "minutes?per=hour",
        "minutes?from=2026-02-30",
        "minutes?from=0000-01-01",
        "minutes?from=9999-12-31",
        "minutes?from=2026-02-02&to=2026-02-01",
        "minutes?from=1970-01-01&to=2026-01-01",  # more days than one answer holds
        "minutes?per=week&from=1970-01-01&to=2026-01-01",
        "minutes?tz=Mars/Olympus",
        "minutes?song_name=%00",
        "pieces?limit=0",
        "pieces?limit=101",
        "pieces?offset=-1",
        "heatmap?year=0",
        "heatmap?year=1e9",
        "chart.svg?of=everything",
        f"chart.svg?song_name={'x' * 300}",
    ],
)
def test_what_cannot_be_answered_is_refused_in_words(alice: Person, asked: str) -> None:
    answer = alice.get(f"/api/stats/{asked}")

    assert answer.status_code in (400, 422)
    assert isinstance(answer.json()["detail"], str)


def test_a_stranger_cannot_see_what_was_practised_and_nobody_is_let_in(player: Person, bob: Person, nobody: Person) -> None:
    seen = [bob.get(f"/api/stats/{each}").json() for each in ("pieces", "instruments", "heatmap?year=2026")]

    assert seen[:2] == [[], []]
    assert seen[2]["total_minutes"] == 0
    assert sum(each["seconds"] for each in minutes(bob, **{"from": "2026-03-01", "to": "2026-04-01"})) == 0
    assert "Nothing was practised" in bob.get("/api/stats/chart.svg?of=month").text
    for path in ("minutes", "pieces", "instruments", "heatmap", "chart.svg"):
        assert nobody.get(f"/api/stats/{path}").status_code == 401


@given(DAYS, st.sampled_from(Per), st.integers(1, 40))
def test_periods_follow_one_another_without_gaps(day: date, per: Per, number: int) -> None:
    first = periods.back(day, per, periods=number)
    found = list(periods.between(first, day, per))

    assert len(found) == number
    assert all(one.until_on + timedelta(days=1) == other.from_on for one, other in itertools.pairwise(found))
    assert found[-1].has(day)


@given(st.dictionaries(DAYS, st.integers(0, 86_400), min_size=1))
def test_a_longer_day_is_never_paler(seconds: dict[date, int]) -> None:
    squares = heatmaps.squares(seconds)

    by_length = sorted(zip(seconds.values(), [each.level for each in squares], strict=True))
    assert [level for _, level in by_length] == sorted(level for _, level in by_length)
    assert all((level == 0) == (of == 0) for of, level in by_length)
    assert max(seconds.values()) == 0 or max(level for _, level in by_length) == heatmaps.LEVELS


@given(st.lists(st.integers(0, 100_000), min_size=1, max_size=60))
def test_no_bar_leaves_its_chart(lengths: list[int]) -> None:
    shown = [charts.Bar("x", "a day", each) for each in lengths]

    picture = ElementTree.fromstring(charts.bars("Practice", shown))

    bars = [each for each in picture.iter(f"{SVG}rect") if each.get("class") == "bar"]
    assert all(float(each.get("y", 0)) >= 40 and float(each.get("height", -1)) >= 0 for each in bars)


def test_todays_bar_is_marked(alice: Person) -> None:
    picture = ElementTree.fromstring(alice.get("/api/stats/chart.svg").content)

    marked = [each for each in picture.iter(f"{SVG}rect") if each.get("class") == "today"]
    [said] = [each.findtext(f"{SVG}title") or "" for each in marked]
    assert str(clock.today("UTC").year) in said
    assert week.DAY_NAMES[clock.today("UTC").weekday()] in said
