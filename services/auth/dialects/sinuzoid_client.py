"""Sinuzoid's own client: other URLs than seed 004's for the same acts, answers with a `message`, errors of one shape.

Every error is `{error: {code, message, details?}}`. The client shows `message`, and takes the words "token" and "expired" in it
for a sign to refresh its tokens and try again: so they stand in it exactly where that helps.
"""

import re
from functools import partial
from typing import Any

from apiflask import APIBlueprint
from flask import Response, request

from services.auth import entry, joining, profiles, recovering, sign_ins
from services.auth.schemas.accounts import NewUser, UserOut, WelcomedOut
from services.auth.schemas.recovery import Address, PasswordChange, PasswordReset
from services.auth.schemas.sign_ins import EmailCredentials, Farewell, RefreshToken
from services.auth.schemas.sinuzoid import MeOut, RefreshedOut, SaidOut, SignedInOut, TokensOut, WhoOut
from shared import errors, json
from shared.flask_app import client_address, current_caller, once, signed_in, transaction, world
from shared.identity import Caller

routes = APIBlueprint("sinuzoid_client", __name__)

CODES = {
    "email_taken": "USER_CREATION_FAILED",
    "username_taken": "USER_CREATION_FAILED",
    "invalid_credentials": "INVALID_CREDENTIALS",
    "not_signed_in": "NOT_AUTHENTICATED",
    "token_expired": "NOT_AUTHENTICATED",
    "token_invalid": "NOT_AUTHENTICATED",
    "token_revoked": "NOT_AUTHENTICATED",
    "refresh_token_invalid": "INVALID_REFRESH_TOKEN",
    "refresh_token_reused": "INVALID_REFRESH_TOKEN",
    "one_time_token_invalid": "INVALID_RESET_TOKEN",
    "current_password_wrong": "INVALID_CURRENT_PASSWORD",
    "weak_password": "WEAK_PASSWORD",
    "malformed": "VALIDATION_FAILED",
}
STATUSES = {"USER_CREATION_FAILED": 409, "WEAK_PASSWORD": 400, "VALIDATION_FAILED": 400}
MISSING = {"login": "MISSING_CREDENTIALS", "refresh": "MISSING_REFRESH_TOKEN"}  # by endpoint; elsewhere MISSING_FIELDS
PASSWORDS = {"password", "new_password"}
CHOOSING = {"register", "change_password", "reset_password"}  # the endpoints at which somebody chooses a password
WORDS = {
    "not_signed_in": "The access token is missing. Sign in.",
    "token_expired": "The access token has expired.",
    "token_invalid": "This access token does not count.",
    "token_revoked": "The sign-in of this access token has ended. Sign in again.",
    "refresh_token_invalid": "You are signed out. Sign in again.",
    "refresh_token_reused": "You were signed out to be safe. Sign in again.",
}
REFRESHING = re.compile("token|expired", re.IGNORECASE)
PLAIN_WORDS = {
    400: "Something is missing or not valid.",
    503: "This cannot be told just now. Try again in a moment.",
}


@routes.post("/api/register")
@routes.input(NewUser, arg_name="new")
@routes.output(WelcomedOut, status_code=201)
def register(new: NewUser) -> Response:
    """Make an account."""
    password_hash = joining.prepare(world(), new)
    with transaction() as db:
        joined = partial(joining.join, db, new, password_hash)
        return once(db, lambda: WelcomedOut(user=UserOut.model_validate(joined().account)), status=201)


@routes.post("/api/login")
@routes.input(EmailCredentials, arg_name="credentials")
@routes.output(SignedInOut)
def login(credentials: EmailCredentials) -> SignedInOut:
    """Sign in."""
    name, password = credentials.email, credentials.password
    device = request.headers.get("User-Agent", "")
    admission = entry.sign_in(world(), name=name, password=password, address=client_address(), device=device)
    user, tokens = UserOut.model_validate(admission.user), TokensOut.model_validate(admission)
    return SignedInOut(message="Signed in.", user=user, tokens=tokens)


