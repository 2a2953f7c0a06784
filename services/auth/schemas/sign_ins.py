"""Signing in, staying in, signing out."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import RootModel, StringConstraints

from services.auth.schemas.accounts import UserOut
from services.auth.schemas.fields import TypedName, TypedPassword
from shared.schemas import In, Out

Scope = Literal["this", "others", "all"]


class Credentials(In):
    """Seed 004's sign-in: `username` is the e-mail address or the username."""

    username: TypedName
    password: TypedPassword


class EmailCredentials(In):
    """A sign-in by e-mail address; a username is taken too."""

    email: TypedName
    password: TypedPassword


class RefreshToken(In):
    """A refresh token, as it was given out."""

    refresh_token: Annotated[str, StringConstraints(max_length=512)]


class Farewell(In):
    """A sign-out; without a refresh token it ends the sign-in of the access token."""

    refresh_token: Annotated[str, StringConstraints(max_length=512)] | None = None


class ScopedFarewell(Farewell):
    """A sign-out of this sign-in, of all others, or of all."""

    scope: Scope = "this"


class WhichSignIns(In):
    """Which sign-ins to end: all others, or with `all` this one too."""

    all: bool = False


class SignInOut(Out):
    """A sign-in on one device: what it called itself, and where it began."""

    id: UUID
    device: str
    ip_address: str
    created_at: datetime
    last_used_at: datetime
    is_current: bool


class SignInsOut(RootModel[list[SignInOut]]):
    """The sign-ins of somebody, the one last used first."""


class TokensOut(Out):
    """What a sign-in or a refresh gives."""

    access_token: str
    refresh_token: str
    token_type: str = "Bearer"  # the kind, RFC 6750
    expires_in: int
    user: UserOut


class LoginCheckOut(Out):
    """What seed 004's sign-in gives."""

    token: str
    refresh_token: str
