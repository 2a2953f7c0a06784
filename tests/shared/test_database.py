"""Row-level security stands behind every query, and roles reach nothing that is not theirs."""

from collections.abc import Iterator
from urllib.parse import urlsplit

import psycopg
import pytest
from sqlalchemy import Engine, create_engine, exc, select, text

from shared import db, ids, migrations, services
from tests.stack import Stack

ALICE, BOB = ids.new(), ids.new()


@pytest.fixture
def entries(system: Engine) -> Iterator[None]:
    """One entry of Alice's and one of Bob's."""
    with db.transaction(system) as work:
        for user_id in (ALICE, BOB):
            work.execute(text("INSERT INTO entries (id, user_id, words) VALUES (:i, :u, 'hi')"), {"i": ids.new(), "u": user_id})
    yield
    with db.transaction(system) as work:
        work.execute(text("DELETE FROM entries WHERE user_id IN (:a, :b)"), {"a": ALICE, "b": BOB})


def count(engine: Engine, table: str, **who: object) -> int:
    with db.transaction(engine, **who) as session:  # type: ignore[arg-type]
        return session.scalar(text(f"SELECT count(*) FROM {table}")) or 0


def test_a_query_without_its_where_sees_only_its_own(web: Engine, entries: None) -> None:
    assert count(web, "entries", user_id=ALICE) == 1
    assert count(web, "entries") == 0


def test_a_change_without_its_where_changes_only_its_own(web: Engine, entries: None) -> None:
    with db.transaction(web, user_id=ALICE) as session:
        changed = session.execute(text("UPDATE entries SET words = 'mine'"))
        deleted = session.execute(text("DELETE FROM entries"))

    assert (changed.rowcount, deleted.rowcount) == (1, 1)
    assert count(web, "entries", user_id=BOB) == 1


def test_nobody_writes_rows_in_somebody_elses_name(web: Engine) -> None:
    with pytest.raises(exc.ProgrammingError, match="row-level security"), db.transaction(web, user_id=ALICE) as session:
        session.execute(text("INSERT INTO entries (id, user_id, words) VALUES (:i, :b, 'x')"), {"i": ids.new(), "b": BOB})


def test_a_public_row_is_read_by_all_and_changed_by_its_owner_alone(web: Engine) -> None:
    card = ids.new()
    with db.transaction(web, user_id=ALICE) as session:
        session.execute(text("INSERT INTO postcards (id, user_id, is_public) VALUES (:c, :a, true)"), {"c": card, "a": ALICE})

    assert count(web, "postcards", user_id=BOB) == 1
    with db.transaction(web, user_id=BOB) as session:
        assert session.execute(text("DELETE FROM postcards")).rowcount == 0


def test_only_members_see_what_membership_opens(web: Engine, system: Engine) -> None:
    table = ids.new()
    with db.transaction(system) as work:
        work.execute(text("INSERT INTO inn_tables (id) VALUES (:t)"), {"t": table})
        work.execute(text("INSERT INTO members (inn_table_id, user_id) VALUES (:t, :a)"), {"t": table, "a": ALICE})

    assert count(web, "inn_tables", user_id=ALICE) == 1
    assert count(web, "inn_tables", user_id=BOB) == 0


def test_common_rows_are_read_by_all_and_written_by_administrators(web: Engine) -> None:
    insert = text("INSERT INTO notices (id) VALUES (:n)")
    with db.transaction(web, user_id=ALICE, role="admin") as session:
        session.execute(insert, {"n": ids.new()})

    assert count(web, "notices", user_id=BOB) >= 1
    with pytest.raises(exc.ProgrammingError), db.transaction(web, user_id=BOB) as session:
        session.execute(insert, {"n": ids.new()})


def test_internal_rows_are_the_workers_alone(web: Engine, system: Engine) -> None:
    with db.transaction(system) as work:
        work.execute(text("INSERT INTO tallies (words, count) VALUES (:w, 1)"), {"w": str(ids.new())})

    assert count(system, "tallies") >= 1
    assert count(web, "tallies", user_id=ALICE, role="admin") == 0


def test_a_worker_that_acts_for_a_user_sees_what_the_user_sees(system: Engine, entries: None) -> None:
    assert count(system, "entries") >= 2
    assert count(system, "entries", user_id=ALICE) == 1
    assert count(system, "tallies", user_id=ALICE) == 0


def test_who_is_asking_ends_with_the_transaction(web: Engine) -> None:
    with db.transaction(web, user_id=ALICE):
        pass
    with web.connect() as connection:
        assert connection.scalar(text("SELECT current_setting('app.user_id', true)")) in ("", None)


@pytest.mark.parametrize("user_id", ["'", "a' OR '1'='1", "\\", "x'; DROP TABLE entries; --"])
def test_who_is_asking_cannot_smuggle_sql(web: Engine, entries: None, user_id: str) -> None:
    with pytest.raises(exc.DataError):
        count(web, "entries", user_id=user_id)


def test_a_connection_that_died_in_the_pool_is_not_noticed(inn: Stack) -> None:
    engine = inn.engine("guestbook")
    with db.transaction(engine) as session:
        backend = session.scalar(text("SELECT pg_backend_pid()"))
    with psycopg.connect(inn.admin_url(), autocommit=True) as admin:
        admin.execute("SELECT pg_terminate_backend(%s)", [backend])

    with db.transaction(engine) as session:
        assert session.scalar(text("SELECT 1")) == 1
    engine.dispose()


