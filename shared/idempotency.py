"""`Idempotency-Key`: a creating request may be sent again and is done once (as Stripe does it, and
draft-ietf-httpapi-idempotency-key).

The row is written in the transaction of the effect, so both are true or neither. A request of two transactions (an
upload) claims its key in the first and fulfils it in the second; between them a repetition hears 409, for as long as the
request holds its key (`holding`): one whose process was killed, or that could not give its key back, holds it no longer.

A key may also be made of the request itself, for clients that send none: with `since`, only requests that were under way at
the same time share an answer.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Self
from uuid import UUID

from sqlalchemy import ColumnElement, Engine, delete, func, select, text, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from shared import clock, ids, json
from shared import db as database
from shared.errors import Conflict, Invalid, Malformed
from shared.logs import log
from shared.tables import IdempotencyKey

MAX_KEY_CHARACTERS = 255  # Stripe's limit
HELD = timedelta(seconds=30)  # a key whose holder was not heard of for so long is free
RENEWED_SECONDS = 5  # a database that is away for half a minute costs nobody a key
MAX_ROUTE_CHARACTERS = 100  # what the column holds
NOBODY = UUID(int=0)  # whose keys signed-out requests use


class KeyReused(Malformed):
    """This Idempotency-Key was used with another request. Use a fresh key for a new request."""


class StillInProgress(Conflict):
    """The first request with this Idempotency-Key is still being worked on. Ask again in a moment."""


class KeyLost(Conflict):
    """This request took so long that another one with its Idempotency-Key has begun; that one's answer counts."""


class BadKey(Invalid):
    """An Idempotency-Key has 1 to 255 printable ASCII characters."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the first request was answered."""

    status: int
    body: bytes
    headers: dict[str, str]
    fingerprint: bytes | None = None


@dataclass(frozen=True, slots=True)
class Claim:
    """One key of one person on one route. Claims of a signed-out request belong to NOBODY."""

    user_id: UUID
    route: str
    key: str
    holder: UUID = field(default_factory=ids.new, compare=False)  # the request that claims

    @classmethod
    def of(cls, user_id: UUID | None, method: str, path: str, key: str, fingerprint: bytes) -> Self:
        """The claim of one request.

        Signed out, two people may choose the same key, so there the key is that of one body: another body is another request.
        """
        route = f"{method} {path}"
        if len(route) > MAX_ROUTE_CHARACTERS:
            route = f"{method} {sha256(path.encode()).hexdigest()}"
        if user_id is None:
            cls(NOBODY, route, key)  # raises BadKey
            return cls(NOBODY, route, sha256(key.encode() + fingerprint).hexdigest())
        return cls(user_id, route, key)

    def __post_init__(self) -> None:
        if not 0 < len(self.key) <= MAX_KEY_CHARACTERS or not self.key.isascii() or not self.key.isprintable():
            raise BadKey


def fingerprint(body_sha256: bytes, query: bytes) -> bytes:
    """What tells a request from another of the same person on the same route: its body, and what its query asks for."""
    return sha256(body_sha256 + query).digest()


def claim(db: Session, claim: Claim, fingerprint: bytes | None = None, *, since: datetime | None = None) -> Answer | None:
    """Take the key for this request; None means: do the work, then `fulfil`.

    Otherwise the first request's answer, to be sent again. `fingerprint` is a digest of the request, or None where its
    body has not been read yet: then the caller compares the answer's. An answer given before `since` is an older request's:
    the key is free. Raises KeyReused, StillInProgress.
    """
    with _as(db, claim.user_id):
        lock = func.pg_try_advisory_xact_lock(func.hashtextextended(f"{claim.user_id}|{claim.route}|{claim.key}", 0))
        if not db.scalar(select(lock)):
            raise StillInProgress(retry_after_seconds=1)
        row = db.get(IdempotencyKey, (claim.user_id, claim.route, claim.key))
        held_until = clock.now() + HELD
        if row is None:
            named = {"user_id": claim.user_id, "route": claim.route, "key": claim.key}
            db.add(IdempotencyKey(**named, fingerprint=fingerprint, holder=claim.holder, held_until=held_until))
            db.flush()
            return None
        is_abandoned = row.status is None and row.held_until < clock.now()
        is_older = row.status is not None and since is not None and row.held_until < since
        if is_abandoned or is_older:
            row.holder, row.held_until, row.status, row.body = claim.holder, held_until, None, None
            row.created_at = clock.now()  # it is as young as its request: no clean-up takes it away meanwhile
            db.flush()
            return None
        if row.status is None:
            raise StillInProgress(retry_after_seconds=1)
        answer = Answer(row.status, row.body or b"", json.loads((row.headers or "{}").encode()), row.fingerprint)
    if fingerprint is not None:
        same(answer, fingerprint)
    return answer


