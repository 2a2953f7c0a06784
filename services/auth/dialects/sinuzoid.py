"""Sinuzoid's URLs (seed 004, a Symfony client): the acts are the same, some shapes are LexikJWTAuthenticationBundle's."""

from apiflask import APIBlueprint
from flask import Response, request

from services.auth import entry, passwords, users
from services.auth.errors import InvalidCredentials
from services.auth.schemas.accounts import NewUser, ProfileOut, UserOut, WelcomedOut
from services.auth.schemas.sign_ins import Credentials, LoginCheckOut
from shared import json
from shared.errors import NotSignedIn
from shared.flask_app import client_address, once, signed_in, transaction, world
from shared.identity import Caller

routes = APIBlueprint("sinuzoid", __name__)

WORDS = {InvalidCredentials: "Invalid credentials.", NotSignedIn: "JWT Token not found"}


@routes.post("/api/register")
@routes.input(NewUser, arg_name="new")
@routes.output(WelcomedOut, status_code=201)
def register(new: NewUser) -> Response:
    """Make an account."""
    password_hash = passwords.chosen(new.password, email=new.email)
    with transaction() as db:
        return once(db, lambda: WelcomedOut(user=UserOut.model_validate(users.join(db, new, password_hash))), status=201)


@routes.post("/api/login_check")
@routes.input(Credentials, arg_name="credentials")
@routes.output(LoginCheckOut)
def check_login(credentials: Credentials) -> LoginCheckOut:
    """Sign in by e-mail address or username."""
    name, password = credentials.username, credentials.password
    device = request.headers.get("User-Agent", "")
    admission = entry.sign_in(world(), name=name, password=password, address=client_address(), device=device)
    return LoginCheckOut(token=admission.access_token, refresh_token=admission.refresh_token)


@routes.get("/api/user/profile")
@signed_in
@routes.output(ProfileOut)
def show_profile(caller: Caller) -> ProfileOut:
    """Your account and profile."""
    with transaction(caller) as db:
        return ProfileOut.model_validate(users.profile(db, user_id=caller.id))


@routes.errorhandler(NotSignedIn)
def on_not_signed_in(raised: NotSignedIn) -> Response:
    """Lexik's words, which its clients compare."""
    message = WORDS.get(type(raised), raised.detail())
    body = json.dumps({"code": raised.status, "message": message})
    return Response(body, raised.status, raised.response_headers(), content_type="application/json")
