"""Bring every service's schema up to date: `python -m shared.migrations`, as the database's administrator.

Each service has a schema of its name, an Alembic history of its own in `services/<name>/migrations`, and three roles:
`<name>_owner` (no login; owns and migrates), `<name>` (web) and `<name>_system` (worker). It may be run as often as one
likes and from many machines at once: an advisory lock per schema lets one through at a time.

    python -m shared.migrations                         migrate all
    python -m shared.migrations roles                   make the roles alone: what a dump needs before it is restored
    python -m shared.migrations revision media "words"  write the next migration of a service from its models
"""

import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import autogenerate, command, op
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from procrastinate.schema import SchemaManager
from psycopg import errors, sql
from sqlalchemy import Connection, create_engine, text

from shared import derive, logs, policies, services, tables
from shared.config import MigrationSettings
from shared.logs import log

WEB_TIMEOUTS = {"statement_timeout": "5s", "lock_timeout": "2s", "idle_in_transaction_session_timeout": "10s"}
WORKER_TIMEOUTS = {"statement_timeout": "60s", "lock_timeout": "5s", "idle_in_transaction_session_timeout": "60s"}
CONNECTION_LIMIT = 40  # of each role: several replicas' pools, and no more than Postgres can bear
ALEMBIC = Path(__file__).parent / "alembic"
# What Postgres opens to everybody and no service needs, each as words for REVOKE: the other databases of a server, and large
# objects, which no schema, quota or policy bounds.
OPEN_TO_EVERYBODY = """
    SELECT 'ALL ON DATABASE ' || quote_ident(datname) FROM pg_database
    WHERE datname IN ('postgres', 'template1') AND has_database_privilege('public', oid, 'CONNECT')
    UNION ALL
    SELECT 'EXECUTE ON FUNCTION ' || oid::regprocedure FROM pg_proc
    WHERE pronamespace = 'pg_catalog'::regnamespace AND proname ~ '^(lo_|loread$|lowrite$)'
        AND has_function_privilege('public', oid, 'EXECUTE')
"""
NOT_OURS = ("alembic_version", "procrastinate_")  # tables that libraries bring and change themselves


def run(database_url: str, app_secret: bytes) -> None:
    """Make roles and schemas where they are missing and migrate every service to its newest revision."""
    engine = create_engine(database_url.replace("postgresql://", "postgresql+psycopg://", 1))
    with engine.begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('tutti roles'))"))
        close_to_everybody(connection)
    for service in services.names():
        with engine.begin() as connection:
            _make_roles(connection, service, app_secret)
            _make_schema(connection, service)
        with engine.begin() as connection:
            _act_as_owner(connection, service)
            command.upgrade(_config(connection, service), "head")
    with engine.begin() as connection:
        _set_administrators_search_path(connection)
    engine.dispose()


def make_roles(database_url: str, app_secret: bytes) -> None:
    """Make every service's roles where they are missing, and no schema: a dump brings those, and names the roles."""
    engine = create_engine(database_url.replace("postgresql://", "postgresql+psycopg://", 1))
    with engine.begin() as connection:
        for service in services.names():
            _make_roles(connection, service, app_secret)
    engine.dispose()


def knows(service: str, revision: str) -> bool:
    """Whether a revision is part of the service's history as it is here."""
    folder = ScriptDirectory(str(ALEMBIC), version_locations=[str(services.FOLDER / service / "migrations")])
    return any(each.revision == revision for each in folder.walk_revisions())


def differences(connection: Connection, service: str) -> list[Any]:
    """What autogenerate would still write for this service: empty where models and migrations agree."""
    _act_as_owner(connection, service)
    context = MigrationContext.configure(
        connection, opts={"include_object": is_ours, "target_metadata": metadata_of(service), "compare_server_default": False}
    )
    return list(autogenerate.compare_metadata(context, metadata_of(service)))


def metadata_of(service: str) -> sa.MetaData:
    """The tables a schema should have: the service's own and the common ones."""
    wanted = sa.MetaData()
    for metadata in (services.module(service, "models").Base.metadata, tables.Common.metadata):
        for table in metadata.sorted_tables:
            table.to_metadata(wanted)
    return wanted


def is_ours(_object: Any, name: str | None, kind: str, _reflected: bool, _compared: Any) -> bool:
    """Whether Alembic should compare this: not what libraries bring."""
    return kind != "table" or not (name or "").startswith(NOT_OURS)


def common_tables() -> None:
    """For a service's first migration: the tables of `shared.tables` and the job queue, with their policies."""
    for table in tables.Common.metadata.sorted_tables:
        table.create(op.get_bind())
        if table.info["policy"]:
            policies.protect(table.name, table.info["policy"])
    # procrastinate's SQL holds `%`, so it goes to the driver as it is, without parameters.
    driver = op.get_bind().connection.driver_connection
    assert driver is not None
    driver.execute(SchemaManager.get_schema())


