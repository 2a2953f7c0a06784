"""Run a command of a service inside a running Tutti: `python -m deploy.inside services.auth.first_admin`.

It gets the settings and the secrets of that service's worker. What it says goes to this terminal and into no log.
"""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from deploy import environments, lock, ports, secrets
from deploy.object_store import NAME as STORE
from deploy.processes import ROOT
from deploy.settings import Settings, Unusable


def command(module: str, words: Sequence[str] = ()) -> list[str]:
    """The command line of a module of ours."""
    return [sys.executable, "-m", module, *words]


def main(words: Sequence[str]) -> None:
    """Run it; its exit status is ours. Paths among the words are meant from where the person is."""
    module, *others = words
    try:
        settings = Settings.read()
        if not lock.is_held(settings.home / "run" / "lock"):
            raise Unusable(f"no Tutti runs in {settings.home}; start it first: make run.")
        environment = environments.of(settings, f"{module.split('.')[1]}-worker") | _store(settings.home)
        if environment["SERVICE_NAME"] != secrets.STORE_OWNER:
            environment.pop("S3_ENDPOINT", None)
    except (Unusable, OSError) as reason:
        sys.exit(f"That was not done: {reason}")
    there = {"PYTHONPATH": str(ROOT)}
    sys.exit(subprocess.run(command(module, others), env={**os.environ, **environment, **there}, check=False).returncode)


def _store(home: Path) -> dict[str, str]:
    """Where the embedded object store listens in this run; nothing where there is none."""
    running = json.loads((home / "run" / "stack.json").read_text())["processes"].get(STORE)
    return {"S3_ENDPOINT": f"http://{ports.LOOPBACK}:{running['port']}"} if running else {}


if __name__ == "__main__":
    main(sys.argv[1:])
