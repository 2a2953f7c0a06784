"""Harmony Helper's URL (seed 001, a client that signs in with Auth0): it says who has signed in, once an app start."""

from apiflask import APIBlueprint

from services.auth import syncs
from services.auth.schemas.bearers import NewSync, SyncedOut
from shared.flask_app import signed_in, transaction
from shared.identity import Caller

routes = APIBlueprint("harmony", __name__)


@routes.post("/api/users/sync")
@signed_in
@routes.input(NewSync, arg_name="told")
@routes.output(SyncedOut)
def sync_user(told: NewSync, caller: Caller) -> SyncedOut:
    """Make sure that you have an account. The bearer decides whose it is; name and picture fill an empty profile."""
    with transaction(caller) as db:
        return SyncedOut.model_validate(syncs.note(db, told, user_id=caller.id, session_id=caller.session_id))
