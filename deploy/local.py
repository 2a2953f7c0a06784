"""Run all of Tutti on this machine, without Docker: `make run`, or `python -m deploy.local`.

Postgres and the object store start together, then migrations run, then every service, every worker and the gateway start at
once. From then on whatever dies is started again, until Ctrl-C or SIGTERM stops all in the opposite order. All state is under
`TUTTI_HOME`:

    secrets/  what only one process may read        logs/   one file a process        data/  scratch folders of the services
    postgres/ store/  what must be backed up        run/    lock, stack.json: who runs where, kept true at every restart
"""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from subprocess import PIPE
from typing import TextIO

from deploy import environments, gateway, inside, leftovers, lock, ports, reloading, secrets
from deploy.logs import Logs
from deploy.object_store import NAME as STORE
from deploy.object_store import ObjectStore
from deploy.postgres_server import NAME as POSTGRES
from deploy.postgres_server import PostgresServer
from deploy.processes import ROOT, Process, Supervisor
from deploy.secrets import Database
from deploy.settings import Settings, Unusable
from shared import services
from shared.processes import die_with_parent

PATIENCE_SECONDS = 60  # a cold first start took a quarter of it; then we say who is missing, and go on waiting
POLL_SECONDS = 0.1
MIGRATE = [sys.executable, "-m", "shared.migrations"]
HTTP_OK = 200
ANY = ("0.0.0.0", "::")  # noqa: S104 -- only compared with
JSON = "-H 'Content-Type: application/json'"
FIRST_ADMIN = "services.auth.first_admin"
NEWCOMER = '{"email": "ada@example.com", "password": "a quiet minuet"}'
SIGN_IN = '{"username": "ada@example.com", "password": "a quiet minuet"}'


class Stack:
    """One copy of Tutti: its ports, chosen for this run, its secrets and its processes."""

    def __init__(self, settings: Settings) -> None:
        self.settings, self.home, self.names = settings, settings.home, services.names()
        self.began = time.monotonic()
        self.logs = Logs(self.home / "logs")
        self.supervisor = Supervisor(self.logs, self._write_stack)
        postgres, store, alt, *inner = ports.free(3 + len(self.names))
        self.web_ports = dict(zip(self.names, inner, strict=True))
        self.alt_port = settings.alt_port or alt  # without a second door, nobody is told where it is
        folder = self.home / "secrets"
        masters = secrets.make(folder, settings.chosen)
        managed = settings.chosen.get(secrets.DATABASE_URL)
        self.postgres = (
            None if managed else PostgresServer(self.home / "postgres", postgres, masters[secrets.POSTGRES_PASSWORD])
        )
        database = (
            Database.embedded(self.postgres.where, self.postgres.password) if self.postgres else Database.managed(managed or "")
        )
        secrets.deal(folder, masters, database, settings.chosen)
        key = (folder / "store" / "rclone_auth_key").read_text()
        self.store = (
            None
            if settings.chosen.get("S3_ENDPOINT")
            else ObjectStore(Path(settings.chosen.get("STORAGE_PATH") or self.home / "store"), store, key)
        )

    async def run(self) -> None:
        """Start everything, say so, and keep it up until cancelled; then stop it in order."""
        try:
            await self._prepare()
            await asyncio.gather(*(self.supervisor.start(process) for process in (*self._services(), self._gateway())))
            await self._until_ready()
            self._greet()
            await self._show_who_may_begin()
            if self.settings.reload in self.names:
                await reloading.reload(self.settings.reload, self.supervisor, self.logs)
            await asyncio.Event().wait()
        finally:
            await self._stop()

    async def migrate(self) -> None:
        """Start no more than the migrations need, run them, stop."""
        try:
            await self._prepare()
        finally:
            await self._stop()

    async def _prepare(self) -> None:
        await asyncio.gather(*(server.start(self.supervisor) for server in (self.postgres, self.store) if server))
        if await self.supervisor.run(Process("migrations", MIGRATE, self._environment("migrations"))):
            raise Unusable(f"the migrations failed; their own words are above and in {self.home / 'logs' / 'migrations.log'}.")

    async def _stop(self) -> None:
        self.logs.show("Stopping.")
        workers = [f"{name}-worker" for name in self.names]
        await self.supervisor.stop([gateway.NAME], self.names, workers, [STORE], [POSTGRES])
        (self.home / "run" / "stack.json").unlink(missing_ok=True)

    def _services(self) -> list[Process]:
        python = sys.executable
        web = [
            Process(name, [python, "-m", "shared.serve", name], self._environment(name, port), port)
            for name, port in self.web_ports.items()
        ]
        return web + [
            Process(f"{name}-worker", [python, "-m", "shared.worker", name], self._environment(f"{name}-worker"))
            for name in self.names
        ]

    def _gateway(self) -> Process:
        addresses = (
            _address(self.settings.bind, self.settings.port),
            _address(self.settings.bind if self.settings.alt_port else ports.LOOPBACK, self.alt_port),
        )
        chosen = {**self.settings.chosen, leftovers.MARK: str(self.home)}
        return gateway.process(self.home / "run" / "traefik.yml", addresses, self.settings.trusted, self._urls(), chosen)

    def _environment(self, process: str, port: int = 0) -> Mapping[str, str]:
        """What the operator set, without the secrets; and above it what this machine decides."""
        told = environments.of(self.settings, process, port=port) | self._urls()
        if told["SERVICE_NAME"] != secrets.STORE_OWNER:
            told.pop("S3_ENDPOINT", None)
        elif self.store:
            told["S3_ENDPOINT"] = self.store.url
        return told

    def _urls(self) -> dict[str, str]:
        return {f"{name.upper()}_URL": f"http://{ports.LOOPBACK}:{port}" for name, port in self.web_ports.items()}

    async def _until_ready(self) -> None:
        """Return once each service is ready and reached through the gateway. Tells, after a while, what is missing."""
        host = _reachable(self.settings.bind)
        questions = [(ports.LOOPBACK, port, "/ready") for port in self.web_ports.values()]
        questions += [(host, self.settings.port, f"/health/{name}") for name in self.names]
        clock = asyncio.get_running_loop()
        deadline = clock.time() + PATIENCE_SECONDS
        while True:
            answers = await asyncio.gather(*(ports.get(*question) for question in questions))
            missing = [
                f"{path} of port {port}: {status or 'no answer'} {body}"
                for (_, port, path), (status, body) in zip(questions, answers, strict=True)
                if status != HTTP_OK
            ]
            if not missing:
                return
            if clock.time() > deadline:
                self.logs.show("Still waiting for " + "; ".join(missing))
                deadline += PATIENCE_SECONDS
            await asyncio.sleep(POLL_SECONDS)

    def _greet(self) -> None:
        url, alt = self.settings.public_url, self.settings.alt_port
        self.logs.show(
            f"\nTutti is ready after {time.monotonic() - self.began:.1f} s: {url}{f' (and port {alt})' if alt else ''}\n"
            f"  documentation  {url}/docs\n"
            f"  data and logs  {self.home}\n"
            f"  try            curl {url}/health\n"
            f"                 curl {JSON} -d '{NEWCOMER}' {url}/api/register\n"
            f"                 curl {JSON} -d '{SIGN_IN}' {url}/api/login_check\n"
            f"  Ctrl-C stops everything.\n"
        )

    async def _show_who_may_begin(self) -> None:
        """While there is no administrator: how to become the first. It holds a secret, so it is shown and written nowhere."""
        command, told = inside.command(FIRST_ADMIN), self._environment("auth-worker")
        asked = await asyncio.create_subprocess_exec(*command, env=told, stdout=PIPE, stderr=PIPE)
        shown, refused = await asked.communicate()
        if shown or asked.returncode:
            self.logs.show((shown or refused).decode(errors="replace"))

    def _write_stack(self, processes: Sequence[Process]) -> None:
        """Keep `run/stack.json` true. It is replaced whole, so that a reader never sees half of it."""
        host = _reachable(self.settings.bind)
        running = {process.name: {"pid": process.child.pid, "port": process.port} for process in processes if process.child}
        stack = {
            "gateway": f"http://{host}:{self.settings.port}",
            "alt": f"http://{host}:{self.alt_port}",
            "processes": running,
        }
        made = self.home / "run" / "stack.new"
        made.write_text(json.dumps(stack, indent=2))
        made.replace(made.with_suffix(".json"))


