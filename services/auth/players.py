"""Players: phones and programs that speak Subsonic, each with credentials of its own, so that none of them knows a password.

An API key has 256 random bits and is kept as a digest. An app password is sealed instead: Subsonic's token is an MD5 over the
plain one. It has 113 bits, so nobody guesses it: who shows wrong ones is told to wait, while a right one is never refused, so
that no stranger and no forgotten player at home locks the others out. A removed player is named in the revocations by its id.
"""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, insert, or_, select, text, update
from sqlalchemy.orm import Session

from services.auth import audit, readable, revocations, users
from services.auth.errors import NoSuchPlayer, PlayerUnknown, SignInNotOurs, TooManyPlayers
from services.auth.guesses import network_of
from services.auth.models import PlayerCredential, User, UserSession
from services.auth.tasks import mail
from services.auth.world import World
from shared import clock, ids
from shared import db as database
from shared.db import transaction
from shared.errors import NotFound
from shared.identity import Caller
from shared.logs import log
from shared.sealing import CannotUnseal, Seals

TABLE = "player_credentials"
AT_MOST = 50  # of one user
KEY_BYTES = 32
KEY_PREFIX = "tutti_"  # so that one that leaked is found by those who scan for secrets
USE_NOTED = timedelta(minutes=1)  # how exactly `last_used_at` is known; a player asks many times a minute
WRONG_AT_MOST, WRONG_SECONDS = 20, 300  # of an account from one address
NOBODY = UUID(int=0)

FIND_BY_KEY = text("SELECT id, user_id FROM find_player_by_key(:digest)")
FIND_USER = text("SELECT id FROM find_user_of_player(:name)")


@dataclass(frozen=True, slots=True)
class Added:
    """A new player with its secrets, which are shown this once."""

    id: UUID
    name: str
    api_key: str
    app_password: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Shown:
    """What a player shows of its app password: the password itself, or a salt and the MD5 of both (Subsonic)."""

    password: str | None
    token: str | None
    salt: str | None

    def is_of(self, app_password: str) -> bool:
        """Whether it was made of this one, typed with its dashes or without; in a time that tells nothing."""
        if self.password is not None:
            return hmac.compare_digest(_bytes(readable.bare(self.password)), _bytes(readable.bare(app_password)))
        typed = (app_password, readable.bare(app_password))
        made = [hashlib.md5(_bytes(each + (self.salt or "")), usedforsecurity=False).hexdigest() for each in typed]
        return any([hmac.compare_digest(_bytes(each), _bytes((self.token or "").lower())) for each in made])  # noqa: C419 -- all


@dataclass(frozen=True, slots=True)
class Verified:
    """Whose player it is, and which. `zoneinfo` is an IANA name, or empty."""

    user_id: UUID
    username: str | None
    roles: list[str]
    zoneinfo: str
    credential_id: UUID
    name: str


def add(db: Session, seals: Seals, name: str, *, caller: Caller, address: str) -> Added:
    """Give a player credentials. Raises TooManyPlayers, and SignInNotOurs for a token of another issuer or of no sign-in."""
    # The user's row is held, so that two at once are counted one after the other.
    db.execute(select(User.id).where(User.id == caller.id).with_for_update(key_share=True))
    if db.scalar(select(UserSession.id).where(UserSession.id == caller.session_id, UserSession.user_id == caller.id)) is None:
        raise SignInNotOurs
    if (db.scalar(select(func.count()).where(PlayerCredential.user_id == caller.id)) or 0) >= AT_MOST:
        raise TooManyPlayers(at_most=AT_MOST)
    key = KEY_PREFIX + secrets.token_urlsafe(KEY_BYTES)
    added = Added(ids.new(), name, key, readable.new(), clock.now())
    sealed = seals.seal(added.app_password.encode(), table=TABLE, row=added.id, user_id=caller.id)
    row = {"id": added.id, "name": name, "user_id": caller.id, "created_at": added.created_at}
    db.execute(insert(PlayerCredential).values(**row, key_digest=_digest(key), app_password=sealed))
    audit.note(db, "player.added", user_id=caller.id, ip_address=address, player_id=str(added.id))
    mail.send(db, "player_added", user_id=caller.id, name=name, address=address)
    return added


