"""Asking Postgres once, without the rest of Tutti: a server for a moment, pg_dump, pg_restore, and the migrations."""

import os
import sys
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from deploy import ports, postgres_account
from deploy.postgres_server import NAME, PostgresServer
from deploy.processes import Process, Supervisor
from deploy.secrets import Database
from deploy.settings import Unusable

CONNECT_SECONDS = 5
LOCK_WAIT = "60s"  # a migration may hold a table that long; waiting on would look like hanging


@asynccontextmanager
async def embedded(folder: Path, password: str, supervisor: Supervisor) -> AsyncIterator[Database]:
    """Our own Postgres over `folder`, for as long as the block lasts."""
    [port] = ports.free(1)
    server = PostgresServer(folder, port, password)
    try:
        await server.start(supervisor)
        yield Database.embedded(server.where, password)
    finally:
        await supervisor.stop([NAME])


def revisions(database: Database) -> dict[str, str]:
    """The Alembic revision of every service's schema that this database has, by the service's name.

    Raises Unusable where the database does not answer, or is one that our pg_dump cannot read whole.
    """
    try:
        with psycopg.connect(database.url, connect_timeout=CONNECT_SECONDS) as connection:
            if connection.info.server_version // 10_000 > int(postgres_account.MAJOR):
                raise Unusable(f"the database is newer than our tools, which are of Postgres {postgres_account.MAJOR}.")
            [[sees_all]] = connection.execute(
                "SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user"
            ).fetchall()
            if not sees_all:
                raise Unusable("the account of DATABASE_URL is under row-level security; give it BYPASSRLS.")
            schemas = connection.execute(
                "SELECT relnamespace::regnamespace::text FROM pg_class WHERE relname = 'alembic_version' AND relkind = 'r'"
            ).fetchall()
            return {schema: _revision(connection, schema) for (schema,) in sorted(schemas)}
    except psycopg.OperationalError as reason:
        raise Unusable(f"the database does not answer: {str(reason).strip().splitlines()[-1]}") from reason


def schemas(database: Database, names: Iterable[str]) -> list[str]:
    """Which of these schemas the database has."""
    with psycopg.connect(database.url, connect_timeout=CONNECT_SECONDS) as connection:
        found = connection.execute("SELECT nspname FROM pg_namespace WHERE nspname = ANY(%s)", [list(names)]).fetchall()
    return sorted(name for (name,) in found)


async def dump(database: Database, file: Path, supervisor: Supervisor) -> None:
    """Write the whole database to `file`, as it is at one instant; nobody who uses it has to wait."""
    arguments = ("--format=custom", f"--lock-wait-timeout={LOCK_WAIT}", f"--file={file}")
    await _run("pg_dump", arguments, database, supervisor)


async def restore(database: Database, file: Path, supervisor: Supervisor) -> None:
    """Fill an empty database, which knows the roles already, from what `dump` wrote; whole or not at all."""
    await _run("pg_restore", ("--exit-on-error", "--single-transaction", str(file)), database, supervisor)


async def migrate(secrets: Path, supervisor: Supervisor, *words: str) -> None:
    """Run `shared.migrations`, with the secrets in the folder `secrets`."""
    command = [sys.executable, "-m", "shared.migrations", *words]
    if await supervisor.run(Process("migrations", command, {"PATH": os.defpath, "SECRETS_DIR": str(secrets)})):
        raise Unusable("the migrations failed; their own words are above.")


async def _run(program: str, arguments: Iterable[str], database: Database, supervisor: Supervisor) -> None:
    where = {name: str(value) for name, value in conninfo_to_dict(database.url).items()}
    password = where.pop("password", "")  # in the environment, because every user can read the arguments of a process
    command = [str(postgres_account.program(program)), "--no-password", f"--dbname={make_conninfo(**where)}", *arguments]
    environment = {"PATH": os.defpath, "LC_ALL": "C", "PGPASSWORD": password}
    if await supervisor.run(Process(program, command, environment)):
        raise Unusable(f"{program} failed; its own words are above.")


def _revision(connection: psycopg.Connection[tuple[str, ...]], schema: str) -> str:
    table = sql.Identifier(schema, "alembic_version")
    [[revision]] = connection.execute(sql.SQL("SELECT version_num FROM {}").format(table)).fetchall()
    return revision
