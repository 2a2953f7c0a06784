"""Leaving: accounts on their way out, and archives of what they hold."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String, func, text
from sqlalchemy.orm import Mapped, mapped_column

from services.auth.models.base import Base


class AccountDeletionRequest(Base):
    """A wish to be deleted at `scheduled_for`, unless it is cancelled; `completed_at` once every service has forgotten."""

    __tablename__ = "account_deletion_requests"
    __table_args__ = (
        Index(
            "uq_account_deletion_requests_open",
            "user_id",
            unique=True,
            postgresql_where=text("cancelled_at IS NULL AND completed_at IS NULL"),
        ),
        {"info": {"policy": "own", "admin": True}},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    user_id: Mapped[UUID]
    requested_at: Mapped[datetime] = mapped_column(server_default=func.now())
    scheduled_for: Mapped[datetime] = mapped_column(index=True)
    started_at: Mapped[datetime | None]
    cancelled_at: Mapped[datetime | None]
    completed_at: Mapped[datetime | None]
    told_again_at: Mapped[datetime | None]  # once more after completion, for what was still being written then


class AccountExport(Base):
    """An archive of everything that is somebody's, asked for by them; ready once every service has put in its part."""

    __tablename__ = "account_exports"
    __table_args__ = {"info": {"policy": "own"}}

    id: Mapped[UUID] = mapped_column(primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    requested_at: Mapped[datetime] = mapped_column(server_default=func.now())
    completed_at: Mapped[datetime | None]
    expires_at: Mapped[datetime]


class Acknowledgement(Base):
    """One service's word that it has done its part of a deletion or an export (`task_id`); no row is no word yet."""

    __tablename__ = "acknowledgements"
    __table_args__ = {"info": {"policy": "internal"}}

    task_id: Mapped[UUID] = mapped_column(primary_key=True)
    service: Mapped[str] = mapped_column(String(40), primary_key=True)
    acknowledged_at: Mapped[datetime] = mapped_column(server_default=func.now())
