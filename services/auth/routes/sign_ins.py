"""The sign-ins of somebody: listed, ended one by one, or many at once."""

from typing import Any
from uuid import UUID

from apiflask import APIBlueprint
from flask import Response

from services.auth import sign_ins
from services.auth.schemas.sign_ins import ScopedFarewell, SignInsOut, WhichSignIns
from shared.flask_app import current_caller, signed_in, transaction, world
from shared.identity import Caller

routes = APIBlueprint("sign_ins", __name__)


@routes.post("/api/auth/logout")
@routes.input(ScopedFarewell, arg_name="farewell")
@routes.output({}, status_code=204)
def logout(farewell: ScopedFarewell) -> Any:
    """Sign out: of the sign-in of the refresh token, or else of the access token; of all others; or of all."""
    if farewell.refresh_token is None:
        caller = current_caller()
        with transaction(caller) as db:
            sign_ins.leave(db, session_id=caller.session_id, user_id=caller.id, scope=farewell.scope)
    else:
        with transaction() as db:
            here = sign_ins.present(db, farewell.refresh_token, settings=world().settings)
            sign_ins.leave(db, session_id=here.session_id, user_id=here.user_id, scope=farewell.scope)
    return Response(status=204)


@routes.get("/api/auth/sessions")
@signed_in
@routes.output(SignInsOut)
def list_sign_ins(caller: Caller) -> SignInsOut:
    """Where you are signed in, the sign-in last used first."""
    with transaction(caller) as db:
        return SignInsOut.model_validate(sign_ins.of_user(db, user_id=caller.id, current=caller.session_id))


@routes.delete("/api/auth/sessions/<uuid:session_id>")
@signed_in
@routes.output({}, status_code=204)
def end_sign_in(session_id: UUID, caller: Caller) -> Any:
    """Sign out on one device. Its tokens count nowhere within five seconds."""
    with transaction(caller) as db:
        sign_ins.end_one(db, session_id=session_id, user_id=caller.id)
    return Response(status=204)


@routes.delete("/api/auth/sessions")
@signed_in
@routes.input(WhichSignIns, location="query", arg_name="which")
@routes.output({}, status_code=204)
def end_sign_ins(which: WhichSignIns, caller: Caller) -> Any:
    """Sign out everywhere else; with `all`, here too."""
    with transaction(caller) as db:
        sign_ins.leave(db, session_id=caller.session_id, user_id=caller.id, scope="all" if which.all else "others")
    return Response(status=204)