def of_user(db: Session, *, user_id: UUID) -> list[dict[str, Any]]:
    """The players of a user, the newest first, without secrets."""
    columns = (PlayerCredential.id, PlayerCredential.name, PlayerCredential.created_at, PlayerCredential.last_used_at)
    listed = select(*columns).where(PlayerCredential.user_id == user_id).order_by(PlayerCredential.id.desc())
    return [dict(row._mapping) for row in db.execute(listed)]


def remove(db: Session, player_id: UUID, *, user_id: UUID, address: str) -> None:
    """Take a player's credentials back; what was verified by them counts no longer within seconds. Raises NoSuchPlayer."""
    gone = delete(PlayerCredential).where(PlayerCredential.id == player_id, PlayerCredential.user_id == user_id)
    if db.scalar(gone.returning(PlayerCredential.id)) is None:
        raise NoSuchPlayer
    revocations.revoke(db, user_id=user_id, session_id=player_id)
    audit.note(db, "player.removed", user_id=user_id, ip_address=address, player_id=str(player_id))


def remove_all(db: Session, *, user_id: UUID) -> None:
    """Take the credentials of every player of a user back. May be repeated."""
    gone = delete(PlayerCredential).where(PlayerCredential.user_id == user_id).returning(PlayerCredential.id)
    for player_id in db.scalars(gone).all():
        revocations.revoke(db, user_id=user_id, session_id=player_id)


def by_key(world: World, api_key: str) -> Verified:
    """Whose API key this is. Raises PlayerUnknown."""
    found = database.look_up(world.engine, FIND_BY_KEY, digest=_digest(api_key))
    if found is None:
        raise PlayerUnknown
    with transaction(world.engine, user_id=found.user_id) as db:
        return _used(db, found.id, user_id=found.user_id)


def by_password(world: World, username: str, shown: Shown, *, address: str) -> Verified:
    """Whose app password was shown, by username or e-mail address; an unknown one is looked for as long.

    Raises PlayerUnknown; TooMany for wrong guesses, never for a right one.
    """
    found = database.look_up(world.engine, FIND_USER, name=username)
    user_id = found.id if found else NOBODY
    with transaction(world.engine, user_id=user_id) as db:
        rows = db.execute(
            select(PlayerCredential.id, PlayerCredential.app_password).where(PlayerCredential.user_id == user_id)
        ).all()
        right = [row.id for row in rows if _is_right(world.seals, shown, row.app_password, row.id, user_id)]
        if right:
            return _used(db, right[0], user_id=user_id)
    who = f"{found.id if found else username.lower()} {network_of(address)}"
    world.failures.hit("wrong app passwords", at_most=WRONG_AT_MOST, per_seconds=WRONG_SECONDS, who=who)
    raise PlayerUnknown


def _used(db: Session, player_id: UUID, *, user_id: UUID) -> Verified:
    mine = (PlayerCredential.id == player_id, PlayerCredential.user_id == user_id)
    name = db.scalar(select(PlayerCredential.name).where(*mine))
    try:
        account = users.get(db, user_id=user_id)
    except NotFound as reason:
        raise PlayerUnknown from reason
    if name is None:
        raise PlayerUnknown
    long_ago = or_(PlayerCredential.last_used_at.is_(None), PlayerCredential.last_used_at < clock.now() - USE_NOTED)
    db.execute(update(PlayerCredential).where(*mine, long_ago).values(last_used_at=clock.now()))
    return Verified(user_id, account.username, account.roles, account.zone, player_id, name)


def _is_right(seals: Seals, shown: Shown, sealed: bytes, player_id: UUID, user_id: UUID) -> bool:
    """One that does not open any more lets nobody in, and keeps no other player out."""
    try:
        return shown.is_of(seals.unseal(sealed, table=TABLE, row=player_id, user_id=user_id).decode())
    except CannotUnseal:
        log(__name__).warning("player.cannot_unseal", player_id=str(player_id))
        return False


def _digest(api_key: str) -> bytes:
    return hashlib.sha256(_bytes(api_key)).digest()


def _bytes(typed: str) -> bytes:
    return typed.encode("utf-8", "surrogatepass")
