"""Where the bytes of files just played are: players ask for ranges in bursts, and a transaction took half the time of each.

A row is kept for a second, or until this process deletes the file: from then on nobody who asks this process is given it. What
another process deletes (a replica, or the worker on an event) is read out here for a second more at most; so it is for a reader
to whom a file was shown and is shown no more.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Collection
from uuid import UUID

from sqlalchemy import Engine

from services.media.library import readers
from services.media.library.files import Row
from shared import db as database

KEPT_SECONDS = 1.0
AT_MOST = 1_000  # rows


class Places:
    """Rows of `files.bytes_of`, by reader and file. Threads may share it."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[UUID, UUID], tuple[float, Row]] = OrderedDict()
        self._forgotten = 0  # how many times something was: a row that was read before that is not kept after it
        self._lock = threading.Lock()

    def find(self, engine: Engine, file_id: UUID, *, user_id: UUID) -> Row:
        """The row of a file that this user may read, as it was at most a second ago. Raises NoSuchFile.

        It is read in a transaction that is over when this returns. Its `user_id` is the owner's.
        """
        kept = self.kept(file_id, user_id=user_id)
        if kept is not None:
            return kept
        forgotten = self._forgotten
        with database.transaction(engine, user_id=user_id) as db:
            row = readers.bytes_of(db, file_id, user_id=user_id)
        with self._lock:
            if forgotten == self._forgotten:
                self._kept[user_id, file_id] = (time.monotonic() + KEPT_SECONDS, row)
            while len(self._kept) > AT_MOST:
                self._kept.popitem(last=False)
        return row

    def kept(self, file_id: UUID, *, user_id: UUID) -> Row | None:
        """The same where it is kept, without any I/O; None where it has to be read."""
        until, row = self._kept.get((user_id, file_id), (0.0, {}))
        return row if time.monotonic() < until else None

    def forget(self, file_ids: Collection[UUID]) -> None:
        """They are deleted, and that is committed: for their owner and for everybody else."""
        gone = set(file_ids)
        with self._lock:
            self._forgotten += 1
            for place in [place for place in self._kept if place[1] in gone]:
                del self._kept[place]
