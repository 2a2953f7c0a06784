"""Accounts, parameters and the audit log, as administrators see them."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field, StrictBool, StringConstraints

from services.auth.schemas.fields import Email, NewPassword, Username, Zone
from shared import paging
from shared.schemas import MAX_TEXT_CHARACTERS, In, Line, Out, Text

MAX_CURSOR_CHARACTERS = 1024


class Role(StrEnum):
    """What somebody may be."""

    USER = "user"
    ADMIN = "admin"


Secret = Annotated[str, StringConstraints(min_length=1, max_length=256)]
Limit = Annotated[int, Field(ge=1, le=paging.MAX_LIMIT)]
Cursor = Annotated[str, StringConstraints(max_length=MAX_CURSOR_CHARACTERS)]


class AccountsWanted(In):
    """Which accounts to list. `q` is looked for in address, username and name, without regard to case."""

    q: Annotated[Text, StringConstraints(max_length=MAX_TEXT_CHARACTERS)] = ""
    role: Role | None = None
    is_active: bool | None = None
    sort: Annotated[str, Field(pattern="^(-created_at|created_at|email)$")] = "-created_at"
    limit: Limit = paging.LIMIT
    cursor: Cursor | None = None


class NewAccount(In):
    """An account that an administrator makes. Without a password, its owner is invited by mail to choose one."""

    email: Email
    password: NewPassword | None = None
    username: Username | None = None
    name: Annotated[Text, StringConstraints(strip_whitespace=True, max_length=MAX_TEXT_CHARACTERS)] = ""
    roles: list[Role] = Field(default=[Role.USER], max_length=len(Role))
    email_confirmed: StrictBool = False
    time_zone: Zone = ""


class AccountChange(In):
    """What an administrator changes of an account; what is not sent stays."""

    name: Annotated[Text, StringConstraints(strip_whitespace=True, max_length=MAX_TEXT_CHARACTERS)] = ""
    username: Username | None = None
    roles: list[Role] = Field(default=[Role.USER], max_length=len(Role))
    is_active: StrictBool = True
    email_confirmed: StrictBool = False


class RemovalWanted(In):
    """How an account is to go: after the days in which its owner may change their mind, or at once."""

    at_once: bool = False


class AccountEntryOut(Out):
    """An account, as administrators see it."""

    id: UUID
    email: str
    username: str | None
    name: str
    roles: list[str]
    is_active: bool
    email_confirmed: bool
    auth_provider: str
    created_at: datetime
    last_login_at: datetime | None


class Invited(In):
    """The secret of an invitation, and the password that its reader has chosen."""

    token: Secret
    password: NewPassword


class FirstAdminToken(In):
    """The token that was shown where Tutti was started."""

    token: Secret


class ParameterChange(In):
    """A parameter's value: any JSON."""

    value: Any = Field(...)


class ParameterOut(Out):
    """A parameter that every service may read."""

    id: UUID
    parameter: str
    value: Any
    updated_at: datetime


class EventsWanted(In):
    """Which part of the audit log to list, newest first."""

    user_id: UUID | None = None
    actor_id: UUID | None = None
    action: Annotated[Line, StringConstraints(max_length=60)] | None = None
    limit: Limit = paging.LIMIT
    cursor: Cursor | None = None


class OwnEventsWanted(In):
    """Which part of your own audit log to list, newest first."""

    limit: Limit = paging.LIMIT
    cursor: Cursor | None = None


class EventOut(Out):
    """Something done to an account: `user_id` is whose, `actor_id` who did it."""

    id: UUID
    at: datetime
    action: str
    user_id: UUID
    actor_id: UUID | None
    ip_address: str
    facts: dict[str, Any]


class OwnEventOut(Out):
    """Something done to your account, by you or by an administrator."""

    id: UUID
    at: datetime
    action: str
    by_you: bool
    ip_address: str
