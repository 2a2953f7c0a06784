"""Who may read a file besides its owner: those to whom it was shown, and everybody where it is in a public playlist.

Whether somebody may is asked of a definer function of the database, which sees what they do not: audiences, playlists.
"""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import ARRAY, Uuid, bindparam, column, func, select
from sqlalchemy.orm import Session

from services.media.errors import NoSuchFile
from services.media.library import files
from services.media.library.files import Row
from shared import db as database

_READER = bindparam("reader", type_=Uuid())
_OWNER = select(func.owner_for_reader(bindparam("file_id", type_=Uuid()), _READER, type_=Uuid()))
_FILE_IDS = func.unnest(bindparam("file_ids", type_=ARRAY(Uuid())))
_WANTED = _FILE_IDS.table_valued(column("id", Uuid()), name="wanted").render_derived()
_OWNERS = select(_WANTED.c.id, func.owner_for_reader(_WANTED.c.id, _READER, type_=Uuid()).label("owner"))


def bytes_of(db: Session, file_id: UUID, *, user_id: UUID) -> Row:
    """The row of `files.bytes_of`, of a file of the reader's own or of one that they may read. Raises NoSuchFile.

    The transaction goes on as the owner.
    """
    try:
        return files.bytes_of(db, file_id, user_id=user_id)
    except NoSuchFile:
        owner = owner_of(db, file_id, reader_id=user_id)
        if owner is None:
            raise
    database.become(db, owner)
    return files.bytes_of(db, file_id, user_id=owner)


def owner_of(db: Session, file_id: UUID, *, reader_id: UUID) -> UUID | None:
    """Whose file or picture this is, where the reader may read it though it is another's."""
    found: UUID | None = db.scalar(_OWNER, {"file_id": file_id, "reader": reader_id})
    return found


def playable(db: Session, file_ids: Sequence[UUID], *, user_id: UUID) -> list[UUID]:
    """Those of `file_ids` that the reader may play, in that order."""
    allowed = set(files.playable(db, file_ids, user_id=user_id))
    others = [each for each in file_ids if each not in allowed]
    if others:
        allowed |= _shown(db, others, user_id)
    return [each for each in dict.fromkeys(file_ids) if each in allowed]


def _shown(db: Session, file_ids: Sequence[UUID], user_id: UUID) -> set[UUID]:
    of_owners: dict[UUID, list[UUID]] = {}
    for file_id, owner in db.execute(_OWNERS, {"file_ids": list(file_ids), "reader": user_id}):
        if owner is not None:
            of_owners.setdefault(owner, []).append(file_id)
    found: set[UUID] = set()
    for owner, theirs in of_owners.items():
        database.become(db, owner)
        found.update(files.playable(db, theirs, user_id=owner))
    database.become(db, user_id)
    return found
