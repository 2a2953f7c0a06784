"""The real thing for tests: `deploy.local` in a folder of its own, on free ports of 127.0.0.1, stopped at the end."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx2
from sqlalchemy import Engine

from deploy import ports
from shared import db, processes

ROOT = Path(__file__).resolve().parent.parent
START_SECONDS = 120  # a cold start on two busy cores
STOP_SECONDS = 40


class Stack:
    """A running Tutti. `url` is the front door, `alt_url` the second one."""

    def __init__(self, home: Path, *, root: Path = ROOT, **settings: str) -> None:
        self.home = home
        self.root = root
        port, alt_port = free_ports(2)
        self.url = f"http://127.0.0.1:{port}"
        self.alt_url = f"http://127.0.0.1:{alt_port}"
        self._settings = {"TUTTI_HOME": str(home), "TUTTI_PORT": str(port), "TUTTI_ALT_PORT": str(alt_port), **settings}
        self._process: subprocess.Popen[bytes] | None = None
        self._begun_at = 0.0
        self._is_told = False  # to stop
        self.output = home / "output.txt"

    def start(self) -> "Stack":
        """Start, and wait until it says that it is ready."""
        return self.begin().wait()

    def begin(self) -> "Stack":
        """Start, and wait for nothing. The thread that does this has to live as long as the stack is to."""
        self.home.mkdir(parents=True, exist_ok=True)
        inherited = {name: value for name, value in os.environ.items() if not name.endswith("_URL")}
        with self.output.open("wb") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "deploy.local"],
                cwd=self.root,
                env=inherited | self._settings,
                stdout=output,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                preexec_fn=lambda: processes.die_with_parent(signal.SIGINT),  # also where the test run is killed
            )
        self._begun_at, self._is_told = time.monotonic(), False
        return self

    def wait(self) -> "Stack":
        """Wait until it says that it is ready."""
        assert self._process is not None
        deadline = self._begun_at + START_SECONDS
        while not self.is_ready:
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"Tutti did not start:\n{self.output.read_text(errors='replace')[-6000:]}")
            time.sleep(0.05)
        return self

    @property
    def is_ready(self) -> bool:
        """Whether it has said so."""
        return "Tutti is ready" in self.output.read_text(errors="replace")

    def stop(self) -> None:
        """Stop as Ctrl-C does, and wait."""
        self.tell_to_stop()
        if self._process:
            try:
                self._process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                raise

    def tell_to_stop(self) -> None:
        """The same without waiting. It is told once: a second Ctrl-C would hurry it."""
        if self._process and self._process.poll() is None and not self._is_told:
            self._is_told = True
            self._process.send_signal(signal.SIGINT)

    def kill(self) -> None:
        """Kill the supervisor as `kill -9` does."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def processes(self) -> dict[str, dict[str, Any]]:
        """What runs, by name: its pid and, where it has one, its port."""
        found: dict[str, dict[str, Any]] = json.loads((self.home / "run" / "stack.json").read_text())["processes"]
        return found

    def service_url(self, name: str) -> str:
        """The address of a service itself, past the gateway."""
        return f"http://127.0.0.1:{self.processes()[name]['port']}"

    def secret(self, process: str, name: str) -> str:
        """A secret of one process, such as ("media-worker", "service_database_url")."""
        return (self.home / "secrets" / process / name).read_text().strip()

    def engine(self, process: str) -> Engine:
        """A database engine with the credentials of one process: "media" is the web role, "media-worker" the system role."""
        return db.make_engine(self.secret(process, "service_database_url"), pool_size=2, application_name="tests")

    def admin_url(self) -> str:
        """The administrator's address of the database."""
        return self.secret("migrations", "database_url")

    def wait_until_healthy(self, seconds: float = 15) -> float:
        """Wait until every service answers through the gateway; how long that took, in seconds."""
        started = time.monotonic()
        waiting = {name for name in self.processes() if f"{name}-worker" in self.processes()}
        while waiting:
            for name in sorted(waiting):
                try:
                    if httpx2.get(f"{self.url}/health/{name}", timeout=2).status_code == 200:
                        waiting.discard(name)
                except httpx2.TransportError:
                    pass
            if time.monotonic() - started > seconds:
                raise RuntimeError(f"{sorted(waiting)} did not come back within {seconds} s")
            time.sleep(0.05)
        return time.monotonic() - started


def free_ports(count: int) -> list[int]:
    """Ports of 127.0.0.1 that nothing uses just now, all different, and that no outgoing connection takes meanwhile."""
    return ports.free(count)
