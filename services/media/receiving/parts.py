"""The body of one request of a resumable upload: cut into parts, each stored and then counted.

Everything here runs in threads. A part is an object first and a row afterwards, so what HEAD tells is there for good.
"""

from uuid import UUID

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from services.media.errors import ChecksumMismatch, StoreUnavailable, UploadTakenOver
from services.media.receiving import resumable
from services.media.receiving.protocol import Checksum
from services.media.receiving.resumable import Row
from services.media.receiving.spool import Spooled
from services.media.store import PART_BYTES
from services.media.tasks import joining
from services.media.world import World
from shared import db as database
from shared import ids
from shared.fastapi_app import reception
from shared.logs import log

PART_MIME_TYPE = "application/octet-stream"


class Parts:
    """Feed it with `write`, then `end`, or `keep` where the body broke off; `discard` whatever came of it."""

    def __init__(self, engine: Engine, world: World, upload: Row, holder: UUID, checksum: Checksum | None) -> None:
        self.upload = upload
        self._engine, self._world, self._holder = engine, world, holder
        self._checksum, self._digest = checksum, checksum.begin() if checksum else None
        self._number: int = upload["next_number"]
        self._waiting: list[tuple[int, str, int]] = []  # stored, and to count once their checksum is right
        self._spooled = self._fresh()

    def write(self, piece: bytes) -> None:
        """Take the next bytes; each 8 MiB are stored. Raises StoreUnavailable, UploadTakenOver."""
        if self._digest:
            self._digest.update(piece)
        left = memoryview(piece)
        while left:
            taken = left[: PART_BYTES - self._spooled.size_bytes]
            self._spooled.write(taken)
            left = left[len(taken) :]
            if self._spooled.size_bytes == PART_BYTES:
                self._store()

    def keep(self) -> None:
        """The body broke off: what came of it stays, unless a checksum of the whole was to hold."""
        if not self._checksum:
            self._store()

    def end(self) -> None:
        """The whole body is here. Raises as `write` does, and ChecksumMismatch: then none of it counts."""
        self._store()
        if self._checksum and self._digest and self._digest.digest() != self._checksum.digest:
            raise ChecksumMismatch
        waiting, self._waiting = self._waiting, []  # a commit whose answer was lost may count: what it names stays
        try:
            with database.transaction(self._engine, user_id=self.upload["user_id"]) as db:
                for each in waiting:
                    self.upload |= self._keep(db, *each)
                file_id = self._complete(db)
        except UploadTakenOver:
            self._waiting = waiting
            raise
        self.upload |= {"file_id": file_id} if file_id else {}

    def discard(self) -> None:
        """Remove what waits on disk, and what was stored for a checksum that was wrong."""
        self._spooled.discard()
        for _, key, _ in self._waiting:
            self._drop(key)

    def _store(self) -> None:
        """One part: an object, then its row."""
        part, self._spooled = self._spooled, self._fresh()
        try:
            with reception.noticing_full_disk():
                part.end()
            if not part.size_bytes:
                return
            number, key = self._number, self._key(self._number)
            self._number += 1
            with part.path.open("rb") as data:
                bucket = self._world.settings.storage_bucket
                self._world.store.put(bucket, key, data, size_bytes=part.size_bytes, mime_type=PART_MIME_TYPE)
        finally:
            part.discard()
        if self._checksum:
            self._waiting.append((number, key, part.size_bytes))
            return
        try:
            with database.transaction(self._engine, user_id=self.upload["user_id"]) as db:
                row = self._keep(db, number, key, part.size_bytes)
                file_id = self._complete(db)
        except UploadTakenOver:
            self._drop(key)
            raise
        self.upload |= row | ({"file_id": file_id} if file_id else {})

    def _keep(self, db: Session, number: int, key: str, size_bytes: int) -> Row:
        return resumable.keep_part(
            db,
            self._world.settings,
            self.upload["id"],
            user_id=self.upload["user_id"],
            holder=self._holder,
            number=number,
            key=key,
            size_bytes=size_bytes,
        )

    def _complete(self, db: Session) -> UUID | None:
        return joining.complete(db, self.upload["id"], user_id=self.upload["user_id"])

    def _drop(self, key: str) -> None:
        """Where the store is away, the end of the upload finds it."""
        try:
            self._world.store.delete(self._world.settings.storage_bucket, key)
        except StoreUnavailable:
            log(__name__).warning("part.left_to_the_sweep", upload_id=str(self.upload["id"]))

    def _key(self, number: int) -> str:
        """Under a name of its own: a request that was taken over writes over nothing."""
        return f"{joining.folder(self.upload['id'], user_id=self.upload['user_id'])}{number}-{self._holder.hex[-12:]}"

    def _fresh(self) -> Spooled:
        return Spooled(self.upload["filename"], self._world.spool / f"{ids.new()}-part")
