"""Row-level security: what the database itself refuses to media's web role."""

from sqlalchemy import func, select, update

from services.media.models.files import AudioFile, StorageUse
from shared import db as database
from tests.media import make
from tests.people import Person
from tests.stack import Stack


def test_a_query_without_its_where_sees_only_its_own(stack: Stack, alice: Person, bob: Person) -> None:
    mine = make.uploaded(alice, make.wav(0.2))
    make.uploaded(bob, make.wav(0.3))
    engine = stack.engine("media")

    with database.transaction(engine, user_id=alice.id) as db:
        assert [str(each) for each in db.scalars(select(AudioFile.id))] == [mine["id"]]
        assert list(db.scalars(select(StorageUse.user_id))) == [alice.id]
    with database.transaction(engine) as db:
        assert db.scalar(select(func.count()).select_from(AudioFile)) == 0
    engine.dispose()


def test_bob_cannot_change_alices_row_even_with_sql(stack: Stack, alice: Person, bob: Person) -> None:
    mine = make.uploaded(alice, make.wav(0.2))
    engine = stack.engine("media")

    with database.transaction(engine, user_id=bob.id) as db:
        changed = db.execute(update(AudioFile).where(AudioFile.id == mine["id"]).values(user_id=bob.id))
        assert changed.rowcount == 0
    engine.dispose()
