"""What Sinuzoid's own client reads (seed 004's frontend)."""

from datetime import datetime
from uuid import UUID

from pydantic import AliasChoices, Field

from services.auth.schemas.accounts import UserOut
from shared.schemas import Out


class SaidOut(Out):
    """That it was done, in words."""

    message: str


class TokensOut(Out):
    """Both tokens; `expires_in` is in seconds."""

    access_token: str
    refresh_token: str
    token_type: str = "Bearer"  # the kind, RFC 6750
    expires_in: int


class SignedInOut(Out):
    """What this client's sign-in gives."""

    message: str
    user: UserOut
    tokens: TokensOut


class RefreshedOut(Out):
    """What its refresh gives."""

    message: str
    tokens: TokensOut


class MeOut(Out):
    """The account, with when it was made and last used."""

    id: UUID
    username: str | None
    email: str
    role: str
    created_at: datetime = Field(serialization_alias="createdAt")
    last_login: datetime | None = Field(
        validation_alias=AliasChoices("last_login_at", "lastLogin"), serialization_alias="lastLogin"
    )


class WhoOut(Out):
    """Who is signed in."""

    user: MeOut
