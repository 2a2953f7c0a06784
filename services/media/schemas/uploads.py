"""JSON out of resumable uploads."""

from datetime import datetime
from uuid import UUID

from shared.schemas import Out


class UploadOut(Out):
    """A resumable upload. `progress` is receiving, joining or done; `file_id` is the file that it becomes, once all is here."""

    id: UUID
    filename: str
    progress: str
    length_bytes: int | None
    received_bytes: int
    file_id: UUID | None
    created_at: datetime
    expires_at: datetime
