"""Folders in which requests and jobs put what they need for a moment: one that is killed leaves it there."""

import time
from contextlib import suppress
from datetime import timedelta
from pathlib import Path


def sweep(folder: Path, *, untouched_for: timedelta) -> None:
    """Delete the files of a folder that nobody has written to for so long, and the folders in it that are empty as long.

    What its owner removes meanwhile is as good.
    """
    too_old = time.time() - untouched_for.total_seconds()
    for each in folder.rglob("*"):
        with suppress(FileNotFoundError):  # whoever it was of is done with it just now
            if each.is_file() and each.stat().st_mtime < too_old:
                each.unlink()
    for each in folder.iterdir():
        with suppress(FileNotFoundError):
            if each.is_dir() and each.stat().st_mtime < too_old and not any(each.iterdir()):
                each.rmdir()
