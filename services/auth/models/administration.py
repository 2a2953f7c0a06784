"""What administrators set, and what was done by whom."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, String, func
from sqlalchemy.orm import Mapped, mapped_column

from services.auth.models.base import Base


class AdminConfig(Base):
    """A parameter that administrators set and every service may read (seed 003)."""

    __tablename__ = "admin_config"
    __table_args__ = {"info": {"policy": "common"}}

    id: Mapped[UUID] = mapped_column(primary_key=True)
    parameter: Mapped[str] = mapped_column(String(100), unique=True)
    value: Mapped[Any] = mapped_column(JSON)
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())


class AuditEvent(Base):
    """Something done to an account: `user_id` is whose, `actor_id` who did it. Rows outlive the account, without its facts."""

    __tablename__ = "audit_log"
    __table_args__ = {"info": {"policy": "own", "admin": True}}

    id: Mapped[UUID] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(server_default=func.now())
    action: Mapped[str] = mapped_column(String(60), index=True)
    user_id: Mapped[UUID] = mapped_column(index=True)
    actor_id: Mapped[UUID | None]
    ip_address: Mapped[str] = mapped_column(String(64), server_default="")
    facts: Mapped[dict[str, Any]] = mapped_column(JSON, server_default="{}")
