"""The first tables of media."""

import sqlalchemy as sa
from alembic import op

from shared import migrations, policies

revision = "media_0001"
down_revision = None

# What each kind of statement adds to the counts, from its transition tables.
CHANGES = {
    "INSERT": (
        "NEW TABLE AS after",
        "SELECT user_id, kind, 1 AS step FROM after WHERE state IN ('processing', 'ready')",
    ),
    "DELETE": (
        "OLD TABLE AS before",
        "SELECT user_id, kind, -1 AS step FROM before WHERE state IN ('processing', 'ready')",
    ),
    "UPDATE": (
        "NEW TABLE AS after OLD TABLE AS before",
        "SELECT user_id, kind, 1 AS step FROM after WHERE state IN ('processing', 'ready') "
        "UNION ALL SELECT user_id, kind, -1 FROM before WHERE state IN ('processing', 'ready')",
    ),
}
# Statements touch the counts in one order, so that two of them never wait for each other.
KEEP_COUNTS = """
    CREATE FUNCTION <name>() RETURNS trigger LANGUAGE plpgsql AS $body$
    BEGIN
        INSERT INTO media.file_counts (user_id, kind, listed)
        SELECT user_id, kind, sum(step) FROM (<changes>) AS changes
        GROUP BY user_id, kind HAVING sum(step) <> 0 ORDER BY user_id, kind
        ON CONFLICT (user_id, kind) DO UPDATE SET listed = file_counts.listed + excluded.listed;
        RETURN NULL;
    END
    $body$
"""


def upgrade() -> None:
    migrations.common_tables()
    instant = sa.TIMESTAMP(timezone=True)
    op.create_table(
        "audio_files",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("filename", sa.String(255), nullable=False),
        sa.Column("title", sa.String(255)),
        sa.Column("artist", sa.String(255)),
        sa.Column("album", sa.String(255)),
        sa.Column("duration", sa.Integer()),
        sa.Column("file_size", sa.BigInteger(), nullable=False),
        sa.Column("mime_type", sa.String(100)),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("source_id", sa.Uuid()),
        sa.Column("bucket", sa.String(63)),
        sa.Column("object_key", sa.String(255)),
        sa.Column("sha256", sa.String(64)),
        sa.Column("cover_key", sa.String(255)),
        sa.Column("error", sa.Text()),
        sa.Column("created_at", instant, server_default=sa.func.now(), nullable=False),
        sa.Column("updated_at", instant, server_default=sa.func.now(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audio_files"),
        sa.CheckConstraint("file_size >= 0", name="ck_audio_files_size"),
        sa.CheckConstraint("state IN ('uploading', 'processing', 'ready', 'deleting')", name="ck_audio_files_state"),
        sa.CheckConstraint("kind IN ('upload', 'song', 'recording', 'episode')", name="ck_audio_files_kind"),
        sa.CheckConstraint(
            "state = 'uploading' OR (object_key IS NOT NULL AND sha256 IS NOT NULL)", name="ck_audio_files_bytes"
        ),
    )
    op.create_index("ix_audio_files_newest", "audio_files", ["user_id", "created_at", "id"])
    op.create_index(
        "ix_audio_files_unfinished", "audio_files", ["state", "updated_at"], postgresql_where=sa.text("state <> 'ready'")
    )
    op.create_index(
        "uq_audio_files_source",
        "audio_files",
        ["kind", "source_id"],
        unique=True,
        postgresql_where=sa.text("source_id IS NOT NULL"),
    )
    policies.protect("audio_files", policies.OWN)
    op.create_table(
        "storage_use",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("used_bytes", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", name="pk_storage_use"),
        sa.CheckConstraint("used_bytes >= 0", name="ck_storage_use_used"),
    )
    policies.protect("storage_use", policies.OWN)
    op.create_table(
        "file_counts",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("listed", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "kind", name="pk_file_counts"),
    )
    policies.protect("file_counts", policies.OWN)
    for event, (tables, changes) in CHANGES.items():
        name = f"count_files_on_{event.lower()}"
        op.execute(KEEP_COUNTS.replace("<name>", name).replace("<changes>", changes))
        op.execute(
            f"CREATE TRIGGER {name} AFTER {event} ON audio_files REFERENCING {tables} "
            f"FOR EACH STATEMENT EXECUTE FUNCTION {name}()"
        )


def downgrade() -> None:
    op.drop_table("file_counts")
    op.drop_table("storage_use")
    op.drop_table("audio_files")
    for event in CHANGES:
        op.execute(f"DROP FUNCTION count_files_on_{event.lower()}")
