"""How many bytes a user may keep. One conditional update of one row decides, so twenty at once cannot pass together."""

from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.media.errors import QuotaExceeded
from services.media.library import locking
from services.media.models.files import StorageUse

UNITS = ("B", "KB", "MB", "GB", "TB")
STEP = 1024


def reserve(db: Session, size_bytes: int, *, user_id: UUID, quota_bytes: int) -> None:
    """Count `size_bytes` more (or, negative, fewer). Raises QuotaExceeded where that is more than the quota."""
    _make_row(db, user_id)
    taken = db.execute(
        update(StorageUse)
        .where(StorageUse.user_id == user_id, StorageUse.used_bytes + size_bytes <= quota_bytes)
        .values(used_bytes=StorageUse.used_bytes + size_bytes)
        .returning(StorageUse.used_bytes)
    ).first()
    if taken is None:
        raise QuotaExceeded(quota_bytes=quota_bytes, used_bytes=used(db, user_id=user_id))


def room(db: Session, *, at_most: int, user_id: UUID, quota_bytes: int) -> int:
    """How much to reserve for a body of unknown length: `at_most`, or what is left if that is less, and at least 1 byte.

    What is left stays so until this transaction ends.
    """
    return max(1, min(at_most, quota_bytes - lock(db, user_id=user_id)))


def lock(db: Session, *, user_id: UUID) -> int:
    """Let nobody else count for this user until this transaction ends; the bytes that count now."""
    _make_row(db, user_id)
    return db.scalar(select(StorageUse.used_bytes).where(StorageUse.user_id == user_id).with_for_update()) or 0


def release(db: Session, size_bytes: int, *, user_id: UUID) -> None:
    """Count `size_bytes` fewer."""
    locking.lock(db, user_id=user_id)
    left = func.greatest(StorageUse.used_bytes - size_bytes, 0)
    db.execute(update(StorageUse).where(StorageUse.user_id == user_id).values(used_bytes=left))


def used(db: Session, *, user_id: UUID) -> int:
    """Bytes that count against the quota now."""
    return db.scalar(select(StorageUse.used_bytes).where(StorageUse.user_id == user_id)) or 0


def told(used_bytes: int, quota_bytes: int) -> dict[str, Any]:
    """A quota as Sinuzoid's client shows it.

    >>> told(1536 * 1024, 1024**3)["used_formatted"]
    '1.5 MB'
    """
    available = max(0, quota_bytes - used_bytes)
    sizes = {"quota": quota_bytes, "used": used_bytes, "available": available}
    percentage = min(100.0, round(100 * used_bytes / quota_bytes, 2)) if quota_bytes else 100.0
    words = {f"{name}_formatted": _in_words(size) for name, size in sizes.items()}
    return sizes | {"usage_percentage": percentage} | words


def _in_words(size_bytes: int) -> str:
    size, unit = float(size_bytes), "B"
    for unit in UNITS:
        if size < STEP or unit == UNITS[-1]:
            break
        size /= STEP
    return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"


def _make_row(db: Session, user_id: UUID) -> None:
    locking.lock(db, user_id=user_id)
    db.execute(insert(StorageUse).values(user_id=user_id, used_bytes=0).on_conflict_do_nothing())
