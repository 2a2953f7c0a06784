"""Other providers: going there, coming back, being connected."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from services.auth.schemas.codes import SignInCode
from services.auth.schemas.fields import TypedPassword
from shared.schemas import In, Out

Address = Annotated[str, StringConstraints(max_length=2048)]
Challenge = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{43}$")]  # SHA-256 in base64url (RFC 7636)


class NewJourney(In):
    """Where the browser goes when it is back, and the challenge whose verifier the app will show."""

    redirect_to: Address = Field(description="One of the addresses in APP_URLS, exactly.")
    code_challenge: Challenge | None = Field(default=None, description="PKCE, S256.")
    code_challenge_method: Literal["S256"] | None = None


class JourneyAsked(NewJourney):
    """The same in an address that a browser opens; with a ticket, to connect the provider to its user's account."""

    ticket: Annotated[str, StringConstraints(max_length=128)] | None = None


class NewConnection(NewJourney):
    """The same to connect a provider, with the present password where there is one; who has none has signed in just now."""

    current_password: TypedPassword | None = None


class JourneyOut(Out):
    """The address for the browser to open."""

    url: str


class LinkCode(SignInCode):
    """The `link_code` that the browser brought back."""


class IdentityOut(Out):
    """An account with another provider that opens this one."""

    id: UUID
    provider: str
    issuer: str
    email: str
    created_at: datetime
    last_used_at: datetime
