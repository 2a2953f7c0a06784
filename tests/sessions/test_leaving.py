"""What is written down for somebody who asks for all that is theirs."""

import json
import tracemalloc
from pathlib import Path

from sqlalchemy import text

from services.sessions.tasks import leaving
from shared import db
from shared.leaving import write
from tests.people import Person
from tests.stack import Stack

SENT = 80
SENT_BYTES = 250_000
WAITING = text(
    """
    WITH sent AS (
        INSERT INTO analyses (user_id, state, progress, asked)
        SELECT :user_id, 'waiting', 0, '{}' FROM generate_series(1, :number) RETURNING id, user_id
    )
    INSERT INTO analysis_inputs (analysis_id, user_id, recording, score)
    SELECT id, user_id, convert_to(repeat('x', :size_bytes), 'UTF8'), '' FROM sent
    """
)


def test_recordings_that_wait_are_written_down_one_at_a_time(stack: Stack, alice: Person, tmp_path: Path) -> None:
    engine, path = stack.engine("sessions-worker"), tmp_path / "sessions.json"
    assert alice.id is not None

    with db.transaction(engine) as session:
        session.execute(WAITING, {"user_id": alice.id, "number": SENT, "size_bytes": SENT_BYTES})
        tracemalloc.start()
        write(path, "sessions", leaving.export(session, alice.id))
        _, peak_bytes = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        session.rollback()

    engine.dispose()
    assert len(json.loads(path.read_bytes())["analysis_inputs"]) == SENT
    assert peak_bytes < SENT * SENT_BYTES / 2  # one is 20 times its size while it is written, for what JSON reserves
