"""Our own Postgres: the binaries of the wheel, run as our child on a loopback port, healed before every start.

Nothing else of the wheel is used: its own starter trusts every local user, cannot restart a killed server and opens up folders.
The order of things here was measured: a busy orphan of a killed server, or a stale pid file whose number lives on, blocks the
next start for ever.
"""

import asyncio
import os
import shutil
import signal
import time
from contextlib import suppress
from pathlib import Path

import psutil
import psycopg
from psycopg import sql

from deploy.ports import LOOPBACK
from deploy.postgres_account import MAJOR, Account
from deploy.processes import Supervisor
from deploy.settings import Unusable

DATABASE = "tutti"
NAME = "postgres"
MAX_CONNECTIONS = 200  # six services, each with a pool of 8 for the web, 8 and 6 for the worker, and room for an operator
SHARED_BUFFERS = "64MB"  # measured: enough for a household, and counted in the stack's memory bar
STOP_SECONDS = 10  # a fast shutdown took 0.06 s; after a large checkpoint it may take longer
READY_SECONDS = 60  # crash recovery after heavy writing
POLL_SECONDS = 0.02


class PostgresServer:
    """One server, its data in `folder/data`, its administrator `postgres` with `password`."""

    def __init__(self, folder: Path, port: int, password: str) -> None:
        self.folder, self.port, self.password = folder, port, password
        self.where = f"{LOOPBACK}:{port}/{DATABASE}"

    async def start(self, supervisor: Supervisor) -> None:
        """Make the data folder at the first run, start the server, make the database. Returns when it accepts connections."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        account = Account.over(self.folder)
        if not (self.folder / "data").exists():
            await self._initialise(supervisor, account)
        found = (self.folder / "data" / "PG_VERSION").read_text().strip()
        if found != MAJOR:
            raise Unusable(
                f"{self.folder}/data was made by Postgres {found}, and this is {MAJOR}: restore it, or set DATABASE_URL."
            )
        server = account.process(NAME, "postgres", "-D", f"{account.path}/data", "-p", str(self.port))
        server.port, server.heal = self.port, self._sweep
        server.stop_signal = server.orphan_signal = signal.SIGINT  # a fast shutdown: ends sessions, writes a checkpoint
        server.stop_seconds = STOP_SECONDS
        await supervisor.start(server)
        await self._make_database()

    async def _initialise(self, supervisor: Supervisor, account: Account) -> None:
        """Run initdb into a folder that gets its name when it is whole, so that a killed start leaves nothing half made."""
        shutil.rmtree(self.folder / "new", ignore_errors=True)
        words = self.folder / "words"
        words.unlink(missing_ok=True)
        with os.fdopen(os.open(words, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
            out.write(self.password)
        account.give(words)
        settings = {
            "listen_addresses": LOOPBACK,
            "unix_socket_directories": "",  # no socket, so no limit on the length of its path
            "max_connections": str(MAX_CONNECTIONS),
            "shared_buffers": SHARED_BUFFERS,
            "log_checkpoints": "off",
        }
        arguments = [
            *("-D", f"{account.path}/new", "-U", "postgres", "--auth=scram-sha-256", f"--pwfile={account.path}/words"),
            *("--encoding=utf8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C", "--no-instructions"),
            *(word for name, value in settings.items() for word in ("-c", f"{name}={value}")),
        ]
        try:
            status = await supervisor.run(account.process("initdb", "initdb", *arguments))
        finally:
            words.unlink()
        if status:
            raise Unusable(f"Postgres could not make its data folder {self.folder}/data; its own words are in logs/initdb.log.")
        (self.folder / "new").rename(self.folder / "data")

    async def _make_database(self) -> None:
        address = psycopg.conninfo.make_conninfo(
            host=LOOPBACK, port=self.port, user="postgres", password=self.password, dbname="postgres"
        )
        deadline = time.monotonic() + READY_SECONDS
        while True:
            try:
                connection = await psycopg.AsyncConnection.connect(address, autocommit=True)
                break
            except psycopg.OperationalError as reason:
                if "password authentication failed" in str(reason):
                    raise Unusable(
                        f"POSTGRES_PASSWORD is not the one that {self.folder}/data was made with; set it back."
                    ) from reason
                if time.monotonic() > deadline:
                    raise Unusable(f"Postgres does not accept connections: {reason}") from reason
                await asyncio.sleep(POLL_SECONDS)
        async with connection:
            found = await connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE])
            if await found.fetchone() is None:
                await connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))

    async def _sweep(self) -> None:
        """End every process of an earlier server on this data folder, then remove its pid file."""
        data = self.folder / "data"
        postmaster = _postmaster(data)
        left = _living_in(data)
        for process in left:
            if process.pid == postmaster:
                with suppress(psutil.NoSuchProcess):
                    process.send_signal(signal.SIGINT)
        deadline = asyncio.get_running_loop().time() + STOP_SECONDS
        while any(process.pid == postmaster for process in left) and asyncio.get_running_loop().time() < deadline:
            await asyncio.sleep(POLL_SECONDS)
            left = _living_in(data)
        for process in left:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        while _living_in(data):
            await asyncio.sleep(POLL_SECONDS)
        (data / "postmaster.pid").unlink(missing_ok=True)


def _postmaster(data: Path) -> int | None:
    try:
        return int((data / "postmaster.pid").read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return None


def _living_in(data: Path) -> list[psutil.Process]:
    """The living processes named postgres that work in this very folder, zombies aside."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            if process.name() == "postgres" and process.status() != psutil.STATUS_ZOMBIE and Path(process.cwd()) == data:
                found.append(process)
    return found
