"""Practice sessions, and the tables that every service has."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from shared import migrations, policies

revision = "sessions_0001"
down_revision = None

INSTANT = postgresql.TIMESTAMP(timezone=True)


def upgrade() -> None:
    migrations.common_tables()
    op.create_table(
        "sessions",
        sa.Column("id", sa.Uuid(), server_default=sa.func.gen_random_uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("song_name", sa.String(), nullable=False),
        sa.Column("instrument", sa.String(), nullable=False),
        sa.Column("duration_seconds", sa.Integer(), nullable=False),
        sa.Column("total_practice_seconds", sa.Integer(), nullable=False),
        sa.Column("date", INSTANT, server_default=sa.func.now(), nullable=False),
        sa.Column("time_zone", sa.String(), nullable=False),
        sa.Column("xml_content", sa.Text(), nullable=True),
        sa.Column("analysis", postgresql.JSONB(), nullable=True),
        sa.Column("analysis_summary", sa.Text(), nullable=True),
        sa.Column("analysis_feedback", sa.Text(), nullable=True),
        sa.Column("score_accuracy", sa.Integer(), nullable=True),
        sa.Column("recording_id", sa.Uuid(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("created_at", INSTANT, server_default=sa.func.now(), nullable=False),
        sa.CheckConstraint("state IN ('saving', 'saved')", name=op.f("ck_sessions_state")),
        sa.CheckConstraint("duration_seconds >= 0", name=op.f("ck_sessions_duration")),
        sa.CheckConstraint("total_practice_seconds >= 0", name=op.f("ck_sessions_total_practice")),
        sa.CheckConstraint("score_accuracy BETWEEN 0 AND 100", name=op.f("ck_sessions_accuracy")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sessions")),
    )
    op.create_index("ix_sessions_user_id_date", "sessions", ["user_id", "date", "id"])
    op.create_index("ix_sessions_saving", "sessions", ["created_at"], postgresql_where=sa.text("state = 'saving'"))
    policies.protect("sessions", policies.OWN)


def downgrade() -> None:
    op.drop_table("sessions")
