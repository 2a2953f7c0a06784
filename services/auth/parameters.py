"""Parameters that administrators set and every service may read (seed 003's `admin_config`)."""

import hashlib
import re
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.auth import audit
from services.auth.errors import ParameterNameInvalid
from services.auth.models import AdminConfig
from shared import clock, ids, json
from shared.errors import NotFound

NAME = re.compile(r"[a-z][a-z0-9._-]{0,99}")
COLUMNS = (AdminConfig.id, AdminConfig.parameter, AdminConfig.value, AdminConfig.updated_at)


def listed(db: Session) -> list[dict[str, Any]]:
    """Every parameter, by name."""
    return [dict(row._mapping) for row in db.execute(select(*COLUMNS).order_by(AdminConfig.parameter))]


def get(db: Session, parameter: str) -> dict[str, Any]:
    """One parameter. Raises NotFound."""
    row = db.execute(select(*COLUMNS).where(AdminConfig.parameter == parameter)).one_or_none()
    if row is None:
        raise NotFound
    return dict(row._mapping)


def put(db: Session, parameter: str, value: Any, *, actor_id: UUID, address: str) -> dict[str, Any]:
    """Set a parameter, new or not. Raises ParameterNameInvalid."""
    if not NAME.fullmatch(parameter):
        raise ParameterNameInvalid(errors=[{"field": "parameter", "message": ParameterNameInvalid.detail()}])
    row = insert(AdminConfig).values(id=ids.new(), parameter=parameter, value=value, updated_at=clock.now())
    changed = {"value": row.excluded.value, "updated_at": row.excluded.updated_at}
    kept = db.execute(row.on_conflict_do_update(index_elements=["parameter"], set_=changed).returning(*COLUMNS)).one()
    _note(db, "parameter.set", parameter, actor_id, address)
    return dict(kept._mapping)


def remove(db: Session, parameter: str, *, actor_id: UUID, address: str) -> None:
    """Forget a parameter. Raises NotFound."""
    gone = delete(AdminConfig).where(AdminConfig.parameter == parameter).returning(AdminConfig.id)
    if db.scalar(gone) is None:
        raise NotFound
    _note(db, "parameter.removed", parameter, actor_id, address)


def since(db: Session, after: str) -> dict[str, Any]:
    """Every parameter's value by name, for services that ask again and again: none where `after`, the `next` of the answer
    before, says that nothing has changed.
    """
    values = {row["parameter"]: row["value"] for row in listed(db)}
    version = hashlib.sha256(json.dumps(values)).hexdigest()
    return {"next": version, "parameters": None if version == after else values}


def _note(db: Session, action: str, parameter: str, actor_id: UUID, address: str) -> None:
    """Without the value, which may be a secret."""
    audit.note(db, action, user_id=actor_id, ip_address=address, parameter=parameter)
