"""Audiences: whom other services let read a user's files, such as the members of a chat.

An audience belongs to the service that keeps it, under that service's own id for it. What was shown to it is read by those who
belong to it now: who is taken off the list reads nothing from then on, by addresses made before either.
"""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import ARRAY, Uuid, bindparam, func, select, text
from sqlalchemy.orm import Session

from services.media.errors import NoSuchFile
from shared import ids

SERVICES = UUID("5b8c5ad4-5d1f-5be5-9e0a-4f0f6e7d2a11")  # in which the names of services stand, for ids made of them
SET_READERS = text("SELECT set_audience_readers(:audience, :readers)").bindparams(bindparam("readers", type_=ARRAY(Uuid())))


def of(service: str, audience_id: UUID) -> UUID:
    """The audience that a service calls so: no other service's, whatever that calls its own.

    >>> of("chat", UUID(int=1)) == of("studio", UUID(int=1))
    False
    """
    return ids.named(ids.named(SERVICES, service), str(audience_id))


def set_readers(db: Session, audience_id: UUID, readers: Iterable[UUID]) -> None:
    """Who belongs to an audience from now on: these and nobody else. May be repeated."""
    db.execute(SET_READERS, {"audience": audience_id, "readers": sorted(set(readers))})


def show(db: Session, audience_id: UUID, file_id: UUID, *, user_id: UUID) -> None:
    """Let an audience read a file of this user, audio or picture; may be repeated. Raises NoSuchFile."""
    if not db.scalar(select(func.show_to_audience(audience_id, file_id, user_id))):
        raise NoSuchFile


def hide(db: Session, audience_id: UUID, file_id: UUID, *, user_id: UUID) -> None:
    """Let it read that no more; may be repeated."""
    db.execute(select(func.hide_from_audience(audience_id, file_id, user_id)))


def clear(db: Session, audience_id: UUID) -> None:
    """Nobody belongs to it and nothing is shown to it any more; may be repeated."""
    db.execute(select(func.clear_audience(audience_id)))
