"""Accounts and what proves them, sign-ins, signing keys, revocations, administration, leaving."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from shared import migrations, policies

revision = "auth_0001"
down_revision = None

Instant = sa.TIMESTAMP(timezone=True)

# The counters are always taken in the same order, so that no two guesses wait for each other. What is refused is not counted.
# No commit waits for the disk: losing a count in a crash harms nobody.
COUNT_GUESS = """
#variable_conflict use_column
DECLARE
    account record;
    who text;
    is_known boolean;
    names text[] := ARRAY['failed sign-ins from an address', 'failed sign-ins of an account',
                          'failed sign-ins of an account from unknown places'];
    most integer[] := ARRAY[of_address, of_account, of_strangers];
    lasting integer[] := ARRAY[window_seconds, window_seconds, 3600];
BEGIN
    PERFORM set_config('synchronous_commit', 'off', true);
    SELECT u.id, u.password, u.is_active,
            EXISTS (SELECT FROM second_factors f WHERE f.user_id = u.id AND f.confirmed_at IS NOT NULL) AS has_second_factor
        INTO account FROM users u
        WHERE u.email = lower(sign_in_name) OR lower(u.username) = lower(sign_in_name) LIMIT 1;
    who := coalesce(account.id::text, lower(sign_in_name));
    is_known := EXISTS (SELECT FROM known_places k WHERE k.user_id = account.id AND k.digest = ANY (places));
    subjects := ARRAY[address, who || ' ' || encode(places[array_upper(places, 1)], 'hex'), who];
    subjects := ARRAY(
        SELECT encode(sha256(convert_to(names[n] || ' ' || subjects[n], 'UTF8')), 'hex')
        FROM generate_series(1, CASE WHEN is_known THEN 2 ELSE 3 END) AS n
    );
    SELECT names[n], ceil(extract(epoch FROM r.expires_at - now())) INTO refusing, retry_after_seconds
        FROM rate_windows r, generate_subscripts(subjects, 1) AS n
        WHERE r.subject = subjects[n] AND r.expires_at > now() AND r.count >= most[n] ORDER BY n LIMIT 1;
    IF refusing IS NULL THEN
        WITH counted AS (
            INSERT INTO rate_windows (subject, expires_at, count)
            SELECT subjects[n], now() + make_interval(secs => lasting[n]), 1
            FROM generate_subscripts(subjects, 1) AS n ORDER BY n
            ON CONFLICT (subject) DO UPDATE SET
                count = CASE WHEN rate_windows.expires_at <= now() THEN 1 ELSE rate_windows.count + 1 END,
                expires_at = CASE WHEN rate_windows.expires_at <= now() THEN excluded.expires_at
                                  ELSE rate_windows.expires_at END
            RETURNING subject, count, expires_at
        )
        SELECT names[n], ceil(extract(epoch FROM c.expires_at - now())) INTO refusing, retry_after_seconds
            FROM counted c, generate_subscripts(subjects, 1) AS n
            WHERE c.subject = subjects[n] AND c.count > most[n] ORDER BY n LIMIT 1;
        IF refusing IS NOT NULL THEN
            PERFORM forgive_guess(subjects);
        END IF;
    END IF;
    RETURN QUERY SELECT account.id, account.password::text, account.is_active, account.has_second_factor, refusing,
        retry_after_seconds, subjects;
END
"""
FORGIVE_GUESS = """
DECLARE
    each text;
BEGIN
    FOREACH each IN ARRAY counted LOOP
        UPDATE rate_windows r SET count = r.count - 1 WHERE r.subject = each AND r.expires_at > now() AND r.count > 0;
    END LOOP;
