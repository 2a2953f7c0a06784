"""What is wrong between rows and objects: found here, and repaired here."""

import hashlib
from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Engine

from services.media.errors import BytesLost
from services.media.proving import claims
from services.media.proving.claims import Claim
from services.media.settings import Settings
from services.media.store import READ_BYTES, Listed, Store


class Wrong(StrEnum):
    """What may be wrong with one object."""

    UNCLAIMED = "unclaimed"  # no row names it
    MISSING = "missing"  # a row names it, and it is not there
    SIZE = "size"  # it is there with another length
    DAMAGED = "damaged"  # its bytes are not those that were stored


class Finding(NamedTuple):
    """One thing that is wrong."""

    wrong: Wrong
    bucket: str
    key: str
    claim: Claim | None = None

    @property
    def user_id(self) -> UUID | None:
        """Whose it is, where a row says so."""
        return self.claim.user_id if self.claim else None


def look(
    engine: Engine, store: Store, settings: Settings, *, stored_before: datetime, reads_all: bool = True
) -> Iterator[Finding]:
    """Everything that is wrong. `reads_all` compares every byte; without it, names and lengths alone.

    Objects are listed before the rows are read: what comes meanwhile has its row by then, and what goes meanwhile is asked
    for once more. An object younger than `stored_before` may still wait for its row.
    """
    there = {(bucket, each.key): each for bucket in _buckets(settings) for each in store.listed(bucket, "")}
    unclaimed = set(there)
    for claim in claims.all_of(engine, settings):
        place = (claim.bucket, claim.key)
        unclaimed.discard(place)
        found = there.get(place)
        if claim.is_settled and (wrong := _wrong(store, claim, found, reads_all=reads_all)):
            yield Finding(wrong, *place, claim)
    for place in sorted(unclaimed):
        is_archive = place[1].startswith("exports/")  # those have no rows, and are swept by their age
        if not is_archive and there[place].stored_at < stored_before:
            yield Finding(Wrong.UNCLAIMED, *place)


def is_still(store: Store, finding: Finding) -> bool:
    """Whether an object that a row claims is as it was found: the store may have been away for a moment."""
    claim = finding.claim
    assert claim
    there = (each for each in store.listed(claim.bucket, claim.key) if each.key == claim.key)
    return _wrong(store, claim, next(there, None), reads_all=finding.wrong == Wrong.DAMAGED) == finding.wrong


def _wrong(store: Store, claim: Claim, found: Listed | None, *, reads_all: bool) -> Wrong | None:
    if found is None:
        return None if claim.is_spare or _is_there(store, claim) else Wrong.MISSING
    if claim.size_bytes is not None and found.size_bytes != claim.size_bytes:
        return Wrong.SIZE
    if reads_all and claim.sha256 and claim.size_bytes is not None:
        return _damage(store, claim, claim.size_bytes)
    return None


def _buckets(settings: Settings) -> list[str]:
    return sorted({settings.storage_bucket, settings.recordings_bucket})


def _is_there(store: Store, claim: Claim) -> bool:
    try:
        store.read(claim.bucket, claim.key, start=0, length=1)
    except BytesLost:
        return False
    return True


def _damage(store: Store, claim: Claim, size_bytes: int) -> Wrong | None:
    digest = hashlib.sha256()
    try:
        for start in range(0, size_bytes, READ_BYTES):
            digest.update(store.read(claim.bucket, claim.key, start=start, length=min(READ_BYTES, size_bytes - start)))
    except BytesLost:
        return Wrong.MISSING
    return None if digest.hexdigest() == claim.sha256 else Wrong.DAMAGED
