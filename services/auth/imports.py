"""Users who come from elsewhere with their passwords: a file read line by line, what is refused of it, what is kept.

A bad line is told and left out; the rest goes on. Whoever is here already, by address, is skipped, so a file may be repeated.
"""

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from pydantic import ValidationError
from sqlalchemy import insert, select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from services.auth import foreign_hashes
from services.auth.foreign_hashes import FirebaseProject, NotTaken
from services.auth.models import AuditEvent, User, UserProfile
from services.auth.schemas.administration import Role
from services.auth.schemas.imports import ImportedUser
from shared import clock, ids, json
from shared.schemas import problems

LONGEST_LINE = 64 * 1024  # characters
PROVIDER = "import"  # in `users.auth_provider`
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Refused:
    """A line that is not taken, and why; no value of it is told."""

    number: int
    reason: str


@dataclass(frozen=True, slots=True)
class Arrival:
    """Somebody who may come in, and the hash to keep; an empty one is none."""

    number: int
    user: ImportedUser
    password: str


@dataclass(frozen=True, slots=True)
class Rules:
    """What is asked of lines."""

    allow_roles: bool = False
    firebase: FirebaseProject | None = None


def read(path: Path, rules: Rules) -> Iterator[Arrival | Refused]:
    """Every line of a file of JSON lines (`.json`, `.jsonl`, `.ndjson`) or of CSV with a head, in order."""
    with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
        lines = _json_lines(file) if path.suffix.lower() in (".json", ".jsonl", ".ndjson") else _csv_lines(file)
        for number, line in lines:
            yield line if isinstance(line, Refused) else _arrival(number, line, rules)


def keep(db: Session, arrivals: Sequence[Arrival]) -> tuple[int, list[Refused], list[Refused]]:
    """Make accounts of those who are not here yet: how many, who was skipped and who refused. Order is kept."""
    rows: dict[UUID, Arrival] = {}
    refused = []
    for arrival in arrivals:
        user_id = arrival.user.id or ids.new()
        if user_id in rows:
            refused.append(Refused(arrival.number, "id: is on another line too"))
        rows.setdefault(user_id, arrival)
    made = set(
        db.scalars(upsert(User).values([_row(*each) for each in rows.items()]).on_conflict_do_nothing().returning(User.id))
    )
    if made:
        db.execute(insert(UserProfile), [{"id": ids.new(), "user_id": each} for each in made])
        noted: dict[str, Any] = {"action": "account.imported", "actor_id": None, "ip_address": "", "facts": {}}
        db.execute(insert(AuditEvent), [{"id": ids.new(), "user_id": each, **noted} for each in made])
    left = [arrival for user_id, arrival in rows.items() if user_id not in made]
    here = set(db.scalars(select(User.email).where(User.email.in_([each.user.email for each in left])))) if left else set()
    skipped = [Refused(each.number, "is here already") for each in left if each.user.email in here]
    refused += [Refused(each.number, "username or id: is taken") for each in left if each.user.email not in here]
    return len(made), skipped, refused


def _arrival(number: int, line: dict[str, Any], rules: Rules) -> Arrival | Refused:
    try:
        user = ImportedUser.of(line)
        if set(user.roles) - {Role.USER} and not rules.allow_roles:
            return Refused(number, "roles: are taken with --allow-roles alone")
        return Arrival(number, user, _hash(user, rules))
    except ValidationError as reason:
        return Refused(number, "; ".join(f"{each['field']}: {each['message']}" for each in problems(reason.errors())))
    except NotTaken as reason:
        return Refused(number, f"password_hash: {reason}")


def _hash(user: ImportedUser, rules: Rules) -> str:
    if not user.password_hash or (rules.firebase is None and not user.salt):
        return foreign_hashes.check(user.password_hash) if user.password_hash else ""
    if rules.firebase is None:
        raise NotTaken("a hash with its salt beside it is Firebase's, which needs --firebase")
    return foreign_hashes.of_firebase(rules.firebase, salt=user.salt, password_hash=user.password_hash)


def _row(user_id: UUID, arrival: Arrival) -> dict[str, Any]:
    user, now = arrival.user, clock.now()
    return {
        "id": user_id,
        "email": user.email,
        "username": user.username,
        "name": user.name,
        "password": arrival.password,
        "roles": sorted({Role.USER.value, *(each.value for each in user.roles)}, reverse=True),
        "auth_provider": PROVIDER,
        "email_confirmed_at": now if user.email_confirmed else None,
        "created_at": user.created_at or now,
    }


def _json_lines(file: Any) -> Iterator[tuple[int, dict[str, Any] | Refused]]:
    for number, line in enumerate(_short_lines(file), start=1):
        if line is None:
            yield number, Refused(number, "the line is too long")
        elif line.strip():
            yield number, _object(number, line)


def _object(number: int, line: str) -> dict[str, Any] | Refused:
    try:
        found = json.loads(line.encode("utf-8", "surrogateescape"))
    except json.BadJson as reason:
        return Refused(number, f"the line is no JSON: {reason.msg}")
    return found if isinstance(found, dict) else Refused(number, "the line is no JSON object")


def _csv_lines(file: Any) -> Iterator[tuple[int, dict[str, Any] | Refused]]:
    csv.field_size_limit(LONGEST_LINE)
    reader = csv.reader(file, strict=True)
    head = [name.strip() for name in next(reader, [])]
    while True:
        number = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as reason:
            yield number, Refused(number, f"the line is no CSV: {reason}")
            continue
        if cells:
            yield number, _cells(number, head, cells)


def _cells(number: int, head: list[str], cells: list[str]) -> dict[str, Any] | Refused:
    if len(cells) != len(head):
        return Refused(number, f"the line has {len(cells)} cells; the head has {len(head)}")
    if not all(_is_utf8(cell) and not CONTROL.search(cell) for cell in cells):
        return Refused(number, "the line holds what is no UTF-8, or control characters")
    return dict(zip(head, cells, strict=True))


def _is_utf8(text: str) -> bool:
    return text.isascii() or not any("\ud800" <= character <= "\udfff" for character in text)


def _short_lines(file: Any) -> Iterator[str | None]:
    """The lines; None for one that is too long, of which no more than a piece is ever in memory."""
    while line := file.readline(LONGEST_LINE + 1):
        if len(line) <= LONGEST_LINE:
            yield line
            continue
        while line and not line.endswith("\n"):
            line = file.readline(LONGEST_LINE)
        yield None
