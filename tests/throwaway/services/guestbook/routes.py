"""Every URL of the guestbook."""

from typing import Any
from uuid import UUID

from services.guestbook import entries, tasks
from shared.fastapi_app.app import router
from shared.fastapi_app.guards import Db, SignedIn, costly, once
from shared.schemas import In, Line, Out

guestbook = router()


class NewEntry(In):
    """What to write, and after which entry."""

    words: Line
    follows: UUID | None = None
    weight: float = 1.0


class EntryOut(Out):
    """An entry."""

    id: UUID
    words: str


class NewJob(In):
    """What to count, and how long to take over it."""

    words: Line
    seconds: float = 0


@guestbook.get("/guestbook")
def list_entries(_caller: SignedIn, db: Db) -> list[dict[str, Any]]:
    """The entries that the database shows to this caller."""
    return entries.listed_carelessly(db)


@guestbook.post("/guestbook", status_code=201, dependencies=[once])
def write_entry(new: NewEntry, caller: SignedIn, db: Db) -> EntryOut:
    """Write."""
    return EntryOut.model_validate(entries.write(db, user_id=caller.id, words=new.words, follows=new.follows))


@guestbook.get("/guestbook/{entry_id}")
def read_entry(entry_id: UUID, caller: SignedIn, db: Db) -> EntryOut:
    """Read one."""
    return EntryOut.model_validate(entries.read(db, entry_id, user_id=caller.id))


@guestbook.post("/guestbook/jobs", status_code=202)
def count_later(new: NewJob, _caller: SignedIn, db: Db) -> None:
    """Have something counted."""
    tasks.count.enqueue(db, words=new.words, seconds=new.seconds)


@guestbook.post("/guestbook/jobs/never", status_code=202)
def count_never(new: NewJob, _caller: SignedIn, db: Db) -> None:
    """Enqueue, then fail: nothing is counted."""
    tasks.count.enqueue(db, words=new.words, seconds=new.seconds)
    raise RuntimeError("on purpose")


@guestbook.post("/guestbook/dear", status_code=204, dependencies=[costly])
def do_something_dear(_caller: SignedIn) -> None:
    """Something that the limit of costly acts counts."""
