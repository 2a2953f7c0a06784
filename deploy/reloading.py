"""Work on one service while everything runs: `make run SERVICE=media RELOAD=1`."""

import signal
import sys
from collections.abc import Sequence

from watchfiles import PythonFilter, awatch

from deploy.logs import Logs
from deploy.processes import ROOT, Process, Supervisor


async def reload(service: str, supervisor: Supervisor, logs: Logs) -> None:
    """Bring every saved change of the service, or of `shared/`, into the running process without a failed request.

    Code that does not import never reaches it: the server would end at the attempt.
    """
    web, worker = _named(service, supervisor.processes), _named(f"{service}-worker", supervisor.processes)
    async for _ in awatch(ROOT / "services" / service, ROOT / "shared", watch_filter=PythonFilter()):
        command = [sys.executable, "-c", f"import services.{service}.app"]
        check = Process("check", command, web.environment, folder=web.folder)
        if await supervisor.run(check):
            logs.write("tutti", f"{service} does not import, so the old code stays")
            continue
        supervisor.signal(web.name, signal.SIGHUP)
        supervisor.restart(worker.name)
        logs.write("tutti", f"{service} reloaded")


def _named(name: str, processes: Sequence[Process]) -> Process:
    return next(process for process in processes if process.name == name)
