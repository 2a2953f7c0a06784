"""Making an account, signing in, staying in."""

from functools import partial

from apiflask import APIBlueprint
from flask import Response, request

from services.auth import entry, joining
from services.auth.entry import Admission
from services.auth.schemas.accounts import NewUser, RegisteredOut, UserOut
from services.auth.schemas.sign_ins import EmailCredentials, RefreshToken, TokensOut
from shared.flask_app import client_address, once, transaction, world

routes = APIBlueprint("auth", __name__)


@routes.post("/api/auth/register")
@routes.input(NewUser, arg_name="new")
@routes.output(RegisteredOut, status_code=201)
def register(new: NewUser) -> Response:
    """Make an account."""
    password_hash = joining.prepare(world(), new)
    with transaction() as db:
        joined = partial(joining.join, db, new, password_hash)
        return once(db, lambda: RegisteredOut(user=UserOut.model_validate(joined().account)), status=201)


@routes.post("/api/auth/login")
@routes.input(EmailCredentials, arg_name="credentials")
@routes.output(TokensOut)
def login(credentials: EmailCredentials) -> TokensOut:
    """Sign in."""
    device = request.headers.get("User-Agent", "")
    return _tokens(
        entry.sign_in(world(), name=credentials.email, password=credentials.password, address=client_address(), device=device)
    )


@routes.post("/api/auth/refresh")
@routes.input(RefreshToken, arg_name="presented")
@routes.output(TokensOut)
def refresh(presented: RefreshToken) -> TokensOut:
    """Get fresh tokens. Each refresh token is good once; a repetition within a minute is given the same answer."""
    return _tokens(entry.refresh(world(), presented.refresh_token))


def _tokens(admission: Admission) -> TokensOut:
    return TokensOut.model_validate(admission)
