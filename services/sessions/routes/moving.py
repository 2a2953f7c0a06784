"""Sessions on their way out and in."""

from enum import StrEnum
from typing import Annotated

from fastapi import Header, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse

from services.sessions.moving import exporting, importing
from services.sessions.practice.saving import Once
from services.sessions.routes.reach import TheFilters, TheShell, TheWorld, Zone, answer
from services.sessions.schemas.moving import ImportOut
from shared import idempotency
from shared.fastapi_app.app import router as new_router
from shared.fastapi_app.guards import SignedIn
from shared.idempotency import Claim

ROUTE = "POST /api/sessions/import"
REPLAYED = {"Idempotent-Replayed": "true"}
A_FILE = {"type": "string", "format": "binary"}
BODY = {"required": True, "content": {each: {"schema": A_FILE} for each in ("application/json", "text/csv")}}
HARMLESS = {"X-Content-Type-Options": "nosniff", "Cache-Control": "private, no-store"}

router = new_router()


class Format(StrEnum):
    """What a file is."""

    JSON = "json"
    CSV = "csv"


MEDIA_TYPES = {Format.JSON: "application/json", Format.CSV: "text/csv; charset=utf-8"}
MAKES = {Format.JSON: exporting.as_json, Format.CSV: exporting.as_csv}


@router.get(
    "/api/sessions/export",
    response_class=Response,
    responses={200: {"content": {each: {"schema": A_FILE} for each in ("application/json", "text/csv")}}},
)
def export_sessions(
    caller: SignedIn, the_shell: TheShell, filters: TheFilters, format: Format = Format.JSON
) -> StreamingResponse:
    """Your sessions as a file, all or those that the filters of the list name.

    JSON has everything but the bytes of recordings and the pictures of analyses, and can be imported again; CSV has a row each.
    """
    disposition = f'attachment; filename="practice.{format}"'
    made = MAKES[format](the_shell.engine, user_id=caller.id, filters=filters)
    return StreamingResponse(made, headers=HARMLESS | {"Content-Disposition": disposition}, media_type=MEDIA_TYPES[format])


@router.post("/api/sessions/import", response_model=ImportOut, openapi_extra={"requestBody": BODY})
async def import_sessions(
    request: Request,
    caller: SignedIn,
    zone: Zone,
    the_shell: TheShell,
    world: TheWorld,
    dry_run: bool = False,
    all_or_nothing: bool = False,
    idempotency_key: Annotated[str | None, Header(description="Makes a repetition of this request safe for 7 days.")] = None,
) -> Response:
    """Take in sessions from a file: JSON (an export, or an array of sessions) or CSV with a row of names; what it is, it shows.

    Every good row is kept, also where others are refused, unless you ask for `all_or_nothing`; one that is already there is not
    kept twice. `dry_run` keeps nothing and tells what would be. At most 10,000 rows and 96 MiB. Where a file has more scores
    than are read in 20 seconds, the rows beyond are refused, and taken in when it is sent again.
    """
    async with world.imports.received(request, user_id=caller.id) as body:
        fingerprint = idempotency.fingerprint(body.sha256, request.scope["query_string"])
        once = Once(Claim(caller.id, ROUTE, idempotency_key), fingerprint) if idempotency_key is not None else None

        def keep() -> Response:
            rows = importing.read(body.read())
            rows = importing.read_scores(the_shell.engine, rows, user_id=caller.id, zone=zone, folder=world.settings.data_dir)
            told, is_replay = importing.keep(
                the_shell.engine, rows, user_id=caller.id, zone=zone, once=once, dry_run=dry_run, all_or_nothing=all_or_nothing
            )
            return answer(told, headers=REPLAYED if is_replay else None)

        return await run_in_threadpool(keep)
