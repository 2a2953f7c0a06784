"""Archives of everything that is yours."""

from apiflask import APIBlueprint

from services.auth import exports
from services.auth.exports import Archive
from services.auth.schemas.leaving import ArchiveOut
from shared.flask_app import signed_in, transaction, world
from shared.identity import Caller

routes = APIBlueprint("exports", __name__)


@routes.post("/api/user/export")
@signed_in
@routes.output(ArchiveOut, status_code=202)
def request_export(caller: Caller) -> ArchiveOut:
    """Have an archive made of everything that is yours, in every service; once a day. A mail says when it is ready."""
    with transaction(caller) as db:
        return _shown(exports.request(db, user_id=caller.id))


@routes.get("/api/user/export")
@signed_in
@routes.output(ArchiveOut)
def show_export(caller: Caller) -> ArchiveOut:
    """How far your newest archive is."""
    with transaction(caller) as db:
        return _shown(exports.newest(db, user_id=caller.id))


def _shown(archive: Archive) -> ArchiveOut:
    """At media, which alone has the bytes."""
    address = f"{world().settings.public_url.rstrip('/')}/files/exports/{archive.id}"
    facts = {"id": archive.id, "requested_at": archive.requested_at, "expires_at": archive.expires_at}
    return ArchiveOut(**facts, completed_at=archive.completed_at, download_url=address if archive.completed_at else None)
