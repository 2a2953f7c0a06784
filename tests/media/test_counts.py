"""The kept count of a list equals the rows that it shows, whatever happens to them."""

import random
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any
from uuid import UUID

from sqlalchemy import Engine, func, insert, select, update

from services.media.errors import NoSuchFile
from services.media.library import files
from services.media.models.files import LIBRARY, LISTED, AudioFile, FileCount, Kind, State
from shared import clock, ids
from shared import db as database
from tests.media import make
from tests.people import Person
from tests.stack import Stack

STATES = list(State)
KINDS = list(Kind)


def row(user_id: UUID | None, kind: Kind, state: State) -> dict[str, Any]:
    made: dict[str, Any] = {
        "id": ids.new(),
        "user_id": user_id,
        "filename": "a",
        "file_size": 3,
        "duration": 2,
        "created_at": clock.now(),
    }
    return made | {"kind": kind.value, "state": state.value, "object_key": "none", "bucket": "tutti", "sha256": "0" * 64}


Counts = dict[tuple[str, str], tuple[int, int, int]]


def counts(engine: Engine, user_id: UUID | None) -> tuple[Counts, Counts]:
    """Files, bytes and seconds by kind and state: what is kept, and what is true."""
    kept = select(FileCount.kind, FileCount.state, FileCount.files, FileCount.bytes, FileCount.seconds)
    sums = (func.count(), func.sum(AudioFile.file_size), func.coalesce(func.sum(AudioFile.duration), 0))
    true = select(AudioFile.kind, AudioFile.state, *sums).group_by(AudioFile.kind, AudioFile.state)
    with database.transaction(engine, user_id=user_id) as db:
        found = [
            db.execute(kept.where(FileCount.user_id == user_id)).all(),
            db.execute(true.where(AudioFile.user_id == user_id)).all(),
        ]
    first, second = ({(kind, state): tuple(map(int, sums)) for kind, state, *sums in each if sums[0]} for each in found)
    return first, second


def test_the_kept_count_is_the_true_one_after_anything(stack: Stack, alice: Person, bob: Person) -> None:
    web, worker, chance = stack.engine("media"), stack.engine("media-worker"), random.Random(2)
    mine: list[UUID] = []
    assert alice.id and bob.id
    for _ in range(120):
        engine, user_id = chance.choice([web, worker]), alice.id
        with suppress(NoSuchFile), database.transaction(engine, user_id=user_id) as db:
            match chance.randrange(5):
                case 0 | 1:
                    rows = [row(user_id, chance.choice(KINDS), chance.choice(STATES)) for _ in range(chance.randrange(1, 9))]
                    db.execute(insert(AudioFile), rows)
                    mine += [each["id"] for each in rows]
                case 2 if mine:
                    files.become(db, chance.choice(mine), chance.choice(STATES), user_id=user_id)
                case 3 if mine:
                    files.forget(db, chance.sample(mine, min(5, len(mine))), user_id=user_id)
                case _ if mine:
                    change = update(AudioFile).where(AudioFile.id.in_(chance.sample(mine, min(5, len(mine)))))
                    db.execute(change.values(state=chance.choice(STATES).value, kind=chance.choice(KINDS).value))
    with suppress(ZeroDivisionError), database.transaction(web, user_id=alice.id) as db:
        db.execute(insert(AudioFile), [row(alice.id, Kind.UPLOAD, State.READY)])
        _ = 1 / 0  # rolled back, and so is its count

    kept, true = counts(web, alice.id)

    assert kept == true
    assert sum(files for files, _, _ in true.values()) > 20
    assert counts(web, bob.id) == ({}, {})
    library = sum(n for (kind, state), (n, _, _) in true.items() if kind in LIBRARY and state in LISTED)
    assert alice.get("/files?limit=1").headers["x-total-count"] == str(library)
    assert alice.get("/files").headers["x-total-count"] == str(library)
    for engine in (web, worker):
        engine.dispose()


def test_one_statement_over_several_people_counts_for_each(stack: Stack, alice: Person, bob: Person) -> None:
    worker = stack.engine("media-worker")
    with database.transaction(worker) as db:
        db.execute(insert(AudioFile), [row(each.id, Kind.SONG, State.READY) for each in (alice, bob, alice)])
        db.execute(update(AudioFile).where(AudioFile.user_id.in_([alice.id, bob.id])).values(state=State.DELETING.value))
        db.execute(update(AudioFile).where(AudioFile.user_id == bob.id).values(state=State.READY.value))

    gone, there = {("song", "deleting"): (2, 6, 4)}, {("song", "ready"): (1, 3, 2)}
    assert counts(worker, alice.id) == (gone, gone)
    assert counts(worker, bob.id) == (there, there)
    worker.dispose()


def test_the_count_of_a_list_counts_what_was_uploaded_and_deleted(alice: Person) -> None:
    made = [make.upload(alice, make.wav(0.1, pitch_hz=300 + n), f"{n}.wav").json()[0]["id"] for n in range(4)]
    alice.delete(f"/files/{made[0]}")

    assert alice.get("/files?limit=2").headers["x-total-count"] == "3"
    assert alice.get("/files?limit=2&offset=2").headers["x-total-count"] == "3"


def test_four_uploads_at_once_and_their_jobs_meet_in_no_deadlock(stack: Stack, alice: Person) -> None:
    said = stack.home / "logs" / "postgres.log"
    before = said.read_text(errors="replace").count("deadlock detected")
    sounds = [make.wav(0.1, pitch_hz=200 + n) for n in range(12)]

    with ThreadPoolExecutor(4) as several:
        answers = list(several.map(lambda sound: make.upload(alice, sound), sounds))

    assert [each.status_code for each in answers] == [201] * 12
    for each in answers:
        make.ready(alice, each.json()[0]["id"])
    assert said.read_text(errors="replace").count("deadlock detected") == before
