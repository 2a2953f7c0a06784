"""Second factors: time-based one-time passwords (RFC 6238), and recovery codes for whoever has lost the device that shows them.

A factor is proposed, then confirmed by its first code; only then does it count. Each step's code is good once, in one
conditional UPDATE, and each recovery code once, in one DELETE: of fifty at once, one finds the row. Changing anything here
makes every pending link and code of the account worthless, and is told to its owner.
"""

import hmac
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import pyotp
from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from services.auth import audit, one_time, readable
from services.auth.errors import CodeWrong, NoSecondFactor, SecondFactorIsOn, SecondFactorIsYours
from services.auth.models import RecoveryCode, SecondFactor, User
from services.auth.tasks import mail
from shared import clock
from shared.sealing import Seals

TABLE = "second_factors"
ISSUER = "Tutti"  # what an authenticator shows beside the address
STEP_SECONDS = 30  # what every authenticator assumes
STEPS_ASIDE = 1  # a code is also good in the step before and after its own: clocks differ, and typing takes time
DIGITS = 6
RECOVERY_CODES = 10


@dataclass(frozen=True, slots=True)
class State:
    """Whether a factor counts, since when, and how many recovery codes are left."""

    enabled: bool
    confirmed_at: datetime | None
    recovery_codes_left: int


@dataclass(frozen=True, slots=True)
class Proposal:
    """A secret for an authenticator: in Base32, and as the address that a QR code carries."""

    secret: str
    otpauth_url: str


def is_on(db: Session, *, user_id: UUID) -> bool:
    """Whether this user's sign-ins need a second factor."""
    here = select(SecondFactor.user_id).where(SecondFactor.user_id == user_id, SecondFactor.confirmed_at.is_not(None))
    return db.scalar(here) is not None


def state(db: Session, *, user_id: UUID) -> State:
    """How it stands."""
    confirmed_at = db.scalar(select(SecondFactor.confirmed_at).where(SecondFactor.user_id == user_id))
    left = db.scalar(select(func.count()).select_from(RecoveryCode).where(RecoveryCode.user_id == user_id))
    return State(confirmed_at is not None, confirmed_at, left or 0)


def propose(db: Session, seals: Seals, *, user_id: UUID) -> Proposal:
    """A new secret, which counts once it is confirmed; one proposed before is forgotten. Raises SecondFactorIsOn."""
    secret = pyotp.random_base32()  # 160 bits, as RFC 4226 recommends
    sealed = seals.seal(secret.encode(), table=TABLE, row=user_id, user_id=user_id)
    proposed = upsert(SecondFactor).values(user_id=user_id, secret=sealed, last_step=0)
    replaced = proposed.on_conflict_do_update(
        index_elements=[SecondFactor.user_id],
        set_={"secret": sealed, "last_step": 0},
        where=SecondFactor.confirmed_at.is_(None),
    )
    if db.scalar(replaced.returning(SecondFactor.user_id)) is None:
        raise SecondFactorIsOn
    email = db.scalar(select(User.email).where(User.id == user_id))
    return Proposal(secret, pyotp.TOTP(secret).provisioning_uri(name=email, issuer_name=ISSUER))


def confirm(db: Session, seals: Seals, code: str, *, user_id: UUID, address: str) -> list[str]:
    """Let the proposed factor count from now on; its recovery codes. Raises CodeWrong, NoSecondFactor, SecondFactorIsOn."""
    if is_on(db, user_id=user_id):
        raise SecondFactorIsOn
    _use_step(db, seals, code, user_id=user_id)
    turned_on = update(SecondFactor).where(SecondFactor.user_id == user_id, SecondFactor.confirmed_at.is_(None))
    if db.scalar(turned_on.values(confirmed_at=clock.now()).returning(SecondFactor.user_id)) is None:
        raise SecondFactorIsOn
    _tell(db, "turned on", user_id=user_id, address=address)
    return _new_recovery_codes(db, user_id=user_id)


def use(db: Session, seals: Seals, code: str, *, user_id: UUID) -> None:
    """Use up a code of the authenticator, or a recovery code. Raises CodeWrong, NoSecondFactor."""
    if not is_on(db, user_id=user_id):
        raise NoSecondFactor
    typed = readable.bare(code)
    if len(typed) == DIGITS:
        _use_step(db, seals, typed, user_id=user_id)
        return
    used = delete(RecoveryCode).where(RecoveryCode.user_id == user_id, RecoveryCode.digest == readable.digest(typed))
    if db.scalar(used.returning(RecoveryCode.user_id)) is None:
        raise CodeWrong
    audit.note(db, "second_factor.recovery_code_used", user_id=user_id)


def renew_recovery_codes(db: Session, *, user_id: UUID, address: str) -> list[str]:
    """Ten new recovery codes; those before count no longer."""
    _tell(db, "given new recovery codes", user_id=user_id, address=address)
    return _new_recovery_codes(db, user_id=user_id)


def remove(db: Session, *, user_id: UUID, address: str, actor_id: UUID | None = None) -> None:
    """Let sign-ins go without a second factor again. May be repeated."""
    db.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user_id))
    gone = delete(SecondFactor).where(SecondFactor.user_id == user_id).returning(SecondFactor.confirmed_at)
    if db.scalar(gone) is not None:
        _tell(db, "turned off", user_id=user_id, address=address, actor_id=actor_id)


def remove_for(db: Session, *, user_id: UUID, actor_id: UUID, address: str) -> None:
    """The same by an administrator, for somebody who has lost it. Raises SecondFactorIsYours."""
    if user_id == actor_id:
        raise SecondFactorIsYours
    remove(db, user_id=user_id, address=address, actor_id=actor_id)


def _use_step(db: Session, seals: Seals, code: str, *, user_id: UUID) -> None:
    """Use up the step that `code` belongs to. Raises CodeWrong for none near now, and for one that was used."""
    sealed = db.scalar(select(SecondFactor.secret).where(SecondFactor.user_id == user_id))
    if sealed is None:
        raise NoSecondFactor
    totp = pyotp.TOTP(seals.unseal(sealed, table=TABLE, row=user_id, user_id=user_id).decode())
    now = int(clock.now().timestamp()) // STEP_SECONDS
    near = range(now - STEPS_ASIDE, now + STEPS_ASIDE + 1)
    steps = [step for step in near if hmac.compare_digest(totp.generate_otp(step).encode(), code.encode())]
    taken = update(SecondFactor).where(SecondFactor.user_id == user_id, SecondFactor.last_step < max(steps, default=0))
    if not steps or db.scalar(taken.values(last_step=max(steps)).returning(SecondFactor.user_id)) is None:
        raise CodeWrong


def _new_recovery_codes(db: Session, *, user_id: UUID) -> list[str]:
    codes = [readable.new() for _ in range(RECOVERY_CODES)]
    db.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user_id))
    db.execute(insert(RecoveryCode), [{"user_id": user_id, "digest": readable.digest(code)} for code in codes])
    return codes


def _tell(db: Session, what: str, *, user_id: UUID, address: str, actor_id: UUID | None = None) -> None:
    one_time.forget(db, user_id=user_id)
    audit.note(db, f"second_factor.{what.replace(' ', '_')}", user_id=user_id, actor_id=actor_id, ip_address=address)
    mail.send(db, "second_factor_changed", user_id=user_id, change=what, address="" if actor_id else address)
