"""Who may pass: a blueprint with this guard lets administrators in and nobody else, whatever its routes forget."""

from apiflask import APIBlueprint
from flask import request

from services.auth import administrators
from shared.flask_app import current_caller, transaction
from shared.shell import SAFE_METHODS


def administrators_only(name: str, module: str) -> APIBlueprint:
    """A blueprint for administrators: refused are people without the role and, for changes, old sign-ins."""
    routes = APIBlueprint(name, module)
    routes.before_request(_administrators_pass)
    return routes


def _administrators_pass() -> None:
    caller = current_caller()
    with transaction(caller) as db:
        administrators.require(db, caller, is_change=request.method not in SAFE_METHODS)
