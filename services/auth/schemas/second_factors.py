"""The second factor of an account, and a sign-in that waits for it."""

from datetime import datetime
from typing import Annotated

from pydantic import StringConstraints

from services.auth.schemas.fields import TypedPassword
from shared.schemas import In, Out

TypedCode = Annotated[str, StringConstraints(max_length=64)]


class Proof(In):
    """Your current password; left out by whoever has none and signed in just now."""

    current_password: TypedPassword | None = None


class Code(In):
    """A code that the authenticator shows, or a recovery code where that is said."""

    code: TypedCode


class FirstCode(Code):
    """The first code that the authenticator shows. With `end_others`, every other sign-in ends."""

    end_others: bool = False


class ProofAndCode(Proof):
    """Both: what turning it off takes. With `end_others`, every other sign-in ends."""

    code: TypedCode
    end_others: bool = False


class Challenged(In):
    """The challenge that a sign-in answered, with a code of the authenticator or a recovery code."""

    challenge: Annotated[str, StringConstraints(max_length=128)]
    code: TypedCode


class SecondFactorOut(Out):
    """How it stands with the second factor."""

    enabled: bool
    confirmed_at: datetime | None
    recovery_codes_left: int


class ProposalOut(Out):
    """A secret for an authenticator, shown this once. It counts once it is confirmed."""

    secret: str
    otpauth_url: str


class RecoveryCodesOut(Out):
    """Codes that stand in for the authenticator, each once, shown this once."""

    recovery_codes: list[str]