@routes.post("/api/refresh-token")
@routes.input(RefreshToken, arg_name="presented")
@routes.output(RefreshedOut)
def refresh(presented: RefreshToken) -> RefreshedOut:
    """Get fresh tokens."""
    tokens = TokensOut.model_validate(entry.refresh(world(), presented.refresh_token))
    return RefreshedOut(message="Refreshed.", tokens=tokens)


@routes.post("/api/logout")
@routes.input(Farewell, arg_name="farewell")
@routes.output(SaidOut)
def logout(farewell: Farewell) -> SaidOut:
    """End a sign-in: the one of the refresh token, or else of the access token."""
    if farewell.refresh_token is None:
        caller = current_caller()
        with transaction(caller) as db:
            sign_ins.end(db, session_id=caller.session_id, user_id=caller.id)
    else:
        with transaction() as db:
            ended = sign_ins.present(db, farewell.refresh_token, settings=world().settings)
            sign_ins.end(db, session_id=ended.session_id, user_id=ended.user_id)
    return SaidOut(message="Signed out.")


@routes.get("/api/me")
@signed_in
@routes.output(WhoOut)
def show_me(caller: Caller) -> WhoOut:
    """Who you are."""
    with transaction(caller) as db:
        return WhoOut(user=MeOut.model_validate(profiles.get(db, user_id=caller.id)))


@routes.post("/api/change-password")
@signed_in
@routes.input(PasswordChange, arg_name="change")
@routes.output(SaidOut)
def change_password(change: PasswordChange, caller: Caller) -> SaidOut:
    """Choose another password. Your other sign-ins end."""
    current, new = change.current_password, change.new_password
    recovering.change_password(world(), caller, current, new, address=client_address())
    return SaidOut(message="Your password is changed.")


@routes.post("/api/request-password-reset")
@routes.input(Address, arg_name="wish")
@routes.output(SaidOut)
def request_password_reset(wish: Address) -> SaidOut:
    """Have a mail sent with which to choose a new password. The answer is the same where nobody has that address."""
    recovering.request_reset(world(), wish.email, address=client_address())
    return SaidOut(message="If there is an account with this address, a mail is on its way.")


@routes.post("/api/reset-password")
@routes.input(PasswordReset, arg_name="reset")
@routes.output(SaidOut)
def reset_password(reset: PasswordReset) -> SaidOut:
    """Choose a new password with the secret of the mail. Every sign-in ends."""
    recovering.reset(world(), reset.token, reset.new_password, address=client_address())
    return SaidOut(message="Your password is changed. Sign in.")


@routes.after_request
def in_the_clients_words(response: Response) -> Response:
    """A problem document as this client's error."""
    if response.mimetype != errors.MEDIA_TYPE:
        return response
    problem = json.loads(response.get_data())
    code = _code(problem)
    response.status_code = STATUSES.get(code, 400 if code.startswith("MISSING") else problem["status"])
    error = {"code": code, "message": _message(problem, response.status_code)} | _details(problem)
    response.set_data(json.dumps({"error": error}))
    response.content_type = "application/json"
    return response


def _code(problem: dict[str, Any]) -> str:
    endpoint = (request.endpoint or "").rpartition(".")[2]
    wrong = problem.get("errors") or []
    if problem["code"] == "malformed" and any(_is_missing(each) for each in wrong):
        return MISSING.get(endpoint, "MISSING_FIELDS")
    if problem["code"] == "malformed" and endpoint in CHOOSING and {each["field"] for each in wrong} <= PASSWORDS:
        return "WEAK_PASSWORD"
    named = str(problem["code"])
    return CODES.get(named, named.upper())


def _is_missing(error: dict[str, str]) -> bool:
    """Also where there was nothing that it could have been read from."""
    return not error["field"] or error["message"] == "Field required"


def _message(problem: dict[str, Any], status: int) -> str:
    message = WORDS.get(problem["code"], str(problem["detail"]))
    would_mislead = REFRESHING.search(message) and CODES.get(problem["code"]) != "NOT_AUTHENTICATED"
    return PLAIN_WORDS.get(status, PLAIN_WORDS[400]) if would_mislead else message


def _details(problem: dict[str, Any]) -> dict[str, Any]:
    known = {"type", "title", "status", "detail", "code"}
    details = problem.get("errors") or {key: value for key, value in problem.items() if key not in known}
    return {"details": details} if details else {}
