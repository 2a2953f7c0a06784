"""Hot objects as local files: a second play leaves by the kernel, without the object store.

Bounded by `CACHE_BYTES`, least recently played first out. One background thread fills it, after the first play has ended, and
a file appears by a rename, so it is whole or absent. A full disk only means that nothing new is kept.

Deleted means deleted: whoever deletes a file removes its copy after the commit, the thread looks after each rename whether the
file is still there, and so one of the two finds the copy; the worker's sweep finds what a killed process left. What such a
process had half copied goes at the next start.
"""

import os
import queue
import shutil
import threading
import time
from collections.abc import Collection, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from services.media.library import files
from services.media.store import Store
from shared import db as database
from shared.errors import Problem
from shared.logs import log

WAITING = 32  # files that may wait to be fetched; more are left for their next play
LARGEST_SHARE = 4  # a file larger than a quarter of the cache would push everything else out
KEPT_SECONDS = 60  # nothing played so recently is removed for room: a response may be about to open it
ID_CHARACTERS = 36  # with which the name of a copy begins
FREE_BYTES = 512 * 1024 * 1024  # of the disk, that the cache never takes
FILLING = ".filling"


class Cache:
    """The local copies of one process group; several replicas have one each."""

    def __init__(self, folder: Path, store: Store, engine: Engine, *, size_bytes: int) -> None:
        self._folder, self._store, self._engine, self._size_bytes = folder, store, engine, size_bytes
        folder.mkdir(parents=True, exist_ok=True)
        for half_made in folder.glob(f"*{FILLING}"):
            _remove(half_made)
        self._asked: queue.Queue[Mapping[str, Any] | None] = queue.Queue(WAITING)
        self._names: set[str] = set()  # asked for and not yet there
        self._thread = threading.Thread(target=self._run, name="cache", daemon=True)
        self._thread.start()

    def find(self, file: Mapping[str, Any]) -> Path | None:
        """The local copy, marked as just used, or None. `file` is a row of `files.bytes_of`."""
        path = self._path(file)
        try:
            os.utime(path)
        except OSError:
            return None
        return path

    def want(self, file: Mapping[str, Any]) -> None:
        """Have a copy made soon, if it fits."""
        name = self._path(file).name
        if file["file_size"] * LARGEST_SHARE > self._size_bytes or name in self._names:
            return
        try:
            self._names.add(name)
            self._asked.put_nowait(file)
        except queue.Full:
            self._names.discard(name)

    def drop(self, file_ids: Collection[UUID]) -> None:
        """Remove all copies of files that were deleted; one that is being made just now goes once it is made."""
        remove(self._folder, file_ids)

    def close(self) -> None:
        """End the thread once it has finished what it is at."""
        with suppress(queue.Full):
            self._asked.put_nowait(None)

    def _path(self, file: Mapping[str, Any]) -> Path:
        return self._folder / f"{file['id']}-{file['sha256'][:16]}"

    def _run(self) -> None:
        while (file := self._asked.get()) is not None:
            path = self._path(file)
            filling = path.with_suffix(FILLING)
            try:
                if not path.exists() and self._make_room(file["file_size"]):
                    with filling.open("wb") as copy:
                        self._store.copy_to(copy, file["bucket"], file["object_key"], size_bytes=file["file_size"])
                    filling.rename(path)
                    if not self._is_still_there(file):
                        path.unlink(missing_ok=True)
            except (Problem, OSError, SQLAlchemyError) as reason:
                log(__name__).warning("cache.not_filled", reason=repr(reason)[:200])
                for each in (filling, path):
                    _remove(each)
            finally:
                self._names.discard(path.name)

    def _is_still_there(self, file: Mapping[str, Any]) -> bool:
        with database.transaction(self._engine, user_id=file["user_id"]) as db:
            return bool(files.playable(db, [file["id"]], user_id=file["user_id"]))

    def _make_room(self, size_bytes: int) -> bool:
        kept = sorted((each.stat().st_mtime, each.stat().st_size, each) for each in self._folder.iterdir() if each.is_file())
        excess = sum(size for _, size, _ in kept) + size_bytes - self._size_bytes
        for used_at, size, path in kept:
            if excess <= 0:
                break
            if used_at < time.time() - KEPT_SECONDS:
                path.unlink(missing_ok=True)
                excess -= size
        return excess <= 0 and shutil.disk_usage(self._folder).free - size_bytes > FREE_BYTES


def _remove(copy: Path) -> None:
    """On a disk that fails it may stay, half made and never shown."""
    with suppress(OSError):
        copy.unlink()


def copied(folder: Path) -> set[UUID]:
    """The files that have copies in a cache's folder; for other processes than the one that makes them."""
    found = set()
    for each in folder.iterdir() if folder.is_dir() else ():
        with suppress(ValueError):
            found.add(UUID(each.name[:ID_CHARACTERS]))
    return found


def remove(folder: Path, file_ids: Collection[UUID]) -> None:
    """Remove the copies of files that are deleted; may be repeated."""
    names = {str(each) for each in file_ids}
    for each in folder.iterdir() if names and folder.is_dir() else ():
        if each.name[:ID_CHARACTERS] in names:
            each.unlink(missing_ok=True)
