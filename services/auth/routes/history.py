"""The audit log: all of it for administrators, their own part for everybody."""

from apiflask import APIBlueprint
from flask import Response

from services.auth import audit
from services.auth.routes.guard import administrators_only
from services.auth.routes.pages import page_of
from services.auth.schemas.administration import EventOut, EventsWanted, OwnEventOut, OwnEventsWanted
from shared.flask_app import signed_in, transaction
from shared.identity import Caller

routes = administrators_only("history", __name__)
own_routes = APIBlueprint("own history", __name__)


@routes.get("/api/admin/audit")
@signed_in
@routes.input(EventsWanted, location="query", arg_name="wanted")
@routes.output(list[EventOut])  # type: ignore[arg-type]  # it takes lists of models
def list_events(wanted: EventsWanted, caller: Caller) -> Response:
    """What was done to accounts, newest first."""
    these = {"user_id": wanted.user_id, "actor_id": wanted.actor_id, "action": wanted.action}
    with transaction(caller) as db:
        return page_of(EventOut, audit.events(db, these, limit=wanted.limit, cursor=wanted.cursor))


@own_routes.get("/api/user/audit")
@signed_in
@own_routes.input(OwnEventsWanted, location="query", arg_name="wanted")
@own_routes.output(list[OwnEventOut])  # type: ignore[arg-type]  # it takes lists of models
def list_own_events(wanted: OwnEventsWanted, caller: Caller) -> Response:
    """What was done to your account, newest first."""
    with transaction(caller) as db:
        return page_of(OwnEventOut, audit.own_events(db, user_id=caller.id, limit=wanted.limit, cursor=wanted.cursor))
