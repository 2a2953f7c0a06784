"""Leaving: an account's deletion, asked for and cancelled."""

from apiflask import APIBlueprint

from services.auth import leaving, proving
from services.auth.schemas.leaving import DeletionOut, Goodbye, LeavingOut
from shared.flask_app import signed_in, transaction, world
from shared.identity import Caller

routes = APIBlueprint("leaving", __name__)


@routes.get("/api/user/account")
@signed_in
@routes.output(LeavingOut)
def show_account(caller: Caller) -> LeavingOut:
    """Whether your account is going to be deleted, and when."""
    with transaction(caller) as db:
        deletion = leaving.pending(db, user_id=caller.id)
    return LeavingOut(id=caller.id, deletion=DeletionOut.model_validate(deletion) if deletion else None)


@routes.delete("/api/user/account")
@signed_in
@routes.input(Goodbye, arg_name="goodbye")
@routes.output(DeletionOut)
def delete_account(goodbye: Goodbye, caller: Caller) -> DeletionOut:
    """Have your account and everything in it deleted, after some days in which signing in cancels it. May be repeated."""
    proving.person(world(), caller, goodbye.current_password)
    with transaction(caller) as db:
        wished = leaving.request_deletion(db, user_id=caller.id, days=world().settings.deletion_days)
    return DeletionOut.model_validate(wished)


@routes.post("/api/user/account/cancel")
@signed_in
@routes.output(DeletionOut)
def cancel_deletion(caller: Caller) -> DeletionOut:
    """Keep your account after all."""
    with transaction(caller) as db:
        return DeletionOut.model_validate(leaving.cancel_deletion(db, user_id=caller.id))
