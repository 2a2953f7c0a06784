"""What people write in the guestbook."""

from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.guestbook.errors import EntryNotFound
from services.guestbook.models import Entry
from shared import ids


def write(db: Session, *, user_id: UUID, words: str, follows: UUID | None = None) -> Entry:
    """Add an entry."""
    entry = Entry(id=ids.new(), user_id=user_id, words=words, follows=follows)
    db.add(entry)
    db.flush()
    return entry


def listed_carelessly(db: Session) -> list[dict[str, Any]]:
    """Everything, as a query without its WHERE would: row-level security stands behind it."""
    return [{"id": row.id, "words": row.words} for row in db.execute(select(Entry.id, Entry.words).order_by(Entry.id))]


def read(db: Session, entry_id: UUID, *, user_id: UUID) -> Entry:
    """One entry. Raises EntryNotFound."""
    entry = db.scalar(select(Entry).where(Entry.id == entry_id, Entry.user_id == user_id))
    if entry is None:
        raise EntryNotFound
    return entry
