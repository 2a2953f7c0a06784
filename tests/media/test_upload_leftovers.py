"""What is left of resumable uploads that nobody ends: nothing."""

import os
import signal
import threading
import time
from datetime import timedelta
from io import BytesIO
from uuid import UUID

import pytest
from sqlalchemy import text

from services.media.errors import NoSuchUpload
from services.media.library import locking
from services.media.processing.inspection import Found
from services.media.receiving import resumable
from services.media.tasks import Work, joining
from shared import clock
from shared import db as database
from tests.media import make
from tests.media.test_resumable import TUS, became, begun, send, used
from tests.people import Person
from tests.stack import Stack


def rows(work: Work, person: Person) -> int:
    with work.engine.begin() as db:
        found = db.exec_driver_sql(
            "SELECT (SELECT count(*) FROM uploads WHERE user_id = %s) + (SELECT count(*) FROM upload_parts WHERE user_id = %s)",
            (person.id, person.id),
        )
        return found.scalar() or 0


def test_an_upload_that_rested_a_day_is_gone_with_parts_that_nobody_counted(stack: Stack, alice: Person, work: Work) -> None:
    where = begun(alice, 1_000_000)
    assert send(alice, where, 0, bytes(500_000)).status_code == 204
    upload_id = where.rpartition("/")[2]
    facts = {"upload_id": upload_id, "user_id": str(alice.id)}
    stray = f"uploads/{alice.id}/{upload_id}/1-killed"  # stored by a process that was killed before it could count it
    work.store.put(work.settings.storage_bucket, stray, BytesIO(b"x"), size_bytes=1, mime_type="application/octet-stream")

    joining.drop_parts.run(work, **facts)
    assert len(make.objects(stack, alice)) == 2  # it may still go on
    with clock.held(clock.now() + timedelta(hours=25)):
        joining.sweep_uploads.run(work)

    assert alice.http.head(where, headers=TUS).status_code == 404
    assert used(stack, alice) == 0
    make.until(lambda: list(make.objects(stack, alice)), lambda left: left == [])
    with clock.held(clock.now() + timedelta(hours=27)):
        joining.drop_parts.run(work, **facts)
    assert rows(work, alice) == 0


def test_joining_again_makes_no_second_file(stack: Stack, alice: Person, work: Work) -> None:
    sound = make.wav()
    where = begun(alice, len(sound))
    send(alice, where, 0, sound)
    became(alice, where)

    joining.join.run(work, upload_id=where.rpartition("/")[2], user_id=str(alice.id))

    assert len(alice.get("/files").json()) == 1
    assert used(stack, alice) == len(sound)


def test_an_attempt_to_join_that_comes_late_makes_nothing_more_of_an_upload(stack: Stack, alice: Person, work: Work) -> None:
    sound, who = make.wav(), UUID(str(alice.id))
    where = begun(alice, len(sound))
    send(alice, where, 0, sound)
    became(alice, where)
    with database.transaction(work.engine, user_id=who) as db:
        row = resumable.find(db, UUID(where.rpartition("/")[2]), user_id=who)

    with pytest.raises(NoSuchUpload):
        joining._describe(work, row, Found("audio/wav", "wav", 1.0), "0" * 64)

    assert len(alice.get("/files").json()) == 1
    assert used(stack, alice) == len(sound)


def test_who_ends_an_upload_waits_for_its_owner_before_its_row(alice: Person, work: Work) -> None:
    where, who = begun(alice, 1_000_000), UUID(str(alice.id))
    upload_id = where.rpartition("/")[2]
    ending = threading.Thread(target=alice.http.delete, args=(where,), kwargs={"headers": TUS})
    waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"

    with database.transaction(work.engine) as db:
        locking.lock(db, user_id=who)
        ending.start()
        make.until(lambda: db.execute(text(waiting)).scalar(), lambda count: count == 1)
        held = db.execute(text("SELECT id FROM uploads WHERE id = :id FOR UPDATE NOWAIT"), {"id": upload_id}).all()
    ending.join(10)

    assert len(held) == 1
    assert alice.http.head(where, headers=TUS).status_code == 404


@pytest.mark.nightly
def test_a_worker_killed_while_it_joins_leaves_one_whole_file(stack: Stack, alice: Person) -> None:
    for number in range(5):
        sound = make.big_wav(30_000_000 + number)
        where = begun(alice, len(sound), f"{number}.wav")
        assert send(alice, where, 0, sound).status_code == 204

        time.sleep(number * 0.05)
        os.kill(stack.processes()["media-worker"]["pid"], signal.SIGKILL)

        file_id = alice.http.head(where, headers=TUS).headers["tutti-file-id"]
        file = make.until(
            lambda at=f"/files/{file_id}": alice.get(at).json(), lambda file: file.get("status") == "ready", seconds=90
        )
        assert alice.get(f"/files/{file['id']}/stream").content == sound
    assert len(alice.get("/files").json()) == 5
    is_part = lambda each: "/uploads/" in str(each)  # noqa: E731
    make.until(lambda: [each for each in make.objects(stack, alice) if is_part(each)], lambda left: left == [], seconds=60)