def test_every_table_of_every_service_is_declared_and_protected_as_declared(inn: Stack) -> None:
    engine = create_engine(inn.admin_url().replace("postgresql:", "postgresql+psycopg:"))
    with engine.connect() as connection:
        tables = connection.execute(
            text(
                "SELECT n.nspname, c.relname, c.relrowsecurity, c.relforcerowsecurity,"
                " array(SELECT polname::text FROM pg_policy p WHERE p.polrelid = c.oid) policies"
                " FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
                " WHERE c.relkind IN ('r', 'p') AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'"
            )
        ).all()
    engine.dispose()
    named = {"own": {"own"}, "own_or_public": {"own_or_public", "public"}} | {
        "member": {"member"},
        "common": {"common", "admin"},
    }
    found = [row for row in tables if row.nspname in services.names() and not row.relname.startswith(migrations.NOT_OURS)]
    for row in found:
        declared = migrations.metadata_of(row.nspname).tables.get(row.relname)
        assert declared is not None, f"{row.nspname}.{row.relname} is in no model"
        policy = declared.info["policy"]
        everyone = {f"{row.nspname}_owner", f"{row.nspname}_system"} if policy else set()
        everyone |= {"admin"} if declared.info.get("admin") else set()
        assert (row.relrowsecurity, row.relforcerowsecurity) == (policy is not None,) * 2, row.relname
        assert set(row.policies) == named.get(policy, set()) | everyone, row.relname

    assert len(found) >= 3 * len(services.names())
    assert {row.nspname for row in tables} == {*services.names(), "guestbook"}


def test_roles_reach_no_other_schema_and_nothing_of_the_server(inn: Stack) -> None:
    for service in services.names():
        for role in (service, f"{service}-worker"):
            with psycopg.connect(inn.secret(role, "service_database_url"), autocommit=True) as connection:
                others = [name for name in services.names() if name != service]
                attempts = [f"SELECT * FROM {other}.idempotency_keys" for other in others]
                attempts += [f"SET ROLE {other}" for other in others] + [f"SET ROLE {service}_owner"]
                attempts += [
                    "CREATE TABLE public.x (y int)",
                    f"CREATE TABLE {service}.x (y int)",
                    "CREATE TEMP TABLE x (y int)",
                ]
                attempts += ["COPY (SELECT 1) TO PROGRAM 'true'", "SELECT pg_read_file('/etc/passwd')"]
                attempts += [
                    "SELECT lo_create(0)",
                    "SELECT lo_creat(-1)",
                    "SELECT lo_from_bytea(0, 'x')",
                    "SELECT lo_put(1, 0, 'x')",
                ]
                attempts += ["SELECT lo_import('/etc/passwd')", "SELECT lo_export(1, '/tmp/x')", "SELECT lo_unlink(1)"]
                for attempt in attempts:
                    with pytest.raises(psycopg.errors.InsufficientPrivilege):
                        connection.execute(attempt)


@pytest.mark.parametrize("database", ["postgres", "template1"])
def test_roles_reach_no_other_database(inn: Stack, database: str) -> None:
    for service in services.names():
        for role in (service, f"{service}-worker"):
            address = urlsplit(inn.secret(role, "service_database_url"))._replace(path=f"/{database}").geturl()
            with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
                psycopg.connect(address)


def test_an_administrator_who_is_no_superuser_closes_what_he_may(inn: Stack) -> None:
    """As with a managed Postgres: his own database, and functions that belong to somebody else."""
    hosted = urlsplit(inn.admin_url())
    with psycopg.connect(inn.admin_url(), autocommit=True) as admin:
        admin.execute("CREATE ROLE hosted LOGIN CREATEROLE PASSWORD 'hosted by others'")
        admin.execute("CREATE DATABASE hosted OWNER hosted")
    address = hosted._replace(netloc=f"hosted:hosted by others@{hosted.hostname}:{hosted.port}", path="/hosted").geturl()
    engine = create_engine(address.replace("postgresql:", "postgresql+psycopg:"))
    try:
        with engine.begin() as connection:
            migrations.close_to_everybody(connection)

            assert connection.scalar(text("SELECT has_function_privilege('public', 'lo_create(oid)', 'EXECUTE')"))
            connection.execute(text("CREATE TABLE afterwards (x int)"))  # the transaction goes on
    finally:
        engine.dispose()
        with psycopg.connect(inn.admin_url(), autocommit=True) as admin:
            admin.execute("DROP DATABASE hosted")
            admin.execute("DROP ROLE hosted")


def test_web_settings_hold_nothing_of_the_system_role(inn: Stack) -> None:
    for service in services.names():
        web, worker = inn.home / "secrets" / service, inn.secret(f"{service}-worker", "service_database_url")
        password = worker.split(":")[2].split("@")[0]
        held = "".join(path.read_text() for path in web.iterdir())
        assert "_system" not in held and password not in held


def test_a_web_role_cannot_become_its_worker(inn: Stack) -> None:
    with psycopg.connect(inn.secret("guestbook", "service_database_url"), autocommit=True) as connection:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("SET ROLE guestbook_system")


def test_selecting_from_a_connection_begun_as_nobody_can_become_somebody(web: Engine, entries: None) -> None:
    with db.transaction(web) as session:
        before = session.scalar(select(text("count(*) FROM entries")))
        db.become(session, ALICE)
        after = session.scalar(select(text("count(*) FROM entries")))

    assert (before, after) == (0, 1)
