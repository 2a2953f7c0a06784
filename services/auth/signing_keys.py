"""Show the signing keys, or begin a rotation: `python -m services.auth.signing_keys [rotate | now]`, as auth's worker does.

On this machine `make keys`, `make keys ROTATE=1` and `make keys NOW=1`; in Docker, `docker compose exec auth-worker` before
it. A rotation takes its time and nobody notices: the next key is published before it signs, the one before is known until its
last token has expired. `now` is for a key that has come into other hands: every access token there is counts no longer within
seconds, so that every client has to refresh once, and may hear 401 until it does; nobody is signed out.
"""

import sys
from collections.abc import Sequence

from sqlalchemy.orm import Session

from services.auth import keys
from services.auth.models import KeyState
from services.auth.settings import Settings
from shared import clock, db
from shared.db import transaction
from shared.sealing import Seals

WORDS: tuple[list[str], ...] = ([], ["rotate"], ["now"])


def main(words: Sequence[str]) -> None:
    """Do it, and show the keys as they are then."""
    if list(words) not in WORDS:
        sys.exit(f"There is no {' '.join(words)}; there are rotate and now, or nothing to show the keys.")
    settings = Settings.load()
    if not settings.is_worker:
        sys.exit("This is for auth's worker: it alone may change keys.")
    engine = db.engine_of(settings)
    with transaction(engine) as session:
        _do(session, settings, "".join(words))
        shown = [_line(step) for step in keys.steps(session, settings)]
    engine.dispose()
    sys.stdout.write("\n".join(["key               state    since                     next change", *shown, ""]))


def _do(session: Session, settings: Settings, word: str) -> None:
    seals = Seals(settings.sealing_keys)
    if word == "rotate" and not keys.rotate(session, seals):
        sys.stdout.write("A rotation is under way already.\n")
    elif word == "now":
        keys.replace_all(session, seals)
    session.flush()


def _line(step: keys.Step) -> str:
    words = {KeyState.NEXT: "signs", KeyState.RETIRED: "gone"}
    due = f"{words[step.state]} {clock.iso(step.due_at)}" if step.due_at else "when it is rotated"
    return f"{step.kid:<17} {step.state:<8} {clock.iso(step.since):<25} {due}"


if __name__ == "__main__":
    main(sys.argv[1:])
