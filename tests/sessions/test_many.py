"""Ten years of practice three times a day: the history is read no slower for it."""

import statistics
import time
from collections.abc import Callable

import psycopg
import pytest
from sqlalchemy import Connection, Engine, event, text

from services.sessions.practice import listing
from services.sessions.practice.listing import Filters
from shared import db
from tests.people import Person
from tests.sessions import make
from tests.stack import Stack

MANY = text(
    """
    INSERT INTO sessions
        (id, user_id, song_name, piece, instrument, folded_instrument, duration_seconds, total_practice_seconds, date,
         time_zone, practised_on, state, xml_content)
    SELECT gen_random_uuid(), :user_id, 'Piece ' || n % 40, 'piece ' || n % 40, 'Piano', 'piano', 600, 900, at, 'UTC', at::date,
           'saved', repeat('<note/>', 100)
    FROM (SELECT n, now() - n * interval '8 hours' AS at FROM generate_series(1, :count) n) each
    """
)


def given(stack: Stack, person: Person, count: int) -> None:
    """So many sessions, and a database that has seen them: what autovacuum does within the minute."""
    engine = stack.engine("sessions-worker")
    with engine.begin() as connection:
        connection.execute(MANY, {"user_id": person.id, "count": count})
    engine.dispose()
    with psycopg.connect(stack.admin_url(), autocommit=True) as admin:
        admin.execute("VACUUM ANALYZE sessions.sessions")


def plans(engine: Engine, person: Person, filters: Filters) -> list[str]:
    """How Postgres finds the count and the page, for the role of the web process under row-level security."""
    asked: list[tuple[str, object]] = []

    def note(_connection: Connection, _cursor: object, statement: str, parameters: object, *_rest: object) -> None:
        asked.append((statement, parameters))

    assert person.id
    with db.transaction(engine, user_id=person.id) as session:
        event.listen(engine, "before_cursor_execute", note)
        listing.page(session, user_id=person.id, limit=50, filters=filters)
        event.remove(engine, "before_cursor_execute", note)
        explained = [session.connection().exec_driver_sql(f"EXPLAIN {sql}", facts) for sql, facts in asked]  # type: ignore[arg-type]
        return ["\n".join(line for (line,) in each) for each in explained]


def p50_ms(person: Person) -> float:
    """What the first page of 50 takes, in the middle."""
    took = []
    for _ in range(40):
        started = time.perf_counter()
        assert person.get(make.PATH, params={"limit": 50}).status_code == 200
        took.append((time.perf_counter() - started) * 1000)
    return statistics.median(took)


@pytest.mark.nightly
def test_ten_thousand_sessions_are_listed_as_fast_as_a_hundred(
    stack: Stack, alice: Person, bob: Person, figures: Callable[[str], None]
) -> None:
    given(stack, bob, 100)
    given(stack, alice, 10_000)
    engine = stack.engine("sessions")

    count, page, _ = plans(engine, alice, Filters())
    of_piece, page_of_piece, _ = plans(engine, alice, Filters(song_name="Piece 3"))
    few_ms, many_ms = p50_ms(bob), p50_ms(alice)

    assert "Index Only Scan" in count and "Index Only Scan" in of_piece
    assert "ix_sessions_user_id_date" in page and "Sort" not in page
    assert "ix_sessions_pieces" in page_of_piece and "Sort" not in page_of_piece
    assert many_ms < 2 * few_ms + 5
    figures(f"sessions: first page of 50, p50: {few_ms:.1f} ms of 100, {many_ms:.1f} ms of 10,000")
