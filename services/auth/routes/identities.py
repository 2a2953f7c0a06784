"""Signing in with another provider, and connecting one to an account."""

from typing import Any
from uuid import UUID

from apiflask import APIBlueprint
from flask import Response, request

from services.auth import identities, journeys
from services.auth.journeys import LIFETIME_SECONDS, Step
from services.auth.schemas.identities import IdentityOut, JourneyAsked, JourneyOut, LinkCode, NewConnection
from shared.flask_app import client_address, signed_in, transaction, world
from shared.identity import Caller

routes = APIBlueprint("identities", __name__)


@routes.get("/api/auth/oauth/<provider>")
@routes.input(JourneyAsked, location="query", arg_name="asked")
@routes.output({}, status_code=302)
def go_to_provider(provider: str, asked: JourneyAsked) -> Response:
    """Send this browser to google, apple or facebook; it comes back to `redirect_to` with a `code`, or with an `error`."""
    return _on(
        journeys.begin(
            world(),
            provider,
            redirect_to=asked.redirect_to,
            code_challenge=asked.code_challenge or "",
            ticket=asked.ticket or "",
            address=client_address(),
        )
    )


@routes.get("/api/auth/oauth/<provider>/callback")
@routes.output({}, status_code=302)
def come_back(provider: str) -> Response:
    """Where a provider sends the browser back to."""
    return _on(journeys.finish(world(), provider, request.args, request.cookies, address=client_address()))


@routes.post("/api/auth/oauth/<provider>/callback")
@routes.output({}, status_code=302)
def come_back_with_a_form(provider: str) -> Response:
    """The same for Apple, which sends a form."""
    return _on(journeys.finish(world(), provider, request.form, request.cookies, address=client_address()))


@routes.get("/api/user/identities")
@signed_in
@routes.output(list[IdentityOut])  # type: ignore[arg-type]  # it takes lists of models
def list_identities(caller: Caller) -> Any:
    """The providers that open your account."""
    with transaction(caller) as db:
        return list(identities.of(db, user_id=caller.id))


@routes.post("/api/user/identities/<provider>")
@signed_in
@routes.input(NewConnection, arg_name="new")
@routes.output(JourneyOut)
def begin_connecting(provider: str, new: NewConnection, caller: Caller) -> JourneyOut:
    """Get the address that your browser opens to connect a provider; it comes back with a `link_code`. Good for a minute."""
    url = journeys.ticket(
        world(),
        provider,
        caller,
        password=new.current_password,
        redirect_to=new.redirect_to,
        code_challenge=new.code_challenge or "",
    )
    return JourneyOut(url=url)


@routes.post("/api/user/identities")
@signed_in
@routes.input(LinkCode, arg_name="brought")
@routes.output({}, status_code=204)
def connect_identity(brought: LinkCode, caller: Caller) -> Response:
    """Connect the provider that your browser came back from."""
    verifier = brought.code_verifier or ""
    journeys.connect(world(), brought.code, user_id=caller.id, code_verifier=verifier, address=client_address())
    return Response(status=204)


@routes.delete("/api/user/identities/<uuid:identity_id>")
@signed_in
@routes.output({}, status_code=204)
def disconnect_identity(identity_id: UUID, caller: Caller) -> Response:
    """Disconnect a provider; not the last way in."""
    with transaction(caller) as db:
        identities.disconnect(db, identity_id=identity_id, user_id=caller.id, address=client_address())
    return Response(status=204)


def _on(step: Step) -> Response:
    response = Response(status=302, headers={"Location": step.url})
    cookie = step.cookie
    response.set_cookie(
        cookie.name,
        cookie.value,
        max_age=LIFETIME_SECONDS if cookie.value else 0,
        path=cookie.path,
        secure=cookie.is_secure,
        httponly=True,
        samesite=cookie.same_site,
    )
    return response
