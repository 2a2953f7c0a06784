"""EchoGen's URLs (seed 002, a client in Dart). Its errors are `{detail}`, a string: every problem document has one."""

from typing import Any
from uuid import UUID

from apiflask import APIBlueprint
from flask import Response, request

from services.auth import entry, joining, leaving, onboarding, portraits, profiles, sign_ins
from services.auth.entry import Admission
from services.auth.errors import ProviderNotConfigured, SignInElsewhere
from services.auth.joining import Joined
from services.auth.schemas.accounts import NewUser
from services.auth.schemas.echogen import (
    DeletionOut,
    EntryWish,
    PersonOut,
    ProfileChange,
    SessionOut,
    SignedInOut,
    SignIn,
    SignUp,
)
from services.auth.schemas.profiles import OnboardingAnswers
from services.auth.schemas.sign_ins import RefreshToken
from shared import clock
from shared.errors import Malformed, Refused
from shared.flask_app import client_address, costly, signed_in, transaction, world
from shared.identity import Caller

routes = APIBlueprint("echogen", __name__, url_prefix="/api/v1/auth")


@routes.post("/signup")
@routes.input(SignUp, arg_name="wish")
@routes.output(SignedInOut, status_code=201)
def sign_up(wish: SignUp) -> SignedInOut:
    """Make an account and sign in. Where addresses have to be confirmed first, `session` is null."""
    email, password = _by_email(wish, wish.email, wish.password)
    new = NewUser(email=email, password=password, name=wish.full_name)
    if world().settings.email_confirmation_required:
        return SignedInOut(user=_newcomer(joining.register(world(), new), wish.full_name or ""), session=None)
    joined = joining.register_openly(world(), new, address=client_address())
    admission = entry.admit(world(), user_id=joined.account.id, address=client_address(), device=_device())
    return _signed_in(admission)


@routes.post("/signin")
@routes.input(SignIn, arg_name="wish")
@routes.output(SignedInOut)
def sign_in(wish: SignIn) -> SignedInOut:
    """Sign in. An account that waits to be deleted is kept."""
    name, password = _by_email(wish, wish.email, wish.password)
    return _signed_in(entry.sign_in(world(), name=name, password=password, address=client_address(), device=_device()))


@routes.post("/refresh")
@routes.input(RefreshToken, arg_name="presented")
@routes.output(SignedInOut)
def refresh(presented: RefreshToken) -> SignedInOut:
    """Get fresh tokens."""
    return _signed_in(entry.refresh(world(), presented.refresh_token))


@routes.post("/signout")
@signed_in
@costly
@routes.output({}, status_code=204)
def sign_out(caller: Caller) -> Any:
    """End this sign-in."""
    with transaction(caller) as db:
        sign_ins.end(db, session_id=caller.session_id, user_id=caller.id)
    return Response(status=204)


@routes.get("/me")
@signed_in
@costly
@routes.output(PersonOut)
def show_me(caller: Caller) -> PersonOut:
    """Who you are."""
    return _person(caller.id)


@routes.get("/users/<user_id>")
@signed_in
@costly
@routes.output(PersonOut)
def show_user(user_id: str, caller: Caller) -> PersonOut:
    """The same by id: your own. Whether there is any other is told to nobody."""
    if user_id.lower() != str(caller.id):
        raise Refused
    return _person(caller.id)


@routes.patch("/profile")
@signed_in
@costly
@routes.input(ProfileChange, arg_name="change")
@routes.output(PersonOut)
def change_profile(change: ProfileChange, caller: Caller) -> PersonOut:
    """Tell something else of yourself; what is left out stays."""
    named = {"full_name": "name", "avatar_url": "avatar"}
    changed = {named.get(name, name): value for name, value in change.model_dump(exclude_none=True).items()}
    with transaction(caller) as db:
        profiles.change(db, user_id=caller.id, **changed)
    return _person(caller.id)


@routes.post("/onboarding")
@signed_in
@costly
@routes.input(OnboardingAnswers, arg_name="sent")
@routes.output(PersonOut)
def answer_questions(sent: OnboardingAnswers, caller: Caller) -> PersonOut:
    """Answer what a newcomer is asked; the answers given before are replaced."""
    with transaction(caller) as db:
        onboarding.replace(db, [each.model_dump() for each in sent.responses], user_id=caller.id)
    return _person(caller.id)


@routes.delete("/account")
@signed_in
@costly
@routes.output(DeletionOut)
def leave(caller: Caller) -> DeletionOut:
    """Have your account deleted in some days. Signing in again, or asking to cancel, keeps it.

    EchoGen's client sends no password here, so it is never at once: its owner is told by mail and has a day at least.
    """
    with transaction(caller) as db:
        wish = leaving.request_deletion(db, user_id=caller.id, days=max(1, world().settings.deletion_days))
        return DeletionOut.model_validate(wish)


@routes.post("/account/cancel")
@signed_in
@costly
@routes.output(DeletionOut)
def stay(caller: Caller) -> DeletionOut:
    """Keep your account after all."""
    with transaction(caller) as db:
        return DeletionOut.model_validate(leaving.cancel_deletion(db, user_id=caller.id))


def _by_email(wish: EntryWish, email: str | None, password: str | None) -> tuple[str, str]:
    """The two that a sign-in by e-mail needs. Raises Malformed; ProviderNotConfigured and SignInElsewhere for other methods."""
    if wish.method != "email":
        _refuse(wish.method)
    missing = [name for name, value in (("email", email), ("password", password)) if value is None]
    if email is None or password is None:
        raise Malformed(errors=[{"field": name, "message": "Field required"} for name in missing])
    return email, password


def _refuse(method: str) -> None:
    settings = world().settings
    if {"google": settings.google_client_id, "apple": settings.apple_client_id}.get(method):
        raise SignInElsewhere(begin_at=f"{settings.public_url.rstrip('/')}/api/auth/oauth/{method}")
    raise ProviderNotConfigured


def _signed_in(admission: Admission) -> SignedInOut:
    return SignedInOut(user=_person(admission.user.id), session=SessionOut.model_validate(admission))


def _person(user_id: UUID) -> PersonOut:
    return PersonOut.model_validate(portraits.of(world(), user_id=user_id))


def _newcomer(joined: Joined, name: str) -> PersonOut:
    """The same for a new account and for a taken address, which only its owner is told of, by mail."""
    made = joined.account
    return PersonOut.model_validate(
        {"id": made.id, "email": made.email, "name": name, "created_at": clock.now(), "last_login_at": None}
    )


def _device() -> str:
    return request.headers.get("User-Agent", "")
