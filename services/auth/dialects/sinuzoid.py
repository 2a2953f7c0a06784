"""Seed 004's URLs (a Symfony service): the acts are the same, the shapes are LexikJWTAuthenticationBundle's and, for
refreshing, Gesdinet's. What Sinuzoid's own client asks besides is in `sinuzoid_client`.
"""

from apiflask import APIBlueprint
from flask import Response, request

from services.auth import entry, profiles, recovering
from services.auth.entry import Admission
from services.auth.errors import InvalidCredentials, RefreshTokenInvalid, RefreshTokenReused
from services.auth.schemas.profiles import ProfileChange, ProfileOut
from services.auth.schemas.recovery import PasswordChange
from services.auth.schemas.sign_ins import Credentials, LoginCheckOut, RefreshToken
from shared import json
from shared.errors import NotSignedIn
from shared.flask_app import client_address, signed_in, transaction, world
from shared.identity import Caller

routes = APIBlueprint("sinuzoid", __name__)

WORDS = {
    InvalidCredentials: "Invalid credentials.",
    NotSignedIn: "JWT Token not found",
    RefreshTokenInvalid: "Invalid JWT Refresh Token",
    RefreshTokenReused: "Invalid JWT Refresh Token",
}


@routes.post("/api/login_check")
@routes.input(Credentials, arg_name="credentials")
@routes.output(LoginCheckOut)
def check_login(credentials: Credentials) -> LoginCheckOut:
    """Sign in by e-mail address or username."""
    name, password = credentials.username, credentials.password
    device = request.headers.get("User-Agent", "")
    return _tokens(entry.sign_in(world(), name=name, password=password, address=client_address(), device=device))


@routes.post("/api/token/refresh")
@routes.input(RefreshToken, arg_name="presented")
@routes.output(LoginCheckOut)
def refresh_token(presented: RefreshToken) -> LoginCheckOut:
    """Get fresh tokens."""
    return _tokens(entry.refresh(world(), presented.refresh_token))


@routes.get("/api/user/profile")
@signed_in
@routes.output(ProfileOut)
def show_profile(caller: Caller) -> ProfileOut:
    """Your account and profile."""
    with transaction(caller) as db:
        return ProfileOut.model_validate(profiles.get(db, user_id=caller.id))


@routes.put("/api/user/profile")
@signed_in
@routes.input(ProfileChange, arg_name="change")
@routes.output(ProfileOut)
def change_profile(change: ProfileChange, caller: Caller) -> ProfileOut:
    """Replace what is sent of your profile, leave the rest. The next access token carries a new time zone."""
    with transaction(caller) as db:
        changed = profiles.change(db, user_id=caller.id, **change.model_dump(exclude_unset=True))
    return ProfileOut.model_validate(changed)


@routes.post("/api/user/change-password")
@signed_in
@routes.input(PasswordChange, arg_name="wanted")
@routes.output({}, status_code=204)
def change_password(wanted: PasswordChange, caller: Caller) -> Response:
    """Choose a new password, with the present one."""
    current, new = wanted.current_password, wanted.new_password
    recovering.change_password(world(), caller, current, new, address=client_address(), end_others=wanted.end_others)
    return Response(status=204)


@routes.errorhandler(NotSignedIn)
def on_not_signed_in(raised: NotSignedIn) -> Response:
    """Lexik's words, which its clients compare."""
    message = WORDS.get(type(raised), raised.detail())
    body = json.dumps({**raised.facts, "code": raised.status, "message": message})
    return Response(body, raised.status, raised.response_headers(), content_type="application/json")


def _tokens(admission: Admission) -> LoginCheckOut:
    return LoginCheckOut(token=admission.access_token, refresh_token=admission.refresh_token)
