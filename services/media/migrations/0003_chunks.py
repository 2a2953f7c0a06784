"""Recordings of practice that is still going on arrive in chunks."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from shared import policies

revision = "media_0003"
down_revision = "media_0002"


def upgrade() -> None:
    stored_at = postgresql.TIMESTAMP(timezone=True)
    op.create_table(
        "recording_chunks",
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("object_key", sa.String(255), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("stored_at", stored_at, server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("size_bytes > 0 AND number >= 0", name="ck_recording_chunks_size"),
        sa.PrimaryKeyConstraint("session_id", "number", name="pk_recording_chunks"),
    )
    op.create_index("ix_recording_chunks_user_id", "recording_chunks", ["user_id"])
    op.create_index("ix_recording_chunks_stored", "recording_chunks", ["stored_at"])
    policies.protect("recording_chunks", policies.OWN)


def downgrade() -> None:
    raise NotImplementedError("going back is restoring the backup that was made before")
