"""What was listened to, and what that adds up to. CONTRACT C4-12, S4-53, P28."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from services.media.listening import plays
from services.media.listening.answers import Answers
from services.media.schemas import statistics as shapes
from shared import clock, ids
from shared import db as database
from tests.media import make
from tests.people import Person
from tests.stack import Stack

PLAY = {"listen_duration": 1.0, "track_duration": 1.0, "completed": True, "skipped": False}
SHAPES = {
    "/statistics/overview": shapes.OverviewOut,
    "/statistics/user/summary": shapes.SummaryOut,
    "/statistics/listening-habits": shapes.HabitsOut,
}
LISTS = {
    "/statistics/user/all": shapes.ListedTrackOut,
    "/statistics/top-tracks": shapes.ListedTrackOut,
    "/statistics/top-tracks/rated": shapes.ListedTrackOut,
    "/statistics/top-tracks/global": shapes.GlobalTrackOut,
    "/statistics/top-artists": shapes.TopArtistOut,
    "/statistics/search?q=min": shapes.ListedTrackOut,
}


def play(person: Person, track_id: str, **said: Any) -> dict[str, Any]:
    answer = person.post("/statistics/play-event", PLAY | {"track_id": track_id} | said)
    assert answer.status_code == 201, answer.text
    return answer.json()


def test_what_alice_plays_and_rates_is_seen_at_once_in_every_statistic(alice: Person) -> None:
    track = make.uploaded(alice)["id"]
    assert alice.get("/statistics/overview").json()["total_plays"] == 0

    alice.get(f"/files/{track}/stream")  # which is no play
    play(alice, track)
    play(alice, track, listen_duration=0.5, completed=False)
    told = play(alice, track, listen_duration=0.25, completed=False, skipped=True)
    rated = alice.post("/statistics/rating", {"track_id": track, "rating": 4})

    assert shapes.MyTrackOut.model_validate(told)
    assert (told["play_count"], told["completed_count"], told["skip_count"]) == (2, 1, 1)
    assert (told["total_listen_time"], told["completion_rate"]) == (1.75, 0.5)
    assert (rated.status_code, rated.json()["rating"]) == (200, 4)
    assert alice.get(f"/statistics/user/track/{track}").json() == rated.json()
    found = {path: alice.get(path).json() for path in (*SHAPES, *LISTS)}
    for path, shape in SHAPES.items():
        assert shape.model_validate(found[path]), path
    for path, shape in LISTS.items():
        assert [shape.model_validate(each) for each in found[path]], path
    overview = found["/statistics/overview"]
    assert (overview["total_tracks"], overview["total_plays"], overview["average_rating"]) == (1, 2, 4)
    assert (overview["total_artists"], overview["total_albums"], overview["total_genres"] >= 0) == (1, 1, True)
    assert [each["track_id"] for each in found["/statistics/top-tracks"]] == [track]
    assert [each["rating"] for each in found["/statistics/top-tracks/rated"]] == [4]
    assert found["/statistics/top-tracks/global"][0]["play_count"] == 2
    assert found["/statistics/top-artists"][0]["play_count"] == 2
    assert found["/statistics/user/summary"]["top_track"]["track_id"] == track
    habits = found["/statistics/listening-habits"]
    assert (habits["total_plays"], len(habits["by_day"]), sum(habits["by_hour"])) == (2, 30, 2)
    together = shapes.TrackSummaryOut.model_validate(alice.get(f"/statistics/track/{track}/summary").json())
    assert (together.total_plays, together.listeners, together.average_rating) == (2, 1, 4)


def test_a_play_said_twice_is_one(alice: Person) -> None:
    track = make.uploaded(alice, make.wav(0.1), "a.wav")["id"]
    key = {"Idempotency-Key": "evening"}

    for _ in range(2):
        play(alice, track, played_at="2026-01-31T20:00:00+01:00")
        told = play(alice, track, played_at="2026-01-31T19:00:01Z")
        sent = alice.post("/statistics/play-event", PLAY | {"track_id": track}, headers=key)

    assert told["play_count"] == 3
    assert sent.headers["idempotent-replayed"] == "true"
    assert alice.get(f"/statistics/user/track/{track}").json()["play_count"] == 3


def test_days_and_hours_are_of_the_zone_that_is_asked_for(alice: Person) -> None:
    track = make.uploaded(alice, make.wav(0.1), "a.wav")["id"]
    at = (datetime.now(UTC) - timedelta(days=3)).replace(hour=23, minute=30, second=0, microsecond=0)
    play(alice, track, played_at=at.isoformat())

    utc = alice.get("/statistics/listening-habits?tz=UTC&days=7").json()
    tokyo = alice.get("/statistics/listening-habits?tz=Asia/Tokyo&days=7").json()  # nine hours ahead, the year round

    assert (utc["most_active_hour"], tokyo["most_active_hour"]) == (23, 8)
    played_on = [[day["date"] for day in each["by_day"] if day["plays"]] for each in (utc, tokyo)]
    assert played_on == [[str(at.date())], [str(at.date() + timedelta(days=1))]]
    assert (utc["most_active_weekday"] + 1) % 7 == tokyo["most_active_weekday"]
    assert alice.get("/statistics/listening-habits?tz=Middle/Earth").json()["code"] == "unknown_time_zone"


def test_a_stranger_cannot_play_rate_or_look_at_alices_track(alice: Person, bob: Person, nobody: Person) -> None:
    track = make.uploaded(alice, make.wav(0.1), "secret.wav")["id"]
    play(alice, track)

    for asked in (track, str(ids.new())):
        assert bob.post("/statistics/play-event", PLAY | {"track_id": asked}).status_code == 404
        assert bob.post("/statistics/rating", {"track_id": asked, "rating": 1}).status_code == 404
        assert bob.get(f"/statistics/user/track/{asked}").status_code == 404
        assert bob.get(f"/statistics/track/{asked}/summary").status_code == 404
    for path in (*LISTS, "/statistics/search"):
        assert track not in bob.get(path).text, path
    assert bob.get("/statistics/overview").json()["total_plays"] == 0
    assert nobody.get("/statistics/overview").status_code == 401


def test_a_track_of_a_public_playlist_is_played_by_everybody_and_counts_for_each(
    stack: Stack, alice: Person, bob: Person
) -> None:
    track = make.uploaded(alice, make.wav(0.1), "hit.wav")["id"]
    playlist = ids.new()
    with stack.engine("media-worker").begin() as db:
        db.exec_driver_sql(
            "INSERT INTO playlists (id, user_id, name, sort_name, is_public) VALUES (%s, %s, 'Hits', 'hits', true)",
            (playlist, alice.id),
        )
        db.exec_driver_sql(
            "INSERT INTO playlist_tracks (id, playlist_id, user_id, file_id, position) VALUES (%s, %s, %s, %s, 1)",
            (ids.new(), playlist, alice.id, track),
        )

    play(alice, track)
    play(bob, track)
    told = play(bob, track)

    assert told["play_count"] == 2
    [top] = [each for each in bob.get("/statistics/top-tracks/global?limit=100").json() if each["track_id"] == track]
    assert (top["title"], top["play_count"], top["listeners"]) == ("hit", 3, 2)
    assert bob.get(f"/statistics/track/{track}/summary").json()["total_plays"] == 3
    assert alice.get(f"/statistics/user/track/{track}").json()["play_count"] == 1
    assert alice.get("/statistics/overview").json()["total_plays"] == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"listen_duration": -1},  # heard backwards
        {"listen_duration": 1e9},  # thirty years
        {"track_id": "1"},  # no id
        {"played_at": "2999-01-01T00:00:00Z"},  # still to come
        {"played_at": "2026-01-01T00:00:00"},  # of no zone
        {"played_at": "0001-01-01T00:00:00+14:00"},  # before the first year in UTC
        {"volume": 11},  # unknown
    ],
)
def test_a_play_that_makes_no_sense_is_refused(alice: Person, wrong: dict[str, Any]) -> None:
    answer = alice.post("/statistics/play-event", PLAY | {"track_id": str(ids.new())} | wrong)

    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, next(iter(wrong)))


def test_a_rating_is_one_to_five(alice: Person) -> None:
    for rating in (0, 6, "4", 3.5, None):
        assert alice.post("/statistics/rating", {"track_id": str(ids.new()), "rating": rating}).status_code in {422, 404}


def test_what_alice_deletes_is_in_no_statistic(alice: Person) -> None:
    track = make.uploaded(alice, make.wav(0.1), "a.wav")["id"]
    play(alice, track)
    assert len(alice.get("/statistics/top-tracks").json()) == 1

    alice.delete(f"/files/{track}")

    assert [path for path in LISTS if track in alice.get(path).text] == []
    assert alice.get("/statistics/top-tracks").json() == alice.get("/statistics/top-artists").json() == []
    assert alice.get(f"/statistics/user/track/{track}").status_code == 404


def test_answers_are_kept_while_they_are_fresh_and_fit() -> None:
    alice, bob, told = ids.new(), ids.new(), iter(range(99))
    kept, brief = Answers(kept_bytes=40), Answers(kept_seconds=-1)

    def answer() -> bytes:
        return b"%010d" % next(told)

    first = kept.of(alice, "summary", answer)
    assert kept.of(alice, "summary", answer) == first != kept.of(bob, "summary", answer)
    for asked in range(3):
        kept.of(bob, asked, answer)
    assert kept.size_bytes == 40
    assert kept.of(alice, "summary", answer) != first  # the oldest made room
    kept.forget(alice)
    kept.forget(bob)
    kept.of(alice, "summary", lambda: b"x" * 41)  # too much to be kept
    kept.of(bob, "summary", lambda: [kept.forget(bob), b"old"][1])  # type: ignore[list-item,return-value]
    assert kept.size_bytes == 0
    brief.of(alice, "summary", answer)
    brief.of(bob, "summary", answer)
    assert brief.size_bytes == 0


def test_plays_at_once_are_each_counted(stack: Stack, alice: Person) -> None:
    _play_at_once(stack, alice, 60, workers=2)


@pytest.mark.nightly
def test_1000_plays_at_once_are_1000_plays(stack: Stack, alice: Person) -> None:
    _play_at_once(stack, alice, 1_000, workers=16)


def _play_at_once(stack: Stack, person: Person, count: int, *, workers: int) -> None:
    """All of them at one instant of a clock that stands still."""
    made = make.uploaded(person)
    engine = database.make_engine(stack.secret("media", "service_database_url"), pool_size=workers, application_name="tests")
    assert person.id

    def note(_number: int) -> bool:
        with database.transaction(engine, user_id=person.id) as db:
            return plays.note(db, user_id=person.id, file_id=UUID(made["id"]), listened_seconds=1, completed=True)

    with clock.held(clock.now()), ThreadPoolExecutor(workers) as pool:
        assert all(pool.map(note, range(count)))
    engine.dispose()

    assert person.get(f"/statistics/user/track/{made['id']}").json()["play_count"] == count
    assert person.get("/statistics/top-artists").json()[0]["play_count"] == count
    with stack.engine("media-worker").begin() as db:
        kept = db.exec_driver_sql("SELECT count(*), sum(listened_seconds) FROM plays WHERE user_id = %s", (person.id,)).one()
    assert kept == (count, count)
