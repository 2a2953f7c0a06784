"""Ending a session that goes on, whoever does it and wherever they are cut off: what was practised and said is kept."""

from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID

from sqlalchemy import event, text

from services.sessions.models.practice import State
from services.sessions.peers import Media, Owner
from services.sessions.practice import finishing, running
from services.sessions.practice.finishing import Places
from services.sessions.tasks import sweeping
from shared import clock, ids
from tests.people import Person
from tests.sessions import make
from tests.sessions.test_running import PATH, begun, left_alone, recovered, sent
from tests.stack import Stack

WORDS = {
    "duration_seconds": 1800,
    "total_practice_seconds": 2000,
    "notes": "the trill at last",
    "self_rating": 4,
    "sections": [{"first_measure": 1, "last_measure": 4, "seconds": 60}],
}
AGED = text("UPDATE sessions SET created_at = created_at - interval '21 minutes' WHERE id = :id")
IDLE = text(
    """
    INSERT INTO sessions
        (id, user_id, song_name, piece, instrument, folded_instrument, duration_seconds, total_practice_seconds, time_zone,
         practised_on, state, created_at)
    VALUES (:id, :user_id, 'Minuet', 'minuet', 'Piano', 'piano', 0, 0, 'UTC', '2020-01-31', 'running', :created_at)
    """
)


class Killed(BaseException):
    """Nothing of ours runs after it."""


def killed_before(stack: Stack, person: Person, session_id: str, *, transactions: int) -> bool:
    """Finish a session in a process that is killed before it begins one more transaction than so many; whether it was."""
    engine, left = stack.engine("sessions"), [transactions]

    def begin(_connection: object) -> None:
        if not left[0]:
            raise Killed
        left[0] -= 1

    event.listen(engine, "begin", begin)
    places = Places(engine, cast(Media, None), Path("/nowhere"))  # it has neither sound nor score
    try:
        finishing.finish(places, UUID(session_id), b'{"duration_seconds": 1800}', owner=Owner(UUID(str(person.id))), zone="UTC")
    except Killed:
        return True
    finally:
        engine.dispose()
    return False


def test_practice_without_sound_is_kept_wherever_its_finish_is_cut_off(stack: Stack, alice: Person) -> None:
    worker, cuts = stack.engine("sessions-worker"), []
    for transactions in range(5):
        session_id = begun(alice, xml_content=None)
        cuts.append(killed_before(stack, alice, session_id, transactions=transactions))
        with worker.begin() as db:
            db.execute(AGED, {"id": session_id})
        sweeping.sweep.run(SimpleNamespace(engine=worker))
        if transactions < 2:
            assert alice.get(f"{PATH}/{session_id}").json()["state"] == State.RUNNING
        else:
            assert alice.get(f"{make.PATH}/{session_id}").json()["duration_seconds"] == 1800
    worker.dispose()

    assert cuts[:3] == [True] * 3
    assert cuts[-1] is False


def test_whoever_writes_their_notes_for_longer_than_the_sweep_waits_loses_none_of_them(stack: Stack, alice: Person) -> None:
    session_id, empty = begun(alice), begun(alice, song_name="Nothing more to say")
    for each in (session_id, empty):
        sent(alice, each, 0)
        left_alone(stack, each)
    recovered(stack)
    before = alice.get(f"{make.PATH}/{session_id}").json()
    alice.http.patch(f"{make.PATH}/{session_id}", json={"score_accuracy": 77})
    first, again = (alice.post(f"{PATH}/{session_id}/finish", said) for said in (WORDS, {"notes": "something else"}))
    wordless = alice.post(f"{PATH}/{empty}/finish").json()
    saved: dict[str, Any] = first.json()

    assert (before["recovered"], before["duration_seconds"], before["notes"]) == (True, 30, "slowly")
    assert (first.status_code, "Idempotent-Replayed" in first.headers) == (201, False), first.text
    assert (saved["recovered"], saved["notes"], saved["self_rating"]) == (False, "the trill at last", 4)
    assert (saved["duration_seconds"], saved["total_practice_seconds"]) == (1800, 2000)
    assert (saved["sections"][0]["last_measure"], saved["tempo_bpm"], saved["score_accuracy"]) == (4, 90, 77)
    assert saved["xml_content"] == make.MINUET
    assert (again.headers["Idempotent-Replayed"], again.json()) == ("true", saved)
    assert (wordless["recovered"], wordless["duration_seconds"], wordless["notes"]) == (
        False,
        30,
        "slowly",
    )


def test_one_session_that_cannot_be_saved_keeps_no_other_from_it(stack: Stack, alice: Person, tmp_path: Path) -> None:
    for name, score in (("Unreadable here", make.MINUET), ("Fine", None)):
        session_id = begun(alice, song_name=name, xml_content=score)
        sent(alice, session_id, 0)
        left_alone(stack, session_id)

    recovered(stack, data_dir=tmp_path / "gone")

    assert "Fine" in {each["song_name"] for each in alice.get(make.PATH).json()}


def test_sessions_that_can_never_be_saved_take_turns_with_the_others(stack: Stack, alice: Person) -> None:
    engine, now, mine = stack.engine("sessions-worker"), clock.now(), [ids.new() for _ in range(running.TAKEN_UP_AT_ONCE + 1)]
    with engine.connect() as connection:  # nothing of this is committed
        rows = [
            {"id": each, "user_id": alice.id, "created_at": now - timedelta(days=900, minutes=-number)}
            for number, each in enumerate(mine)
        ]
        connection.execute(IDLE, rows)
        first, second = ({row.id for row in running.left_alone(cast(Any, connection), idle_since=now)} for _ in range(2))
    engine.dispose()

    assert first == set(mine[:-1])
    assert mine[-1] in second
