"""One table of each policy."""

import sqlalchemy as sa
from alembic import op

from shared import migrations, policies
from shared.tables import Instant

revision = "guestbook_0001"
down_revision = None


def upgrade() -> None:
    migrations.common_tables()
    op.create_table(
        "entries",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("user_id", sa.Uuid, nullable=False),
        sa.Column("words", sa.String(255), nullable=False),
        sa.Column("follows", sa.Uuid),
        sa.Column("created_at", Instant, server_default=sa.func.now(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_entries"),
        sa.ForeignKeyConstraint(["follows"], ["entries.id"], "fk_entries_follows", deferrable=True, initially="DEFERRED"),
    )
    op.create_table(
        "postcards",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("user_id", sa.Uuid, nullable=False),
        sa.Column("is_public", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_postcards"),
    )
    op.create_table(
        "members",
        sa.Column("inn_table_id", sa.Uuid, nullable=False),
        sa.Column("user_id", sa.Uuid, nullable=False),
        sa.PrimaryKeyConstraint("inn_table_id", "user_id", name="pk_members"),
    )
    for name in ("inn_tables", "notices"):
        op.create_table(name, sa.Column("id", sa.Uuid, nullable=False), sa.PrimaryKeyConstraint("id", name=f"pk_{name}"))
    op.create_table(
        "tallies",
        sa.Column("words", sa.String(255), nullable=False),
        sa.Column("count", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("words", name="pk_tallies"),
    )
    policies.protect("entries", "own")
    policies.protect("postcards", "own_or_public")
    policies.protect("members", "own")
    policies.protect("inn_tables", "member", membership="members", member_key="inn_table_id")
    policies.protect("notices", "common")
    policies.protect("tallies", "internal")
