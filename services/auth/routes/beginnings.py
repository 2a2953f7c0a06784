"""How accounts begin that nobody registered: by an invitation, and the first administrator's role by a token."""

from typing import Any

from apiflask import APIBlueprint
from flask import Response

from services.auth import administrators, invitations
from services.auth.schemas.accounts import UserOut
from services.auth.schemas.administration import FirstAdminToken, Invited
from shared.flask_app import client_address, signed_in, transaction, world
from shared.identity import Caller

routes = APIBlueprint("beginnings", __name__)


@routes.post("/api/auth/accept-invitation")
@routes.input(Invited, arg_name="invited")
@routes.output({}, status_code=204)
def accept_invitation(invited: Invited) -> Any:
    """Choose the password of the account that you were invited to; then sign in."""
    invitations.accept(world(), invited.token, invited.password, address=client_address())
    return Response(status=204)


@routes.post("/api/auth/first-admin")
@signed_in
@routes.input(FirstAdminToken, arg_name="presented")
@routes.output(UserOut)
def become_first_admin(presented: FirstAdminToken, caller: Caller) -> UserOut:
    """Become the first administrator, with the token that was shown where Tutti was started. Refresh your token then."""
    with transaction(caller) as db:
        made = administrators.become_first(db, presented.token, user_id=caller.id, address=client_address())
        return UserOut.model_validate(made)
