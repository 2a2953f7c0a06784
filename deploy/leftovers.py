"""What a `make run` that was killed may have left running, by what it wrote down in `run/stack.json`."""

import json
import os
import signal
from contextlib import suppress
from pathlib import Path

import psutil

MARK = "TUTTI_HOME"  # set for every process of a stack; a stranger who got an old number does not have ours


def clear(stack: Path, home: Path) -> None:
    """End every process group that `stack` names and that is still ours, but not Postgres, which has its own sweep."""
    try:
        named = json.loads(stack.read_text())["processes"]
        groups = {entry["pid"] for entry in named.values()}
    except (OSError, ValueError, KeyError, TypeError):
        return
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            if os.getpgid(process.pid) in groups and process.environ().get(MARK) == str(home):
                os.kill(process.pid, signal.SIGKILL)
    stack.unlink()
