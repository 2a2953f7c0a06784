"""What a session holds besides: sections, chunks, the day it counts for; and calendars, goals, analyses."""

import unicodedata

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from shared import policies

revision = "sessions_0002"
down_revision = "sessions_0001"

INSTANT = postgresql.TIMESTAMP(timezone=True)
OWN = ("sections", "chunks", "practice_rules", "rest_days", "goals", "goal_pauses", "analyses", "analysis_inputs")


def upgrade() -> None:
    _widen_sessions()
    _create_practice()
    _create_calendars()
    _create_goals()
    _create_analyses()
    for table in OWN:
        policies.protect(table, policies.OWN)


def _widen_sessions() -> None:
    for column in (
        sa.Column("piece", sa.String()),
        sa.Column("folded_instrument", sa.String()),
        sa.Column("practised_on", sa.Date()),
        sa.Column("score_facts", postgresql.JSONB()),
        sa.Column("score_problem", sa.Text()),
        sa.Column("notes", sa.Text()),
        sa.Column("tempo_bpm", sa.Float()),
        sa.Column("self_rating", sa.SmallInteger()),
        sa.Column("recovered", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("tried_at", INSTANT),
    ):
        op.add_column("sessions", column)
    # Days began at midnight until now.
    op.execute("UPDATE sessions SET practised_on = (date AT TIME ZONE time_zone)::date")
    _fold("song_name", "piece")
    _fold("instrument", "folded_instrument")
    op.alter_column("sessions", "piece", nullable=False)
    op.alter_column("sessions", "folded_instrument", nullable=False)
    op.alter_column("sessions", "practised_on", nullable=False)
    op.drop_constraint(op.f("ck_sessions_state"), "sessions")
    op.create_check_constraint(op.f("ck_sessions_state"), "sessions", "state IN ('running', 'saving', 'saved')")
    op.create_check_constraint(op.f("ck_sessions_tempo"), "sessions", "tempo_bpm > 0")
    op.create_check_constraint(op.f("ck_sessions_self_rating"), "sessions", "self_rating BETWEEN 1 AND 5")
    op.drop_index("ix_sessions_saving", "sessions")
    op.create_index("ix_sessions_unsaved", "sessions", ["created_at"], postgresql_where=sa.text("state <> 'saved'"))
    saved = sa.text("state = 'saved'")
    op.create_index(
        "ix_sessions_days",
        "sessions",
        ["user_id", "practised_on"],
        postgresql_include=["duration_seconds", "date", "time_zone"],
        postgresql_where=saved,
    )
    op.create_index("ix_sessions_pieces", "sessions", ["user_id", "piece", "date", "id"], postgresql_where=saved)


def _fold(name: str, folded: str) -> None:
    """Fold a name as saving does. Python does it: Postgres folds the letters of some languages otherwise."""
    sessions = sa.table("sessions", sa.column(name), sa.column(folded))
    names = list(op.get_bind().scalars(sa.select(sessions.c[name]).distinct()))
    as_saved = [" ".join(unicodedata.normalize("NFKC", each).casefold().split()) for each in names]
    texts = [sa.literal(each, postgresql.ARRAY(sa.Text())) for each in (names, as_saved)]
    pairs = sa.func.unnest(*texts).table_valued("name", "folded").render_derived()
    op.execute(sa.update(sessions).values({folded: pairs.c.folded}).where(sessions.c[name] == pairs.c.name))


def _create_practice() -> None:
    op.create_table(
        "sections",
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("first_measure", sa.Integer(), nullable=False),
        sa.Column("last_measure", sa.Integer(), nullable=False),
        sa.Column("seconds", sa.Integer(), nullable=False),
        sa.Column("tempo_bpm", sa.Float()),
        sa.Column("rating", sa.SmallInteger()),
        sa.CheckConstraint("first_measure >= 0 AND last_measure >= first_measure", name=op.f("ck_sections_measures")),
        sa.CheckConstraint("seconds >= 0", name=op.f("ck_sections_seconds")),
        sa.CheckConstraint("tempo_bpm > 0", name=op.f("ck_sections_tempo")),
        sa.CheckConstraint("rating BETWEEN 1 AND 5", name=op.f("ck_sections_rating")),
        _of("session_id", "sessions.id", "sections"),
        sa.PrimaryKeyConstraint("session_id", "position", name=op.f("pk_sections")),
    )
    op.create_index("ix_sections_user_id", "sections", ["user_id", "session_id"])
    op.create_table(
        "chunks",
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("duration_seconds", sa.Integer(), nullable=False),
        sa.Column("total_practice_seconds", sa.Integer(), nullable=False),
        sa.Column("size_bytes", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("received_at", INSTANT, server_default=sa.func.now(), nullable=False),
        sa.CheckConstraint("number >= 0", name=op.f("ck_chunks_number")),
        sa.CheckConstraint("duration_seconds >= 0 AND total_practice_seconds >= 0", name=op.f("ck_chunks_seconds")),
        sa.CheckConstraint("size_bytes >= 0", name=op.f("ck_chunks_size")),
        _of("session_id", "sessions.id", "chunks"),
        sa.PrimaryKeyConstraint("session_id", "number", name=op.f("pk_chunks")),
    )
    op.create_index("ix_chunks_user_id", "chunks", ["user_id"])


def _create_calendars() -> None:
    op.create_table(
        "practice_rules",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("day_start_hour", sa.SmallInteger(), nullable=False),
        sa.Column("rest_weekdays", postgresql.ARRAY(sa.SmallInteger()), nullable=False),
        sa.CheckConstraint("day_start_hour BETWEEN 0 AND 12", name=op.f("ck_practice_rules_day_start_hour")),
        sa.CheckConstraint(
            "rest_weekdays <@ ARRAY[1, 2, 3, 4, 5, 6, 7]::smallint[]", name=op.f("ck_practice_rules_rest_weekdays")
        ),
        sa.PrimaryKeyConstraint("user_id", "from_on", name=op.f("pk_practice_rules")),
    )
    op.create_table(
        "rest_days",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("rest_on", sa.Date(), nullable=False),
        sa.Column("reason", sa.Text()),
        sa.PrimaryKeyConstraint("user_id", "rest_on", name=op.f("pk_rest_days")),
    )


def _create_goals() -> None:
    op.create_table(
        "goals",
        sa.Column("id", sa.Uuid(), server_default=sa.func.gen_random_uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("title", sa.String()),
        sa.Column("period", sa.String(), nullable=False),
        sa.Column("target_minutes", sa.Integer(), nullable=False),
        sa.Column("song_name", sa.String()),
        sa.Column("piece", sa.String()),
        sa.Column("instrument", sa.String()),
        sa.Column("folded_instrument", sa.String()),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date()),
        sa.Column("created_at", INSTANT, server_default=sa.func.now(), nullable=False),
        sa.CheckConstraint("period IN ('daily', 'weekly', 'monthly')", name=op.f("ck_goals_period")),
        sa.CheckConstraint("state IN ('active', 'paused', 'archived')", name=op.f("ck_goals_state")),
        sa.CheckConstraint("target_minutes > 0", name=op.f("ck_goals_target")),
        sa.CheckConstraint("ends_on >= starts_on", name=op.f("ck_goals_days")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_goals")),
    )
    op.create_index("ix_goals_user_id", "goals", ["user_id", "created_at", "id"])
    op.create_table(
        "goal_pauses",
        sa.Column("goal_id", sa.Uuid(), nullable=False),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("until_on", sa.Date()),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("until_on >= from_on", name=op.f("ck_goal_pauses_days")),
        _of("goal_id", "goals.id", "goal_pauses"),
        sa.PrimaryKeyConstraint("goal_id", "from_on", name=op.f("pk_goal_pauses")),
    )
    op.create_index("ix_goal_pauses_user_id", "goal_pauses", ["user_id"])


def _create_analyses() -> None:
    op.create_table(
        "analyses",
        sa.Column("id", sa.Uuid(), server_default=sa.func.gen_random_uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("session_id", sa.Uuid()),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("progress", sa.SmallInteger(), nullable=False),
        sa.Column("step", sa.String()),
        sa.Column("attempts", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("asked", postgresql.JSONB(), nullable=False),
        sa.Column("result", postgresql.JSONB()),
        sa.Column("failure", postgresql.JSONB()),
        sa.Column("created_at", INSTANT, server_default=sa.func.now(), nullable=False),
        sa.Column("finished_at", INSTANT),
        sa.CheckConstraint("state IN ('waiting', 'working', 'done', 'failed')", name=op.f("ck_analyses_state")),
        sa.CheckConstraint("progress BETWEEN 0 AND 100", name=op.f("ck_analyses_progress")),
        _of("session_id", "sessions.id", "analyses"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_analyses")),
    )
    op.create_index("ix_analyses_user_id", "analyses", ["user_id", "session_id"])
    op.create_index("ix_analyses_session_id", "analyses", ["session_id"])
    op.create_index("ix_analyses_created_at", "analyses", ["created_at"])
    op.create_table(
        "analysis_inputs",
        sa.Column("analysis_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("recording", sa.LargeBinary(), nullable=False),
        sa.Column("score", sa.Text(), nullable=False),
        _of("analysis_id", "analyses.id", "analysis_inputs"),
        sa.PrimaryKeyConstraint("analysis_id", name=op.f("pk_analysis_inputs")),
    )
    op.create_index("ix_analysis_inputs_user_id", "analysis_inputs", ["user_id"])


def _of(column: str, parent: str, table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [parent], name=op.f(f"fk_{table}_{column}"), ondelete="CASCADE")
