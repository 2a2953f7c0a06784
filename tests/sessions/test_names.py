"""Names are folded in one way: by whoever saves, sets a goal or asks, and by the migration that found them unfolded."""

import importlib
from datetime import timedelta

from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import create_engine, text

from services.sessions.practice import pieces
from shared import clock
from tests.people import Person
from tests.sessions import make
from tests.stack import Stack

NAMES = (
    "Gavotte",
    "  Für   Elise ",
    "Fu\u0308r elise",
    "STRASSE",
    "Straße",
    "ΑΥΛΟΣ",
    "Ⅳ. Satz",
    "İstanbul",
    "Piano\u00a0forte",
)
OLD = text(
    """
    INSERT INTO sessions (user_id, song_name, instrument, duration_seconds, total_practice_seconds, time_zone, state)
    SELECT gen_random_uuid(), name, name, 1, 1, 'UTC', 'saved' FROM unnest(CAST(:names AS text[])) AS name
    """
)


def test_an_instrument_is_the_same_in_every_case_of_every_alphabet(alice: Person) -> None:
    today = str(clock.today("UTC") - timedelta(days=1))
    goal = alice.post("/api/goals", {"period": "daily", "target_minutes": 5, "instrument": "αυλοσ", "starts_on": today}).json()
    sections = [{"first_measure": 1, "last_measure": 8, "minutes": 10}]
    for name in ("ΑΥΛΟΣ", " αυλος"):
        make.saved(alice, instrument=name, duration_seconds=600, date=f"{today}T12:00:00Z", sections=sections)
    made = make.saved(alice, instrument="Lyra", duration_seconds=60, date=f"{today}T15:00:00Z")
    alice.http.patch(f"/api/sessions/{made['id']}", json={"instrument": "Αυλος"}).raise_for_status()
    begun = alice.post("/api/sessions/running", {"song_name": "Hymn", "instrument": "ΑΥΛΟΣ"})

    listed = alice.get("/api/sessions", params={"instrument": "αυλος", "limit": 10})
    [by_instrument] = alice.get("/api/stats/instruments").json()
    past = alice.get(f"/api/goals/{goal['id']}/progress").json()["periods"]
    planned = alice.get("/api/stats/stuck", params={"instrument": "αυλος"})

    assert begun.status_code == 201, begun.text
    assert listed.headers["X-Total-Count"] == "3"
    assert (by_instrument["sessions"], by_instrument["seconds"]) == (3, 1260)
    assert [each["minutes"] for each in past] == [0, 21]
    assert planned.status_code == 200, planned.text


def test_old_names_are_folded_as_new_ones_are(stack: Stack) -> None:
    first, practice = (
        importlib.import_module(f"services.sessions.migrations.{each}") for each in ("0001_first", "0002_practice")
    )
    engine = create_engine(stack.admin_url().replace("postgresql:", "postgresql+psycopg:"))
    with engine.connect() as connection:
        connection.execute(text("CREATE SCHEMA unfolded AUTHORIZATION sessions_owner"))
        connection.execute(text("SET LOCAL ROLE sessions_owner"))
        connection.execute(text("SET LOCAL search_path = unfolded"))
        with Operations.context(MigrationContext.configure(connection, opts={"service": "sessions"})):
            first.upgrade()
            connection.execute(OLD, {"names": list(NAMES)})
            practice.upgrade()
        found = connection.execute(text("SELECT song_name, piece, folded_instrument FROM sessions")).all()
        connection.rollback()
    engine.dispose()

    assert {row.song_name: row.piece for row in found} == {name: pieces.folded(name) for name in NAMES}
    assert all(row.piece == row.folded_instrument for row in found)
