"""Keeping files in other formats, so that the next who asks is sent them with exact ranges."""

import hashlib
import tempfile
from pathlib import Path
from uuid import UUID

from services.media.errors import BytesLost, NoSuchFile
from services.media.library import files, renditions
from services.media.library.files import Row
from services.media.processing import encoding
from services.media.processing.encoding import EXTENSIONS, MIME_TYPES, Format
from services.media.tasks.deleting import delete_objects
from services.media.tasks.queue import Work, queue
from shared import db as database
from shared.children import ChildFailed
from shared.logs import log


@queue.task(attempts=3)
def keep_rendition(work: Work, *, file_id: str, user_id: str, format: Format, bit_rate_kbps: int) -> None:
    """Make a rendition and keep it, unless it is kept. May be repeated; where the file is deleted, nothing is left."""
    who, which, form = UUID(user_id), UUID(file_id), {"format": format, "bit_rate_kbps": bit_rate_kbps}
    bucket, key = work.settings.storage_bucket, object_key(who, which, format, bit_rate_kbps)
    try:
        with database.transaction(work.engine, user_id=who) as db:
            if renditions.find(db, which, user_id=who, format=format, bit_rate_kbps=bit_rate_kbps):
                return
            row = files.bytes_of(db, which, user_id=who)
            renditions.intend(db, row, bucket=bucket, object_key=key, format=format, bit_rate_kbps=bit_rate_kbps)
        facts = _made(work, row, bucket, key, format, bit_rate_kbps)
        with database.transaction(work.engine, user_id=who) as db:
            renditions.is_there(db, which, user_id=who, object_key=key, **facts)
    except NoSuchFile:
        work.store.delete(bucket, key)
    except (ChildFailed, BytesLost) as reason:
        log(__name__).warning("rendition.not_made", file_id=file_id, reason=repr(reason)[:200], **form)
    make_room.run(work)


@queue.task(every="37 * * * *")
def make_room(work: Work) -> None:
    """Remove the least recently used renditions until the rest fits."""
    with database.transaction(work.engine) as db:
        gone = renditions.make_room(db, at_most_bytes=work.settings.rendition_bytes)
        if gone:
            delete_objects.enqueue(db, objects=gone)


def object_key(user_id: UUID, file_id: UUID, format: Format, bit_rate_kbps: int) -> str:
    """Where a rendition lies."""
    return f"storage/rendition/{user_id}/{file_id}/{format}-{bit_rate_kbps}.{EXTENSIONS[format]}"


def _made(work: Work, row: Row, bucket: str, key: str, format: Format, bit_rate_kbps: int) -> dict[str, object]:
    with tempfile.TemporaryDirectory(dir=work.spool) as folder:
        source, target = Path(folder) / "source", Path(folder) / "target"
        with source.open("wb") as copy:
            work.store.copy_to(copy, row["bucket"], row["object_key"], size_bytes=row["file_size"])
        encoding.encode(source, target, mime_type=row["mime_type"], format=format, bit_rate_kbps=bit_rate_kbps)
        with target.open("rb") as made:
            sha256 = hashlib.file_digest(made, "sha256").hexdigest()
            made.seek(0)
            size_bytes = target.stat().st_size
            work.store.put(bucket, key, made, size_bytes=size_bytes, mime_type=MIME_TYPES[format])
    return {"size_bytes": size_bytes, "sha256": sha256}
