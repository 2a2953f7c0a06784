"""What is done once and ends: it cleans up where a signal ends it, and says in one line why it could not be done."""

import asyncio
import os
import shutil
import signal
import sys
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from deploy.processes import ROOT
from deploy.secrets import Unfit
from deploy.settings import Unusable
from shared.processes import die_with_parent

UNFINISHED = ".unfinished"
CLOSED_TO_OTHERS = 0o077


def run(errand: Coroutine[Any, Any, None]) -> None:
    """Do it. Paths are meant from the repository's folder, and what is written is for its owner's eyes alone."""
    os.chdir(ROOT)
    os.umask(CLOSED_TO_OTHERS)
    if "MAKELEVEL" in os.environ:
        die_with_parent(signal.SIGTERM)  # a killed `make` stops what it started
    try:
        asyncio.run(_until_told(errand))
    except asyncio.CancelledError:
        sys.exit("Stopped. Nothing was kept.")
    except (Unusable, Unfit, OSError) as reason:
        sys.exit(f"That was not done: {reason}")


@contextmanager
def appearing(folder: Path) -> Iterator[Path]:
    """A new folder that gets its name once it is whole and on the disk; where that fails, nothing of it is left.

    `folder` may exist if it is empty. Raises Unusable where something is in the way.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise Unusable(f"{folder} is not empty.")
    if folder.is_mount():
        raise Unusable(f"{folder} is where a disk is mounted, and cannot be put in place whole; choose a folder below it.")
    made = folder.with_name(f"{folder.name}{UNFINISHED}")
    try:
        made.mkdir(mode=0o700, parents=True)
    except FileExistsError as reason:
        raise Unusable(f"{made} is in the way: it is being written, or what wrote it was killed; then remove it.") from reason
    try:
        yield made
        os.sync()
        made.rename(folder)
    except BaseException:
        shutil.rmtree(made, ignore_errors=True)
        raise


async def _until_told(errand: Coroutine[Any, Any, None]) -> None:
    task = asyncio.current_task()
    assert task is not None
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    await errand
