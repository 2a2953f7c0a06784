"""`/internal/audiences`: whom other services let read a user's files. The gateway never routes here."""

from uuid import UUID

from services.media.errors import NoSuchFile
from services.media.schemas.audiences import AudienceReaders
from services.media.sharing import audiences
from shared.fastapi_app.app import router as new_router
from shared.fastapi_app.guards import Internal, InternalDb

router = new_router()


@router.put("/internal/audiences/{audience_id}/readers", status_code=204, include_in_schema=False)
def set_readers(audience_id: UUID, wanted: AudienceReaders, caller: Internal, db: InternalDb) -> None:
    """Who belongs to an audience of the calling service, from now on; may be repeated."""
    audiences.set_readers(db, audiences.of(caller.service, audience_id), wanted.readers)


@router.put("/internal/audiences/{audience_id}/files/{file_id}", status_code=204, include_in_schema=False)
def show_file(audience_id: UUID, file_id: UUID, caller: Internal, db: InternalDb) -> None:
    """Let it read a file of the user that the call is made for; may be repeated."""
    if caller.user_id is None:
        raise NoSuchFile
    audiences.show(db, audiences.of(caller.service, audience_id), file_id, user_id=caller.user_id)


@router.delete("/internal/audiences/{audience_id}/files/{file_id}", status_code=204, include_in_schema=False)
def hide_file(audience_id: UUID, file_id: UUID, caller: Internal, db: InternalDb) -> None:
    """Let it read that no more; may be repeated."""
    if caller.user_id is None:
        raise NoSuchFile
    audiences.hide(db, audiences.of(caller.service, audience_id), file_id, user_id=caller.user_id)


@router.delete("/internal/audiences/{audience_id}", status_code=204, include_in_schema=False)
def clear_audience(audience_id: UUID, caller: Internal, db: InternalDb) -> None:
    """It has no members and nothing to read any more; may be repeated."""
    audiences.clear(db, audiences.of(caller.service, audience_id))
