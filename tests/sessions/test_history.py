"""The history: listed, read, deleted, and seen by nobody else."""

import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text

from services.sessions.schemas.sessions import FullListedSessionOut, ListedSessionOut, SessionOut
from services.sessions.schemas.stats import StatsOut
from tests.people import Person
from tests.sessions import make
from tests.stack import Stack

WORDY = text(
    """
    INSERT INTO sessions
        (id, user_id, song_name, piece, instrument, folded_instrument, duration_seconds, total_practice_seconds, date,
         time_zone, practised_on, state, analysis_summary, analysis_feedback, notes)
    SELECT gen_random_uuid(), :user_id, 'Minuet', 'minuet', 'Piano', 'piano', 1, 1, now(), 'UTC', current_date, 'saved',
           said, said, said
    FROM (SELECT repeat('🎵', 20000) AS said FROM generate_series(1, :count)) each
    """
)
NOT_IDS = ["x", "1", "null", "0", "%20", "..%2e", "a" * 300, str(uuid.uuid4())[:-1]]


def test_the_list_is_newest_first_and_lean(alice: Person) -> None:
    for day in (2, 1, 3):
        make.saved(alice, date=f"2026-01-0{day}T12:00:00Z", audioBase64=make.data_url(make.recording(0.2)))

    answer = alice.get(make.PATH)

    assert [each["date"][:10] for each in answer.json()] == ["2026-01-03", "2026-01-02", "2026-01-01"]
    assert all(set(each) == set(ListedSessionOut.model_fields) for each in answer.json())
    assert answer.headers["X-Total-Count"] == "3"
    assert alice.get(answer.json()[1]["audio_url"]).status_code == 200


def test_a_page_ends_where_its_words_are_more_than_one_answer_carries(stack: Stack, alice: Person) -> None:
    engine = stack.engine("sessions-worker")
    with engine.begin() as connection:
        connection.execute(WORDY, {"user_id": alice.id, "count": 36})
    engine.dispose()

    first = alice.get(make.PATH)
    second = alice.get(first.headers["Link"].partition(">")[0].removeprefix("<"))

    assert [len(each.json()) for each in (first, second)] == [34, 2]  # 240,000 bytes each
    assert len(first.content) < 9_000_000
    assert {each.headers["X-Total-Count"] for each in (first, second)} == {"36"}
    assert len({each["id"] for each in (*first.json(), *second.json())}) == 36
    assert "Link" not in second.headers


def test_the_full_list_has_the_scores(alice: Person) -> None:
    make.saved(alice)

    listed = alice.get(make.PATH, params={"full": 1}).json()

    assert set(listed[0]) == set(FullListedSessionOut.model_fields)
    assert listed[0]["xml_content"] == make.MINUET


def test_pages_follow_one_another_without_gaps(alice: Person) -> None:
    saved = [make.saved(alice, date="2026-01-01T12:00:00Z")["id"] for _ in range(5)]

    seen, path = [], f"{make.PATH}?limit=2"
    while path:
        page = alice.get(path)
        seen += [each["id"] for each in page.json()]
        path = page.headers["Link"].partition(">")[0].removeprefix("<") if "Link" in page.headers else ""

    assert seen == saved[::-1]
    assert [each["id"] for each in alice.get(make.PATH, params={"limit": 2, "offset": 3}).json()] == saved[::-1][3:]


def test_the_list_is_asked_for_by_piece_instrument_days_recording_and_score(alice: Person) -> None:
    audio = make.data_url(make.recording(0.2))
    make.saved(alice, song_name="Für Elise", instrument="Piano", date="2026-01-01T12:00:00Z", xml_content=None)
    make.saved(alice, song_name="F\u00dcR  ELISE", instrument="piano", date="2026-01-02", audioBase64=audio)
    make.saved(alice, song_name="Musette", instrument="Flute", date="2026-01-03T23:59:59Z")

    def days(**wanted: object) -> list[int]:
        answer = alice.get(make.PATH, params=wanted)
        assert answer.headers["X-Total-Count"] == str(len(answer.json()))
        return [int(each["date"][8:10]) for each in answer.json()]

    assert days(song_name="fu\u0308r elise ") == [2, 1]
    assert days(song_name="elise") == []
    assert days(instrument="PIANO") == [2, 1]
    assert days(**{"from": "2026-01-02"}) == [3, 2]
    assert days(to="2026-01-02") == [2, 1]
    assert days(**{"from": "2026-01-03", "to": "2026-01-03"}) == [3]
    assert days(**{"from": "2026-01-03", "to": "2026-01-01"}) == []
    assert (days(has_recording=True), days(has_recording=False)) == ([2], [3, 1])
    assert (days(has_score=1), days(has_score=0)) == ([3, 2], [1])
    assert [make.saved(alice, song_name="Blank", xml_content=blank)["xml_content"] for blank in ("", " \n")] == [None] * 2
    assert days(has_score=1) == [3, 2]
    assert days(song_name="für elise", instrument="piano", has_recording=0, to="2100-12-31") == [1]


def test_pages_of_what_is_asked_for_keep_to_it(alice: Person) -> None:
    wanted = [make.saved(alice, song_name=name)["id"] for name in ("A", "B", "a", "B", "A")][::-2]

    first = alice.get(make.PATH, params={"song_name": "a", "limit": 2})
    second = alice.get(first.headers["Link"].partition(">")[0].removeprefix("<"))

    assert [each["id"] for each in first.json() + second.json()] == wanted
    assert (first.headers["X-Total-Count"], second.headers["X-Total-Count"], "Link" in second.headers) == ("3", "3", False)


