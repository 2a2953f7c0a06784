"""JSON in and out of auth."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from email_validator import EmailNotValidError, validate_email
from pydantic import AfterValidator, Field, StringConstraints

from services.auth import passwords
from shared import clock
from shared.schemas import In, Line, Out, Text

MAX_EMAIL_CHARACTERS = 255
MAX_TYPED_CHARACTERS = 1024  # of a password somebody types to sign in: beyond LONGEST it is merely wrong


def _email(text: str) -> str:
    try:
        return str(validate_email(text, check_deliverability=False, allow_smtputf8=False).ascii_email).lower()
    except EmailNotValidError as reason:
        raise ValueError(str(reason)) from reason


def _username(text: str) -> str:
    if "@" in text:
        raise ValueError("A username holds no @, so that it cannot be taken for an e-mail address")
    return text


def _zone(text: str) -> str:
    if text and not clock.is_zone(text):
        raise ValueError("This is no IANA time zone")
    return text


def _typed(name: str) -> str:
    """An address as it is kept, so that whoever registered in a script of their own signs in by it; a username as it is."""
    try:
        return _email(name) if "@" in name else name
    except ValueError:
        return name


Email = Annotated[Text, StringConstraints(max_length=MAX_EMAIL_CHARACTERS), AfterValidator(_email)]
Username = Annotated[Line, StringConstraints(max_length=50), AfterValidator(_username)]
NewPassword = Annotated[str, StringConstraints(min_length=passwords.SHORTEST, max_length=passwords.LONGEST)]
TypedName = Annotated[str, StringConstraints(max_length=MAX_EMAIL_CHARACTERS), AfterValidator(_typed)]
TypedPassword = Annotated[str, StringConstraints(max_length=MAX_TYPED_CHARACTERS)]
Zone = Annotated[str, AfterValidator(_zone)]


class NewUser(In):
    """Somebody who wants an account."""

    email: Email
    password: NewPassword
    username: Username | None = None
    name: Line | None = None
    time_zone: Zone = Field(default="", description="An IANA name, such as Europe/Vienna.")


class UserOut(Out):
    """An account, as its owner sees it."""

    id: UUID
    username: str | None
    email: str
    role: str


class RegisteredOut(Out):
    """A new account."""

    user: UserOut


class WelcomedOut(RegisteredOut):
    """A new account, in seed 004's words."""

    message: str = "Registered."


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


class ProfileOut(UserOut):
    """Account and profile. `time_zone` is an IANA name, or empty."""

    name: str
    roles: list[str]
    first_name: str | None
    last_name: str | None
    avatar: str | None
    birth_date: date | None
    time_zone: str
    created_at: datetime
    last_login_at: datetime | None


class PublicKeyOut(Out):
    """A public key of P-256 (RFC 7517)."""

    kty: str
    crv: str
    alg: str
    use: str
    kid: str
    x: str
    y: str


class KeysOut(Out):
    """The keys that access tokens are verified with."""

    keys: list[PublicKeyOut]
