"""Accounts and profiles."""

from uuid import UUID

from pydantic import Field

from services.auth.schemas.fields import Email, NewPassword, Username, Zone
from shared.schemas import In, Line, Out


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
