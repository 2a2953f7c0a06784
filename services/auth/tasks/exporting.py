"""Putting an archive together: every service is asked for its part, auth adds its own, and the last part makes it ready."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.auth import audit, models
from services.auth.models import AccountExport, Acknowledgement, User
from services.auth.tasks import mail
from services.auth.tasks.queue import events, queue
from shared import clock, leaving, services
from shared.db import transaction
from shared.leaving import ARCHIVE_KEPT, Rows
from shared.queue import FOR_EVER
from shared.work import Work

# What proves somebody is left out: an archive that falls into other hands lets nobody in.
SECRETS = ("salt", "digest", "key_digest", "app_password", "secret", "last_step", "generation")
NOT_IN_AN_ARCHIVE = {"foreign_tokens", "one_time_tokens", "recovery_codes", "revocations"}


@queue.task(attempts=FOR_EVER)
def gather(work: Work, *, task_id: str, user_id: str) -> None:
    """Ask every other service for its part, and put auth's own there. May be repeated."""
    who, others = UUID(user_id), tuple(name for name in services.names() if name != "auth")
    with tempfile.TemporaryDirectory(dir=work.settings.data_dir) as folder:
        path = Path(folder) / "auth.json"
        with transaction(work.engine) as db:
            if not _is_wanted(db, UUID(task_id), who):
                return
            leaving.write(path, "auth", export(db, who))
        work.peers["media"].put(f"/exports/{task_id}/auth", leaving.pieces(path), content_type="application/json", user_id=who)
    with transaction(work.engine) as db:
        events.publish(db, "user.export_wanted", to=others, task_id=task_id, user_id=user_id)
        _acknowledge(db, UUID(task_id), "auth", work.settings.public_url)


@queue.on("user.exported")
def on_user_exported(work: Work, db: Session, facts: dict[str, Any]) -> None:
    """A service has put in its part."""
    _acknowledge(db, UUID(facts["task_id"]), str(facts["service"]), work.settings.public_url)


def export(db: Session, user_id: UUID) -> Iterator[tuple[str, Rows]]:
    """Everything that auth knows of a user, but for what proves them."""
    account = [column for column in User.__table__.columns if column.name != "password"]
    yield "users", db.execute(select(*account).where(User.id == user_id)).mappings()
    for mapper in sorted(models.Base.registry.mappers, key=lambda each: each.class_.__tablename__):
        table = mapper.class_.__tablename__
        if "user_id" in mapper.class_.__table__.columns and table not in NOT_IN_AN_ARCHIVE:
            rows = leaving.rows_of(db, mapper.class_, user_id, without=SECRETS)
            yield table, _without_others_addresses(rows, user_id) if table == "audit_log" else rows


def _without_others_addresses(rows: Rows, user_id: UUID) -> Rows:
    return ({**row, "ip_address": audit.own_address(dict(row), user_id=user_id)} for row in rows)


def _is_wanted(db: Session, task_id: UUID, user_id: UUID) -> bool:
    mine = (AccountExport.id == task_id, AccountExport.user_id == user_id, AccountExport.completed_at.is_(None))
    return db.scalar(select(AccountExport.id).where(*mine)) is not None


def _acknowledge(db: Session, task_id: UUID, service: str, public_url: str) -> None:
    """Note a part that is there; the last one makes the archive ready. Of one that is no longer wanted it changes nothing."""
    open_one = select(AccountExport).where(AccountExport.id == task_id, AccountExport.completed_at.is_(None))
    archive = db.scalar(open_one.with_for_update())
    if archive is None:
        return
    db.execute(insert(Acknowledgement).values(task_id=task_id, service=service).on_conflict_do_nothing())
    heard = set(db.scalars(select(Acknowledgement.service).where(Acknowledgement.task_id == task_id)))
    if heard.issuperset(services.names()):
        archive.completed_at = clock.now()
        archive.expires_at = archive.completed_at + ARCHIVE_KEPT
        db.execute(delete(Acknowledgement).where(Acknowledgement.task_id == task_id))
        mail.send(db, "export_ready", user_id=archive.user_id, address=f"{public_url.rstrip('/')}/files/exports/{task_id}")
        db.flush()
