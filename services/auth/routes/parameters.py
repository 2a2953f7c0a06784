"""Parameters: set by administrators, read by every service."""

from typing import Any

from apiflask import APIBlueprint
from flask import Response, request

from services.auth import parameters
from services.auth.routes.guard import administrators_only
from services.auth.schemas.administration import ParameterChange, ParameterOut
from shared import json
from shared.flask_app import client_address, internal, signed_in, transaction
from shared.identity import Caller

routes = administrators_only("parameters", __name__)
internal_routes = APIBlueprint("parameters of services", __name__)


@routes.get("/api/admin/config")
@signed_in
@routes.output(list[ParameterOut])  # type: ignore[arg-type]  # it takes lists of models
def list_parameters(caller: Caller) -> Any:
    """Every parameter, by name."""
    with transaction(caller) as db:
        return [ParameterOut.model_validate(each) for each in parameters.listed(db)]


@routes.get("/api/admin/config/<parameter>")
@signed_in
@routes.output(ParameterOut)
def show_parameter(parameter: str, caller: Caller) -> ParameterOut:
    """One parameter."""
    with transaction(caller) as db:
        return ParameterOut.model_validate(parameters.get(db, parameter))


@routes.put("/api/admin/config/<parameter>")
@signed_in
@routes.input(ParameterChange, arg_name="change")
@routes.output(ParameterOut)
def set_parameter(parameter: str, change: ParameterChange, caller: Caller) -> ParameterOut:
    """Set a parameter, new or not."""
    with transaction(caller) as db:
        kept = parameters.put(db, parameter, change.value, actor_id=caller.id, address=client_address())
        return ParameterOut.model_validate(kept)


@routes.delete("/api/admin/config/<parameter>")
@signed_in
@routes.output({}, status_code=204)
def remove_parameter(parameter: str, caller: Caller) -> Any:
    """Forget a parameter."""
    with transaction(caller) as db:
        parameters.remove(db, parameter, actor_id=caller.id, address=client_address())
    return Response(status=204)


@internal_routes.get("/internal/config")
@internal
def internal_parameters(peer: object) -> Response:
    """Every parameter's value by name; none where nothing has changed since the answer whose `next` is `after`."""
    with transaction() as db:
        found = parameters.since(db, request.args.get("after", ""))
    return Response(json.dumps(found), content_type="application/json")
