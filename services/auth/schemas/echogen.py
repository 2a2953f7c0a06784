"""What EchoGen's client sends and reads (seed 002): names in both cases are taken, and given as the client has them."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import AliasChoices, Field, StringConstraints

from services.auth.schemas.fields import Email, NewPassword, TypedName, TypedPassword
from services.auth.schemas.profiles import Picture, Preferences
from shared.schemas import In, Line, Out, Text


class EntryWish(In):
    """What signing up and signing in have in common: `method` is email, phone, google, apple or github."""

    method: Line = "email"
    phone_number: Line | None = Field(default=None, validation_alias=AliasChoices("phoneNumber", "phone_number"))


class SignUp(EntryWish):
    """Somebody who wants an account."""

    email: Email | None = None
    password: NewPassword | None = None
    full_name: Line | None = Field(default=None, validation_alias=AliasChoices("fullName", "full_name"))


class SignIn(EntryWish):
    """Somebody who has one. A name is sent by a client that uses one form for both, and means nothing."""

    email: TypedName | None = None
    password: TypedPassword | None = None
    full_name: Line | None = Field(default=None, validation_alias=AliasChoices("fullName", "full_name"))


class ProfileChange(In):
    """What to tell of oneself from now on; what is left out or null stays."""

    full_name: Line | None = Field(default=None, validation_alias=AliasChoices("fullName", "full_name"))
    avatar_url: Picture | None = Field(default=None, validation_alias=AliasChoices("avatarUrl", "avatar_url"))
    bio: Annotated[Text, StringConstraints(max_length=2000)] | None = None
    preferences: Preferences | None = None


class DeletionOut(Out):
    """An account on its way out, or not any more."""

    scheduled_for: datetime
    requested_at: datetime
    cancelled_at: datetime | None
    completed_at: datetime | None


class PersonOut(Out):
    """Account and profile in one."""

    id: UUID
    email: str
    full_name: str = Field(validation_alias="name", serialization_alias="fullName")
    created_at: datetime
    last_sign_in_at: datetime | None = Field(validation_alias="last_login_at")
    avatar_url: str | None = Field(default=None, validation_alias="avatar", serialization_alias="avatarUrl")
    bio: str = ""
    preferences: dict[str, Any] = {}
    onboarding_completed: bool = Field(default=False, serialization_alias="onboardingCompleted")
    pending_account_deletion: DeletionOut | None = Field(default=None, serialization_alias="pendingAccountDeletion")


class SessionOut(Out):
    """Both tokens; `expires_in` is in seconds."""

    access_token: str
    refresh_token: str
    expires_in: int


class SignedInOut(Out):
    """Who has signed in, and the tokens; none while the address of a newcomer has to be confirmed first."""

    user: PersonOut
    session: SessionOut | None
