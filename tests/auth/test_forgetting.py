"""What counts no longer is forgotten by the worker, and only that."""

from sqlalchemy import text

from services.auth import tasks
from services.auth.settings import Settings
from shared import db
from tests.people import Person
from tests.stack import Stack

COUNTS = text(
    "SELECT (SELECT count(*) FROM user_sessions WHERE user_id = :id), (SELECT count(*) FROM revocations WHERE user_id = :id)"
)


def test_expired_sign_ins_and_revocations_are_forgotten(stack: Stack, alice: Person, bob: Person) -> None:
    engine = stack.engine("auth-worker")
    work = tasks.Work(settings=Settings.model_construct(), engine=engine, peers={})
    bob.post("/api/auth/logout")
    with db.transaction(engine) as session:
        session.execute(text("UPDATE revocations SET expires_at = now() - interval '1 s' WHERE user_id = :id"), {"id": bob.id})
        session.execute(
            text("UPDATE user_sessions SET expires_at = now() - interval '1 s' WHERE user_id = :id"), {"id": alice.id}
        )

    tasks.forget_what_expired.run(work)

    with db.transaction(engine) as session:
        assert [tuple(session.execute(COUNTS, {"id": who.id}).one()) for who in (alice, bob)] == [(0, 0), (0, 0)]
    engine.dispose()
