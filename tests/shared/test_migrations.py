"""Migrations and models agree, may run twice, at once, and see the rows they change."""

import subprocess
import sys

import pytest
from sqlalchemy import Engine, create_engine, text

from shared import db, ids, migrations, services
from tests.stack import Stack


@pytest.mark.parametrize("service", services.names())
def test_models_and_migrations_agree(inn: Stack, service: str) -> None:
    engine = create_engine(inn.admin_url().replace("postgresql:", "postgresql+psycopg:"))
    with engine.connect() as connection:
        found = migrations.differences(connection, service)
        connection.rollback()
    engine.dispose()

    assert found == []


def test_migrating_again_and_at_once_changes_nothing(inn: Stack) -> None:
    command = [sys.executable, "-m", "shared.migrations"]
    environment = {"SECRETS_DIR": str(inn.home / "secrets" / "migrations"), "PATH": "/usr/bin:/bin"}
    runs = [subprocess.Popen(command, cwd=inn.root, env=environment, stderr=subprocess.PIPE) for _ in range(3)]

    for run in runs:
        _, said = run.communicate(timeout=60)
        assert run.returncode == 0, said.decode()


def test_a_data_migration_sees_every_row_of_a_protected_table(inn: Stack, system: Engine) -> None:
    entry = ids.new()
    with db.transaction(system) as work:
        work.execute(text("INSERT INTO entries (id, user_id, words) VALUES (:e, :u, 'old')"), {"e": entry, "u": ids.new()})
        work.execute(text("SELECT 1"))
    engine = create_engine(inn.admin_url().replace("postgresql:", "postgresql+psycopg:"))
    with engine.begin() as connection:  # as if the backfill had not run yet
        connection.execute(text("UPDATE guestbook.alembic_version SET version_num = 'guestbook_0001'"))
    engine.dispose()
    run = subprocess.run(
        [sys.executable, "-m", "shared.migrations"],
        cwd=inn.root,
        env={"SECRETS_DIR": str(inn.home / "secrets" / "migrations"), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        check=False,
    )

    assert run.returncode == 0, run.stderr.decode()
    with db.transaction(system) as work:
        assert work.scalar(text("SELECT words FROM entries WHERE id = :e"), {"e": entry}) == "old (old hand)"
        work.execute(text("DELETE FROM entries WHERE id = :e"), {"e": entry})
