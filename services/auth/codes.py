"""Sign-in codes: what a browser carries back to an app in an address, for the app to exchange for tokens at once.

A code is good once and for a minute. An app that began with a code challenge (PKCE, RFC 7636, S256 alone) has to show its
verifier; a verifier where there was no challenge is refused too, so that nobody can strip the one from the way there.
"""

import base64
import hashlib
import hmac
from uuid import UUID

from sqlalchemy.orm import Session

from services.auth import entry, one_time
from services.auth.entry import Admission
from services.auth.errors import OneTimeTokenInvalid
from services.auth.one_time import MINUTE, Purpose
from services.auth.world import World
from shared.db import transaction

LIFETIME_SECONDS = MINUTE


def issue(db: Session, *, user_id: UUID, code_challenge: str = "") -> str:
    """A code that signs this user in, once."""
    return one_time.issue(db, Purpose.SIGN_IN_CODE, user_id=user_id, seconds=LIFETIME_SECONDS, code_challenge=code_challenge)


def exchange(world: World, code: str, *, address: str, device: str, code_verifier: str = "") -> Admission:
    """Begin the sign-in that a code stands for. A wrong verifier uses the code up.

    Raises OneTimeTokenInvalid, InvalidCredentials where the account is disabled.
    """
    with transaction(world.engine) as db:
        redeemed = one_time.redeem(db, Purpose.SIGN_IN_CODE, code)
    if redeemed.user_id is None or not is_proved(code_verifier, str(redeemed.facts["code_challenge"])):
        raise OneTimeTokenInvalid
    return entry.admit(world, user_id=redeemed.user_id, address=address, device=device)


def challenge(verifier: str) -> str:
    """The S256 challenge of a verifier.

    >>> challenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")
    'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM'
    """
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")


def is_proved(verifier: str, wanted: str) -> bool:
    """Whether a verifier is that of a challenge; none belongs to none."""
    return hmac.compare_digest(challenge(verifier) if verifier else "", wanted)
