"""Accounts, sign-ins, signing keys, revocations."""

import sqlalchemy as sa
from alembic import op

from shared import migrations, policies

revision = "auth_0001"
down_revision = None

Instant = sa.TIMESTAMP(timezone=True)


def upgrade() -> None:
    migrations.common_tables()
    op.create_table(
        "users",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("email", sa.String(255), nullable=False),
        sa.Column("username", sa.String(50)),
        sa.Column("name", sa.String(255), nullable=False, server_default=""),
        sa.Column("password", sa.String(255), nullable=False),
        sa.Column("roles", sa.JSON, nullable=False),
        sa.Column("is_active", sa.Boolean, nullable=False, server_default=sa.true()),
        sa.Column("created_at", Instant, nullable=False, server_default=sa.func.now()),
        sa.Column("last_login_at", Instant),
        sa.UniqueConstraint("email", name="uq_users_email"),
        sa.CheckConstraint("email = lower(email)", name="ck_users_email_lower"),
    )
    op.create_index("ix_users_username_lower", "users", [sa.text("lower(username)")], unique=True)
    op.create_table(
        "user_profiles",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("user_id", sa.Uuid, sa.ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
        sa.Column("first_name", sa.String(100)),
        sa.Column("last_name", sa.String(100)),
        sa.Column("avatar", sa.String(255)),
        sa.Column("birth_date", sa.Date),
        sa.Column("time_zone", sa.String(64), nullable=False, server_default=""),
        sa.UniqueConstraint("user_id", name="uq_user_profiles_user_id"),
    )
    op.create_table(
        "user_sessions",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("user_id", sa.Uuid, sa.ForeignKey("users.id", ondelete="CASCADE"), nullable=False, index=True),
        sa.Column("salt", sa.LargeBinary, nullable=False),
        sa.Column("generation", sa.Integer, nullable=False),
        sa.Column("rotated_at", Instant, nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("last_used_at", Instant, nullable=False),
        sa.Column("expires_at", Instant, nullable=False, index=True),
        sa.Column("device", sa.String(255), nullable=False, server_default=""),
        sa.Column("ip_address", sa.String(64), nullable=False, server_default=""),
    )
    op.create_table(
        "signing_keys",
        sa.Column("kid", sa.String(64), primary_key=True),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("public_jwk", sa.JSON, nullable=False),
        sa.Column("private_key", sa.LargeBinary, nullable=False),
        sa.Column("created_at", Instant, nullable=False, server_default=sa.func.now()),
        sa.CheckConstraint("state IN ('next', 'active', 'retired')", name="ck_signing_keys_state"),
    )
    op.create_index(
        "uq_signing_keys_active", "signing_keys", ["state"], unique=True, postgresql_where=sa.text("state = 'active'")
    )
    op.create_table(
        "revocations",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("user_id", sa.Uuid, nullable=False),
        sa.Column("session_id", sa.Uuid),
        sa.Column("before", sa.BigInteger, nullable=False),
        sa.Column(
            "transaction_id",
            sa.BigInteger,
            nullable=False,
            server_default=sa.text("(pg_current_xact_id()::text)::bigint"),
            index=True,
        ),
        sa.Column("is_public", sa.Boolean, nullable=False, server_default=sa.true()),
        sa.Column("expires_at", Instant, nullable=False, index=True),
    )
    policies.protect("users", policies.OWN, user_column="id")
    policies.protect("user_profiles", policies.OWN)
    policies.protect("user_sessions", policies.OWN)
    policies.protect("signing_keys", policies.COMMON)
    policies.protect("revocations", policies.OWN_OR_PUBLIC)
    policies.definer(
        "find_user_to_sign_in",
        "sign_in_name text",
        "TABLE(id uuid, password text, is_active boolean)",
        "SELECT u.id, u.password, u.is_active FROM users u "
        "WHERE u.email = lower(sign_in_name) OR lower(u.username) = lower(sign_in_name) LIMIT 1",
    )
    policies.definer(
        "find_session_to_refresh",
        "session uuid",
        "TABLE(user_id uuid, salt bytea)",
        "SELECT s.user_id, s.salt FROM user_sessions s WHERE s.id = session",
    )
