"""Start the web process of a service: `python -m shared.serve media`.

It refuses a port that already answers. On SIGTERM `/health` says 503 for `DRAIN_SECONDS`, so that the gateway stops
sending, then the server finishes what is in flight, at most `STOP_SECONDS`. The process dies with its parent, and its
server process with it.
"""

import importlib
import logging
import os
import sys
import threading
from pathlib import Path
from typing import Any

from granian.constants import Interfaces, Loops
from granian.http import HTTP1Settings
from granian.server.mp import MPServer

from shared import logs, processes, services
from shared.config import Settings

IDLE_MS = 100_000  # longer than the gateway keeps a connection (90 s): one it is about to use would be closed under it, a 502
BUFFER_BYTES = 64 * 1024  # of one connection: four of the largest heads that the gateway lets through; a paused player keeps it
BLOCKING_THREADS = 16  # for WSGI: requests in Python at once, of which argon2 takes two
BACKLOG = 1024  # connections the kernel queues during a restart


class DrainingServer(MPServer):
    """granian, which would refuse connections from the first moment of SIGTERM, with a pause before."""

    def __init__(self, *arguments: Any, drain_flag: Path, drain_seconds: float, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._drain_flag = drain_flag
        self._drain_seconds = drain_seconds
        self._stopping: threading.Timer | None = None

    def signal_handler_interrupt(self, *arguments: Any, **options: Any) -> None:
        """First signal: drain, then stop. Second signal: stop now."""
        if self._stopping:
            self._stopping.cancel()
            super().signal_handler_interrupt()  # type: ignore[no-untyped-call]
            return
        self._drain_flag.touch()
        self._stopping = threading.Timer(self._drain_seconds, super().signal_handler_interrupt)
        self._stopping.daemon = True
        self._stopping.start()


def main(service: str) -> None:
    """Serve `service` until a signal ends it. Exits with 1 and one line where the port is taken or there is no such service."""
    if service not in services.names():
        raise SystemExit(f"{service} is not a service; there are {', '.join(services.names())}")
    os.environ.setdefault("SERVICE_NAME", service)
    settings = Settings.load()
    if processes.answers(settings.host, settings.port):
        raise SystemExit(f"port {settings.port} is taken: something already answers there, so {service} does not start")
    processes.die_with_parent()
    processes.give_memory_back()
    settings.run_dir.mkdir(parents=True, exist_ok=True)
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    flag = settings.drain_flag
    flag.unlink(missing_ok=True)
    interface = Interfaces(getattr(importlib.import_module(f"services.{service}"), "INTERFACE", "asgi"))
    # Sixteen threads on two cores mostly wait, for Postgres and for argon2's turn; granian warns of them at every start.
    logging.getLogger("_granian").addFilter(lambda record: "Python threads" not in record.getMessage())
    DrainingServer(
        f"services.{service}.app:create",
        factory=True,
        address=settings.host,
        port=settings.port,
        interface=interface,
        loop=Loops.asyncio if interface is Interfaces.WSGI else Loops.uvloop,
        workers=1,
        blocking_threads=BLOCKING_THREADS if interface is Interfaces.WSGI else None,
        backlog=BACKLOG,
        websockets=interface is Interfaces.ASGI,
        http1_settings=HTTP1Settings(header_read_timeout=IDLE_MS, max_buffer_size=BUFFER_BYTES),
        workers_kill_timeout=settings.stop_seconds,
        respawn_failed_workers=True,
        process_name=None,
        log_dictconfig={"formatters": {name: {"()": logs.formatter, "service": service} for name in ("generic", "access")}},
        drain_flag=flag,
        drain_seconds=settings.drain_seconds,
    ).serve()


if __name__ == "__main__":
    main(sys.argv[1])
