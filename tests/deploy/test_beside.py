"""What one does beside a running Tutti: migrate it, and work on one of its services."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from deploy import reloading
from deploy.logs import Logs
from deploy.processes import Process, Supervisor
from tests.stack import ROOT, Stack

CHANGE_SECONDS = 8  # until a saved file is noticed and a child has imported it, on two busy cores


def test_a_running_tutti_is_migrated_beside_itself(stack: Stack) -> None:
    before = stack.processes()
    environment = os.environ | {"TUTTI_HOME": str(stack.home)}

    migrated = subprocess.run(
        [sys.executable, "-m", "deploy.local", "migrate"], cwd=ROOT, env=environment, capture_output=True, text=True
    )

    assert migrated.returncode == 0, migrated.stderr
    assert stack.processes() == before


def test_a_second_tutti_in_the_same_home_is_one_line(stack: Stack) -> None:
    environment = os.environ | {"TUTTI_HOME": str(stack.home)}

    second = subprocess.run([sys.executable, "-m", "deploy.local"], cwd=ROOT, env=environment, capture_output=True, text=True)

    assert second.returncode == 1
    [line] = second.stderr.splitlines()
    assert "is in use by the Tutti of process" in line and "TUTTI_HOME" in line


def test_a_saved_change_is_loaded_and_a_broken_one_is_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app, loaded = tmp_path / "services" / "echo" / "app.py", tmp_path / "loaded"
    app.parent.mkdir(parents=True)
    (tmp_path / "shared").mkdir()
    app.write_text("")
    monkeypatch.setattr(reloading, "ROOT", tmp_path)
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)  # under nohup it is ignored, and a shell cannot trap what is
    environment = {"PATH": os.defpath, "PYTHONPATH": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"}
    serving = f"trap 'echo again >> {loaded}' HUP; while :; do sleep 0.05; done"

    async def work() -> list[str]:
        logs = Logs(tmp_path / "logs")
        supervisor = Supervisor(logs, lambda processes: None)
        for name in ("echo", "echo-worker"):
            await supervisor.start(Process(name, ["sh", "-c", serving], environment, stop_seconds=1, folder=tmp_path))
        reload = asyncio.create_task(reloading.reload("echo", supervisor, logs))
        told = tmp_path / "logs" / "tutti.log"
        try:
            await asyncio.sleep(0.5)  # until it watches
            for text, expected in (("syntax error here", "the old code stays"), ("fine = True", "echo reloaded")):
                app.write_text(text)
                async with asyncio.timeout(CHANGE_SECONDS):
                    while not told.exists() or expected not in told.read_text():
                        await asyncio.sleep(0.05)
            async with asyncio.timeout(CHANGE_SECONDS):
                while not loaded.exists():  # the shell gets to its trap when its sleep has ended
                    await asyncio.sleep(0.05)
        finally:
            reload.cancel()
            await supervisor.stop(["echo", "echo-worker"])
        return told.read_text().splitlines()

    try:
        said = asyncio.run(work())
    finally:
        signal.signal(signal.SIGHUP, before)

    assert loaded.read_text() == "again\n"
    assert [line.partition("echo-worker ended ")[1] != "" for line in said].count(True) == 1