@pytest.mark.parametrize(
    "query",
    [
        "from=2026-02-30",
        "to=yesterday",
        "from=1769817600",
        "from=",
        "song_name=%00",
        "song_name=",
        "instrument=%07",
        "has_score=x",
    ],
)
def test_what_cannot_be_asked_for_is_refused_by_name(alice: Person, query: str) -> None:
    answer = alice.get(f"{make.PATH}?{query}")

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == query.partition("=")[0]


@pytest.mark.parametrize("query", ["limit=0", "limit=1001", "limit=x", "offset=-1", "cursor=nonsense", "cursor=%00"])
def test_a_page_that_cannot_be_is_refused(alice: Person, query: str) -> None:
    answer = alice.get(f"{make.PATH}?{query}")

    assert answer.status_code in (400, 422)
    assert isinstance(answer.json()["detail"], str)


def test_a_session_is_read_whole(alice: Person) -> None:
    saved = make.saved(alice)

    answer = alice.get(f"{make.PATH}/{saved['id']}")

    assert set(answer.json()) == set(SessionOut.model_fields)
    assert answer.json() == {name: value for name, value in saved.items() if name != "streak"}


def test_a_deleted_session_is_gone_and_its_recording_too(alice: Person) -> None:
    saved = make.saved(alice, audioBase64=make.data_url(make.recording()))

    assert alice.delete(f"{make.PATH}/{saved['id']}").status_code == 204

    assert alice.get(f"{make.PATH}/{saved['id']}").status_code == 404
    assert alice.delete(f"{make.PATH}/{saved['id']}").status_code == 404
    assert alice.get(make.PATH).json() == []
    deadline = time.monotonic() + 10
    while alice.get(saved["audio_url"]).status_code == 200 and time.monotonic() < deadline:
        time.sleep(0.1)
    assert alice.get(saved["audio_url"]).status_code in (401, 404)


def test_stats_asked_while_a_session_is_deleted_are_those_before_or_after(alice: Person) -> None:
    def live(number: int) -> None:
        session = make.saved(alice, date=None, duration_seconds=600, notes=f"the {number}th")
        assert alice.delete(f"{make.PATH}/{session['id']}").status_code == 204

    def ask(_: int) -> tuple[int, int, int]:
        answer = alice.get("/api/stats")
        stats = answer.json()
        return (
            answer.status_code,
            stats["total_minutes"] % 10,
            stats["total_minutes"] - sum(day["minutes"] for day in stats["weekly_progress"]),
        )

    with ThreadPoolExecutor(4) as pool:
        living, asked = pool.map(live, range(8)), pool.map(ask, range(24))

    assert [*living] == [None] * 8
    assert set(asked) == {(200, 0, 0)}
    assert alice.get("/api/stats").json()["total_minutes"] == 0


def test_of_five_who_delete_a_session_at_once_one_does(alice: Person) -> None:
    path = f"{make.PATH}/{make.saved(alice)['id']}"

    with ThreadPoolExecutor(5) as pool:
        answers = list(pool.map(lambda _: alice.delete(path).status_code, range(5)))

    assert sorted(answers) == [204, 404, 404, 404, 404]


@pytest.mark.parametrize("not_an_id", NOT_IDS)
def test_what_is_no_id_is_not_found(alice: Person, not_an_id: str) -> None:
    assert alice.get(f"{make.PATH}/{not_an_id}").status_code in (400, 404)
    assert alice.delete(f"{make.PATH}/{not_an_id}").status_code in (400, 404)


def test_a_stranger_cannot_read_or_delete_a_session(alice: Person, bob: Person) -> None:
    path = f"{make.PATH}/{make.saved(alice)['id']}"
    nowhere = f"{make.PATH}/{uuid.uuid4()}"

    assert bob.get(path).status_code == bob.delete(path).status_code == 404
    assert bob.get(path).json() == bob.get(nowhere).json()
    assert bob.delete(path).json() == bob.delete(nowhere).json()
    assert bob.get(make.PATH).json() == []
    assert bob.get("/api/stats").json()["total_minutes"] == 0
    assert alice.get(path).status_code == 200


def test_a_stranger_cannot_replay_somebody_elses_key(alice: Person, bob: Person) -> None:
    key = {"Idempotency-Key": "the same"}

    hers = alice.post(make.PATH, make.body(), headers=key).json()
    his = bob.post(make.PATH, make.body(), headers=key).json()

    assert hers["id"] != his["id"]


def test_nobody_sees_nothing(nobody: Person) -> None:
    paths = (make.PATH, f"{make.PATH}/{uuid.uuid4()}", "/api/stats")

    assert {nobody.get(path).status_code for path in paths} == {401}
    assert nobody.delete(paths[1]).status_code == 401


def test_the_database_shows_a_stranger_no_row_even_without_a_where(stack: Stack, alice: Person, bob: Person) -> None:
    make.saved(alice)
    engine = stack.engine("sessions")

    with engine.begin() as connection:
        connection.execute(text("SELECT set_config('app.user_id', :id, true)"), {"id": str(bob.id)})
        seen = connection.scalar(text("SELECT count(*) FROM sessions"))
        changed = connection.execute(text("UPDATE sessions SET song_name = 'x'")).rowcount

    assert (seen, changed) == (0, 0)


def test_both_forms_of_a_path_answer(alice: Person) -> None:
    assert alice.get(f"{make.PATH}/").status_code == alice.get("/api/stats/").status_code == 200


def test_the_stats_are_what_the_documentation_says(alice: Person) -> None:
    stats = alice.get("/api/stats").json()

    assert set(stats) == set(StatsOut.model_fields)
    assert [set(day) for day in stats["weekly_progress"]] == [{"day", "minutes"}] * 7
