"""`python -m services.auth.import_users FILE`: bring users with their password hashes from CSV or JSON lines.

It takes the settings of auth's worker. Progress goes to standard error, the lines that were left out to standard output.
"""

import argparse
import sys
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from pydantic import Base64Bytes, ConfigDict, Field, ValidationError
from sqlalchemy import Engine

from services.auth import imports
from services.auth.foreign_hashes import FirebaseProject
from services.auth.imports import Arrival, Refused, Rules
from services.auth.settings import Settings
from shared import json
from shared.db import engine_of, transaction
from shared.schemas import In

BATCH = 500  # lines in one transaction


class FirebaseParameters(In):
    """The password hash parameters of a Firebase project, under the names that its console gives them."""

    model_config = ConfigDict(extra="ignore")

    base64_signer_key: Base64Bytes
    base64_salt_separator: Base64Bytes
    rounds: int = Field(ge=1, le=16)
    mem_cost: int = Field(ge=10, le=15)

    def project(self) -> FirebaseProject:
        """As the hashes need them."""
        return FirebaseProject(self.base64_signer_key, self.base64_salt_separator, self.rounds, self.mem_cost)


@dataclass
class Tally:
    """How far it has come."""

    lines: int = 0
    made: int = 0
    skipped: int = 0
    refused: int = 0

    def __str__(self) -> str:
        return f"{self.lines} lines: {self.made} imported, {self.skipped} here already, {self.refused} refused"


def main(words: list[str]) -> int:
    """Read the file to its end. The exit status is 1 where a line was refused, 2 where nothing could be read."""
    asked = _asked(words)
    try:
        rules = Rules(allow_roles=asked.allow_roles, firebase=_firebase(asked.firebase) if asked.firebase else None)
        tally = _bring(engine_of(Settings.load()), asked.file, rules, is_rehearsal=asked.dry_run)
    except (OSError, json.BadJson, ValidationError) as reason:
        told = "its parameters are not Firebase's" if isinstance(reason, ValidationError) else reason
        sys.stderr.write(f"That was not done: {told}\n")
        return 2
    sys.stderr.write("\nNothing was kept: this was a rehearsal.\n" if asked.dry_run else "\n")
    return 1 if tally.refused else 0


def _bring(engine: Engine, path: Path, rules: Rules, *, is_rehearsal: bool) -> Tally:
    tally = Tally()
    lines = imports.read(path, rules)
    while batch := list(islice(lines, BATCH)):
        told = [each for each in batch if isinstance(each, Refused)]
        coming = [each for each in batch if isinstance(each, Arrival)]
        with transaction(engine) as db:
            made, skipped, refused = imports.keep(db, coming) if coming else (0, [], [])
            if is_rehearsal:
                db.rollback()
        tally.lines, tally.made = tally.lines + len(batch), tally.made + made
        tally.skipped, tally.refused = tally.skipped + len(skipped), tally.refused + len(refused) + len(told)
        _tell(tally, sorted([*told, *skipped, *refused], key=lambda each: each.number))
    return tally


def _tell(tally: Tally, left_out: list[Refused]) -> None:
    for each in left_out:
        sys.stdout.write(f"line {each.number}: {each.reason}\n")
    sys.stdout.flush()
    sys.stderr.write(f"\r{tally}")
    sys.stderr.flush()


def _firebase(path: Path) -> FirebaseProject:
    return FirebaseParameters.model_validate(json.loads(path.read_bytes())).project()


def _asked(words: list[str]) -> Any:
    told = (__doc__ or "").split("\n\n")[1]
    parser = argparse.ArgumentParser(prog="import_users", description=told)
    parser.add_argument(
        "file",
        type=Path,
        help="with email, and if you like id, username, name, created_at, email_confirmed, "
        "password_hash, roles; .json, .jsonl and .ndjson are JSON lines, anything else is CSV with a head",
    )
    parser.add_argument("--dry-run", action="store_true", help="read and check everything, keep nothing")
    parser.add_argument("--allow-roles", action="store_true", help="take roles too; otherwise a line with any is refused")
    parser.add_argument(
        "--firebase",
        type=Path,
        metavar="FILE",
        help="a JSON file with the project's base64_signer_key, "
        "base64_salt_separator, rounds and mem_cost; the lines then have a salt beside the hash",
    )
    return parser.parse_args(words)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