def is_held(db: Session, claim: Claim) -> bool:
    """Whether some request is being worked on under this key; a look only, nothing is taken."""
    mine = (IdempotencyKey.user_id == claim.user_id, IdempotencyKey.route == claim.route, IdempotencyKey.key == claim.key)
    held = select(IdempotencyKey.key).where(*mine, IdempotencyKey.status.is_(None), IdempotencyKey.held_until > clock.now())
    with _as(db, claim.user_id):
        return db.scalar(held) is not None


def same(answer: Answer, fingerprint: bytes) -> None:
    """Whether the answer belongs to a request with this fingerprint. Raises KeyReused where not."""
    if answer.fingerprint != fingerprint:
        raise KeyReused


def fulfil(db: Session, claim: Claim, answer: Answer) -> None:
    """Keep the answer, in the transaction that makes it true. Raises KeyLost: then nothing of this request may become true."""
    values = {
        "status": answer.status,
        "body": answer.body,
        "headers": json.dumps(answer.headers).decode(),
        "fingerprint": answer.fingerprint,
        "held_until": clock.now(),
    }
    with _as(db, claim.user_id):
        kept = update(IdempotencyKey).where(*_mine(claim)).values(values).returning(IdempotencyKey.key)
        if db.scalar(kept) is None:
            raise KeyLost


def release(db: Session, claim: Claim) -> None:
    """Give the key back: the request failed and may be sent again."""
    with _as(db, claim.user_id):
        db.execute(delete(IdempotencyKey).where(*_mine(claim)))


@contextmanager
def holding(engine: Engine, claim: Claim | None) -> Iterator[None]:
    """Keep a key from being claimed again while a request of two transactions is between them."""
    if claim is None:
        yield
        return
    is_over = threading.Event()
    threading.Thread(target=_renew, args=(engine, claim, is_over), name="idempotency key", daemon=True).start()
    try:
        yield
    finally:
        is_over.set()


def _renew(engine: Engine, claim: Claim, is_over: threading.Event) -> None:
    while not is_over.wait(RENEWED_SECONDS):
        try:
            with database.transaction(engine, user_id=claim.user_id) as db:
                db.execute(update(IdempotencyKey).where(*_mine(claim)).values(held_until=clock.now() + HELD))
        except SQLAlchemyError as reason:
            log(__name__).warning("idempotency.not_renewed", reason=type(reason).__name__)


def _mine(claim: Claim) -> tuple[ColumnElement[bool], ...]:
    """The row that this very request holds and has not fulfilled."""
    return (
        IdempotencyKey.user_id == claim.user_id,
        IdempotencyKey.route == claim.route,
        IdempotencyKey.key == claim.key,
        IdempotencyKey.holder == claim.holder,
        IdempotencyKey.status.is_(None),
    )


@contextmanager
def _as(db: Session, user_id: UUID) -> Iterator[None]:
    """Keys of signed-out requests are rows of NOBODY; the transaction goes on as whoever it was."""
    if user_id != NOBODY:
        yield
        return
    before = db.scalar(text("SELECT current_setting('app.user_id', true)"))
    database.become(db, NOBODY)
    try:
        yield
    finally:
        if db.is_active:
            db.execute(text("SELECT set_config('app.user_id', :before, true)"), {"before": before or ""})