def main(words: Sequence[str]) -> None:
    """Run until told to stop; or only `migrate`. What keeps it from starting is one line on standard error, and status 1."""
    os.chdir(ROOT)
    try:
        settings = Settings.read()
        file = environments.made(settings.home / "run") / "lock"
        if list(words) == ["migrate"] and lock.is_held(file):
            environment = {**os.environ, "SECRETS_DIR": str(settings.home / "secrets" / "migrations")}
            sys.exit(subprocess.run(MIGRATE, env=environment, check=False).returncode)
        if "MAKELEVEL" in os.environ:
            die_with_parent(signal.SIGTERM)  # a killed `make run` stops what it started
        with lock.hold(file) as held:
            leftovers.clear(settings.home / "run" / "stack.json", settings.home)
            _refuse_busy_ports(settings)
            asyncio.run(_run(settings, held, only_migrate=list(words) == ["migrate"]))
    except (Unusable, secrets.Unfit) as reason:
        sys.exit(f"Tutti cannot start: {reason}")


async def _run(settings: Settings, held: TextIO, *, only_migrate: bool) -> None:
    stack = Stack(settings)
    running = asyncio.create_task(stack.migrate() if only_migrate else stack.run())
    told: list[bool] = []

    def stop() -> None:
        if told:
            stack.supervisor.kill()
        told.append(True)
        lock.tell(held, lock.STOPPING)
        running.cancel()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, stop)
    with suppress(asyncio.CancelledError):
        await running


def _refuse_busy_ports(settings: Settings) -> None:
    for name, port, none in (("TUTTI_PORT", settings.port, ""), ("TUTTI_ALT_PORT", settings.alt_port, ", or 0 for none")):
        if port and not ports.is_free(settings.bind, port):
            raise Unusable(f"port {port} is taken. Stop what uses it, or choose another: {name}={port + 1} make run{none}.")
    if settings.port == settings.alt_port:
        raise Unusable("TUTTI_PORT and TUTTI_ALT_PORT are the same.")


def _reachable(bind: str) -> str:
    return ports.LOOPBACK if bind in ANY else bind


def _address(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


if __name__ == "__main__":
    main(sys.argv[1:])