END
"""


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
        sa.Column("auth_provider", sa.String(50), nullable=False, server_default="email"),
        sa.Column("email_confirmed_at", Instant),
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
        sa.Column("bio", sa.String(2000), nullable=False, server_default=""),
        sa.Column("preferences", sa.JSON, nullable=False, server_default="{}"),
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
        sa.Column("state_since", Instant, nullable=False, server_default=sa.func.now()),
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
    op.create_table(
        "onboarding_responses",
        sa.Column("id", sa.Uuid, primary_key=True),
        _user(index=True),
        sa.Column("question_id", sa.String(100), nullable=False),
        sa.Column("question", sa.String(1000), nullable=False),
        sa.Column("answer", sa.JSON, nullable=False),
        sa.Column("created_at", Instant, nullable=False, server_default=sa.func.now()),
    )
    op.create_table(
        "email_changes",
        _user(primary_key=True),
        sa.Column("new_email", sa.String(255), nullable=False),
        sa.Column("old_confirmed_at", Instant),
        sa.Column("new_confirmed_at", Instant),
        sa.Column("expires_at", Instant, nullable=False),
    )
    op.create_table(
        "known_places",
        _user(primary_key=True),
        sa.Column("digest", sa.LargeBinary, primary_key=True),
        sa.Column("device", sa.String(255), primary_key=True),
        sa.Column("last_seen_at", Instant, nullable=False, server_default=sa.func.now(), index=True),
    )
    op.create_table(
        "one_time_tokens",
        sa.Column("digest", sa.LargeBinary, primary_key=True),
        sa.Column("purpose", sa.String(40), nullable=False),
        _user(nullable=True, index=True),
        sa.Column("facts", sa.JSON, nullable=False, server_default="{}"),
        sa.Column("expires_at", Instant, nullable=False, index=True),
    )
    op.create_table(
        "second_factors",
        _user(primary_key=True),
        sa.Column("secret", sa.LargeBinary, nullable=False),
        sa.Column("confirmed_at", Instant),
        sa.Column("last_step", sa.BigInteger, nullable=False, server_default="0"),
    )
    op.create_table(
        "recovery_codes",
        _user(primary_key=True),
        sa.Column("digest", sa.LargeBinary, primary_key=True),
    )
    op.create_table(
        "player_credentials",
        sa.Column("id", sa.Uuid, primary_key=True),
        _user(index=True),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("key_digest", sa.LargeBinary, nullable=False),
        sa.Column("app_password", sa.LargeBinary, nullable=False),
        sa.Column("created_at", Instant, nullable=False, server_default=sa.func.now()),
        sa.Column("last_used_at", Instant),
        sa.UniqueConstraint("key_digest", name="uq_player_credentials_key_digest"),
    )
    op.create_table(
        "identities",
        sa.Column("id", sa.Uuid, primary_key=True),
        _user(index=True),
        sa.Column("issuer", sa.String(255), nullable=False),
        sa.Column("subject", sa.String(255), nullable=False),
        sa.Column("provider", sa.String(50), nullable=False),
        sa.Column("email", sa.String(255), nullable=False, server_default=""),
        sa.Column("is_email_verified", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("created_at", Instant, nullable=False, server_default=sa.func.now()),
        sa.Column("last_used_at", Instant, nullable=False, server_default=sa.func.now()),
        sa.UniqueConstraint("issuer", "subject", name="uq_identities_issuer_subject"),
    )
    op.create_table(
        "foreign_tokens",
        sa.Column("digest", sa.LargeBinary, primary_key=True),
        _user(index=True),
        sa.Column("identity_id", sa.Uuid, sa.ForeignKey("identities.id", ondelete="CASCADE"), nullable=False, index=True),
        sa.Column("seen_at", Instant, nullable=False, server_default=sa.func.now()),
        sa.Column("expires_at", Instant, nullable=False, index=True),
    )
    op.create_table(
        "admin_config",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("parameter", sa.String(100), nullable=False),
        sa.Column("value", sa.JSON, nullable=False),
        sa.Column("updated_at", Instant, nullable=False, server_default=sa.func.now()),
        sa.UniqueConstraint("parameter", name="uq_admin_config_parameter"),
    )
    op.create_table(
        "audit_log",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("at", Instant, nullable=False, server_default=sa.func.now()),
        sa.Column("action", sa.String(60), nullable=False, index=True),
        sa.Column("user_id", sa.Uuid, nullable=False, index=True),
        sa.Column("actor_id", sa.Uuid),
        sa.Column("ip_address", sa.String(64), nullable=False, server_default=""),
        sa.Column("facts", sa.JSON, nullable=False, server_default="{}"),
    )
    op.create_table(
        "account_deletion_requests",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("user_id", sa.Uuid, nullable=False),
        sa.Column("requested_at", Instant, nullable=False, server_default=sa.func.now()),
        sa.Column("scheduled_for", Instant, nullable=False, index=True),
        sa.Column("started_at", Instant),
        sa.Column("cancelled_at", Instant),
        sa.Column("completed_at", Instant),
        sa.Column("told_again_at", Instant),
    )
    op.create_index(
        "uq_account_deletion_requests_open",
        "account_deletion_requests",
        ["user_id"],
        unique=True,
        postgresql_where=sa.text("cancelled_at IS NULL AND completed_at IS NULL"),
    )
    op.create_table(
        "account_exports",
        sa.Column("id", sa.Uuid, primary_key=True),
        _user(index=True),
        sa.Column("requested_at", Instant, nullable=False, server_default=sa.func.now()),
        sa.Column("completed_at", Instant),
        sa.Column("expires_at", Instant, nullable=False),
    )
    op.create_table(
        "acknowledgements",
        sa.Column("task_id", sa.Uuid, primary_key=True),
        sa.Column("service", sa.String(40), primary_key=True),
        sa.Column("acknowledged_at", Instant, nullable=False, server_default=sa.func.now()),
    )
    policies.protect("users", policies.OWN, user_column="id", admin=True)
    for table in ("user_profiles", "user_sessions", "second_factors", "recovery_codes", "identities"):
        policies.protect(table, policies.OWN, admin=True)
    for table in ("audit_log", "account_deletion_requests"):
        policies.protect(table, policies.OWN, admin=True)
    for table in ("onboarding_responses", "email_changes", "known_places", "player_credentials", "foreign_tokens"):
        policies.protect(table, policies.OWN)
    policies.protect("account_exports", policies.OWN)
    for table in ("signing_keys", "admin_config"):
        policies.protect(table, policies.COMMON)
    policies.protect("revocations", policies.OWN_OR_PUBLIC, admin=True)
    for table in ("one_time_tokens", "acknowledgements"):
        policies.protect(table, policies.INTERNAL)
    _look_ups()


def _look_ups() -> None:
    policies.definer(
        "find_user_to_sign_in",
        "sign_in_name text, places bytea[], address text, of_address integer, of_account integer, of_strangers integer, "
        "window_seconds integer",
        "TABLE(id uuid, password text, is_active boolean, has_second_factor boolean, refusing text, "
        "retry_after_seconds integer, subjects text[])",
        COUNT_GUESS,
        language="plpgsql",
    )
    policies.definer("forgive_guess", "counted text[]", "void", FORGIVE_GUESS, language="plpgsql")
    policies.definer(
        "find_session_to_refresh",
        "session uuid",
        "TABLE(user_id uuid, salt bytea)",
        "SELECT s.user_id, s.salt FROM user_sessions s WHERE s.id = session",
    )
    policies.definer(
        "issue_one_time_token",
        "the_digest bytea, the_purpose text, whose uuid, the_facts json, seconds integer",
        "void",
        "INSERT INTO one_time_tokens (digest, purpose, user_id, facts, expires_at) "
        "VALUES (the_digest, the_purpose, whose, the_facts, now() + make_interval(secs => seconds))",
    )
    policies.definer(
        "find_one_time_token",
        "the_digest bytea, the_purpose text",
        "TABLE(user_id uuid, facts json)",
        "SELECT t.user_id, t.facts FROM one_time_tokens t "
        "WHERE t.digest = the_digest AND t.purpose = the_purpose AND t.expires_at > now()",
    )
    policies.definer(
        "redeem_one_time_token",
        "the_digest bytea, the_purpose text",
        "TABLE(user_id uuid, facts json)",
        "DELETE FROM one_time_tokens t WHERE t.digest = the_digest AND t.purpose = the_purpose AND t.expires_at > now() "
        "RETURNING t.user_id, t.facts",
    )
    policies.definer(
        "forget_one_time_tokens",
        "whose uuid, the_purposes text[]",
        "void",
        "DELETE FROM one_time_tokens t WHERE t.user_id = whose AND (the_purposes IS NULL OR t.purpose = ANY(the_purposes))",
    )
    policies.definer(
        "find_taken_names",
        "the_email text, the_username text",
        "TABLE(has_email boolean, has_username boolean)",
        "SELECT EXISTS (SELECT FROM users u WHERE u.email = the_email), "
        "EXISTS (SELECT FROM users u WHERE lower(u.username) = lower(the_username))",
    )
    policies.definer(
        "find_identity",
        "the_issuer text, the_subject text",
        "TABLE(id uuid, user_id uuid, is_active boolean)",
        "SELECT i.id, i.user_id, u.is_active FROM identities i JOIN users u ON u.id = i.user_id "
        "WHERE i.issuer = the_issuer AND i.subject = the_subject",
    )
    policies.definer(
        "find_account_of_address",
        "address text",
        "TABLE(id uuid, is_active boolean, is_confirmed boolean)",
        "SELECT u.id, u.is_active, u.email_confirmed_at IS NOT NULL FROM users u WHERE u.email = address",
    )
    policies.definer(
        "find_foreign_token",
        "the_digest bytea",
        "TABLE(user_id uuid, identity_id uuid, seen_at timestamptz, expires_at timestamptz)",
        "SELECT t.user_id, t.identity_id, t.seen_at, t.expires_at FROM foreign_tokens t WHERE t.digest = the_digest",
    )
    policies.definer(
        "find_player_by_key",
        "the_digest bytea",
        "TABLE(id uuid, user_id uuid)",
        "SELECT p.id, p.user_id FROM player_credentials p JOIN users u ON u.id = p.user_id "
        "WHERE p.key_digest = the_digest AND u.is_active",
    )
    policies.definer(
        "find_user_of_player",
        "player_name text",
        "TABLE(id uuid)",
        "SELECT u.id FROM users u "
        "WHERE u.is_active AND (u.email = lower(player_name) OR lower(u.username) = lower(player_name)) LIMIT 1",
    )
    policies.definer(
        "is_there_an_administrator",
        "",
        "boolean",
        "SELECT EXISTS (SELECT FROM users u WHERE u.is_active AND CAST(u.roles AS jsonb) @> '[\"admin\"]')",
    )


def _user(**options: bool) -> sa.Column[Any]:
    """Whose row it is."""
    nullable = options.pop("nullable", False)
    reference = sa.ForeignKey("users.id", ondelete="CASCADE")
    return sa.Column("user_id", sa.Uuid, reference, nullable=nullable, **options)