def close_to_everybody(connection: Connection) -> None:
    """Take from PUBLIC what is in OPEN_TO_EVERYBODY; that a role cannot reach it then no longer depends on the role.

    The administrator of a managed Postgres, who is no superuser, may not. That is logged, and nothing else depends on it.
    """
    for rights in connection.scalars(text(OPEN_TO_EVERYBODY)).all():
        with suppress(errors.InsufficientPrivilege), connection.begin_nested():
            _driver(connection).execute(f"REVOKE {rights} FROM PUBLIC")
    left = connection.scalars(text(OPEN_TO_EVERYBODY)).all()
    if left:
        log(__name__).warning("database.open_to_everybody", left=list(left))


def _make_roles(connection: Connection, service: str, app_secret: bytes) -> None:
    owner, web, worker = _roles(service)
    connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('tutti roles'))"))
    known = set(connection.scalars(text("SELECT rolname FROM pg_roles")))
    if owner not in known:
        _execute(connection, "CREATE ROLE {} NOLOGIN", owner)
    for role, timeouts in ((web, WEB_TIMEOUTS), (worker, WORKER_TIMEOUTS)):
        if role not in known:
            _execute(connection, "CREATE ROLE {} LOGIN NOINHERIT", role)
        # The password is derived anew each time, so that a restored database fits the secrets beside it.
        password = sql.SQL("ALTER ROLE {} PASSWORD {} CONNECTION LIMIT {}").format(
            sql.Identifier(role), sql.Literal(derive.role_password(app_secret, role)), sql.Literal(CONNECTION_LIMIT)
        )
        _driver(connection).execute(password)
        _driver(connection).execute(
            sql.SQL("ALTER ROLE {} SET search_path = {}").format(sql.Identifier(role), sql.Identifier(service))
        )
        for name, value in timeouts.items():
            _driver(connection).execute(
                sql.SQL("ALTER ROLE {} SET {} = {}").format(sql.Identifier(role), sql.Identifier(name), sql.Literal(value))
            )
    database = connection.scalar(text("SELECT current_database()"))
    _execute(connection, "REVOKE ALL ON DATABASE {} FROM PUBLIC", database)
    _execute(connection, "GRANT CONNECT ON DATABASE {} TO {}, {}", database, web, worker)
    _execute(connection, "GRANT {} TO CURRENT_USER", owner)
    _execute(connection, "GRANT {} TO {}", web, worker)


def _make_schema(connection: Connection, service: str) -> None:
    owner, web, worker = _roles(service)
    _execute(connection, "CREATE SCHEMA IF NOT EXISTS {} AUTHORIZATION {}", service, owner)
    _execute(connection, "GRANT USAGE ON SCHEMA {} TO {}, {}", service, web, worker)
    for kind, rights in (
        ("TABLES", "SELECT, INSERT, UPDATE, DELETE"),
        ("SEQUENCES", "USAGE, SELECT"),
        ("FUNCTIONS", "EXECUTE"),
    ):
        prefix = "ALTER DEFAULT PRIVILEGES FOR ROLE {} IN SCHEMA {} "
        _execute(connection, prefix + f"GRANT {rights} ON {kind} TO {{}}, {{}}", owner, service, web, worker)


def _roles(service: str) -> tuple[str, str, str]:
    return f"{service}_owner", service, f"{service}_system"


def _act_as_owner(connection: Connection, service: str) -> None:
    connection.execute(text("SELECT pg_advisory_xact_lock(hashtext(:key))"), {"key": f"tutti schema {service}"})
    _execute(connection, "SET LOCAL ROLE {}", f"{service}_owner")
    _execute(connection, "SET LOCAL search_path = {}", service)
    connection.dialect.default_schema_name = service


def _set_administrators_search_path(connection: Connection) -> None:
    """So that seed 004's `psql -U postgres -c "\\dt"` shows every service's tables."""
    schemas = sql.SQL(", ").join(sql.Identifier(name) for name in (*services.names(), "public"))
    database = sql.Identifier(str(connection.scalar(text("SELECT current_database()"))))
    _driver(connection).execute(
        sql.SQL("ALTER ROLE CURRENT_USER IN DATABASE {} SET search_path = {}").format(database, schemas)
    )


def _execute(connection: Connection, statement: str, *identifiers: Any) -> None:
    quoted = [sql.Identifier(str(each)) for each in identifiers]
    _driver(connection).execute(sql.SQL(statement).format(*quoted))


def _driver(connection: Connection) -> Any:
    return connection.connection.driver_connection


def _config(connection: Connection, service: str) -> Config:
    config = Config()
    config.set_main_option("script_location", str(ALEMBIC))
    config.set_main_option("version_locations", str(services.FOLDER / service / "migrations"))
    config.set_main_option("path_separator", "os")
    config.attributes.update(connection=connection, service=service)
    return config


def main(arguments: list[str]) -> None:
    """The command line described above."""
    logs.start("migrations", "INFO")
    settings = MigrationSettings.load()
    url, secret = settings.database_url.get_secret_value(), settings.app_secret.get_secret_value().encode()
    if arguments[:1] == ["revision"]:
        _, service, words = arguments
        engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://", 1))
        with engine.begin() as connection:
            _act_as_owner(connection, service)
            command.revision(_config(connection, service), words, autogenerate=True)
    elif arguments == ["roles"]:
        make_roles(url, secret)
    else:
        run(url, secret)


if __name__ == "__main__":
    main(sys.argv[1:])
