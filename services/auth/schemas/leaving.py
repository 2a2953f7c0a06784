"""Leaving: deletion and export."""

from datetime import datetime
from uuid import UUID

from services.auth.schemas.fields import TypedPassword
from shared.schemas import In, Out


class Goodbye(In):
    """A wish to be deleted. `current_password` is needed where the account has one."""

    current_password: TypedPassword | None = None


class DeletionOut(Out):
    """A deletion that waits, is under way, was cancelled or is done."""

    requested_at: datetime
    scheduled_for: datetime
    cancelled_at: datetime | None
    completed_at: datetime | None


class LeavingOut(Out):
    """Where an account stands: `deletion` is null unless it is going to be deleted."""

    id: UUID
    deletion: DeletionOut | None


class ArchiveOut(Out):
    """An archive; `download_url` (with your access token) is null until it is ready, and good until `expires_at`."""

    id: UUID
    requested_at: datetime
    completed_at: datetime | None
    expires_at: datetime
    download_url: str | None
