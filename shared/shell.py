"""What both shells hold for a service's endpoints and do alike: who calls, how often, as whom the database is asked."""

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Self

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from shared import db as database
from shared import derive, identity
from shared.config import Settings
from shared.health import Check
from shared.identity import Caller, InternalCaller, Verifier
from shared.limits import Limiter, PostgresStorage

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
KEPT_HEADERS = frozenset({"location", "content-type"})  # of an answer that is kept for repetitions


@dataclass(frozen=True)
class Shell:
    """The shell of one process. `world` is whatever the service's endpoints need besides."""

    settings: Settings
    engine: Engine
    verifier: Verifier
    world: Any
    by_user: Limiter  # in memory, every route
    by_cost: Limiter  # in Postgres, costly routes
    fingerprint_key: bytes  # bodies hold passwords, so an unkeyed digest of one must not be kept

    @classmethod
    def make(cls, settings: Settings, engine: Engine, verifier: Verifier, world: Any) -> Self:
        """The shell of a service with these parts."""
        return cls(
            settings=settings,
            engine=engine,
            verifier=verifier,
            world=world,
            by_user=Limiter(enabled=settings.rate_limits),
            by_cost=Limiter(PostgresStorage(engine), enabled=settings.rate_limits),
            fingerprint_key=derive.derive(settings.newest_sealing_key, "idempotency fingerprints"),
        )

    def checks(self, more: Mapping[str, Check]) -> dict[str, Check]:
        """What `/ready` asks: the database, what auth publishes, and what the service adds."""
        asked = {"keys": self.verifier.keys.check, "revocations": self.verifier.revocations.check}
        return {"database": lambda: database.ping(self.engine), **asked, **more}

    def caller(self, authorization: Sequence[str], method: str) -> Caller:
        """The person behind a request. Raises as `Verifier.caller` does."""
        return self.verifier.caller(authorization, changes_something=method not in SAFE_METHODS)

    def peer(self, authorization: Sequence[str]) -> InternalCaller:
        """The service behind a request. Raises NotSignedIn, TokenInvalid."""
        return identity.verify_internal(authorization, audience=self.settings.service_name, keys=self.settings.internal_keys)

    def count(self, caller: Caller) -> None:
        """Count a request of this person. Raises TooMany."""
        self.by_user.hit("requests", at_most=self.settings.user_rate_limit_per_minute, per_seconds=60, who=caller.id)

    def count_costly(self, caller: Caller) -> None:
        """Count something dear that this person asks for. Raises TooMany."""
        self.by_cost.hit("costly", at_most=self.settings.api_rate_limit_per_minute, per_seconds=60, who=caller.id)

    def transaction(self, caller: Caller | None = None) -> AbstractContextManager[Session]:
        """The database as `caller`, or as nobody: then only definer functions and public rows answer."""
        role = "admin" if caller and caller.is_admin else ""
        return database.transaction(self.engine, user_id=caller.id if caller else None, role=role)

    def fingerprint(self, body: bytes) -> bytes:
        """What tells this body from another, and nothing of what is in it."""
        return hmac.digest(self.fingerprint_key, body, hashlib.sha256)
