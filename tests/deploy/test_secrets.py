"""Secrets are made once, however many start at once, and none that could be guessed is taken."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from deploy import secrets
from tests.stack import ROOT

FIRST_STARTS = 20
GOOD = "k8Jq2vWm0Zr5Tn1Xc7Yb4Lp9Sd3Fg6Hh"


def test_twenty_first_starts_at_once_end_with_one_set(tmp_path: Path) -> None:
    with ThreadPoolExecutor(FIRST_STARTS) as pool:
        made = list(pool.map(lambda _: secrets.make(tmp_path / "secrets", {}), range(FIRST_STARTS)))

    assert all(each == made[0] for each in made)
    assert set(made[0]) == set(secrets.MASTERS)
    assert {path.name: path.read_text() for path in (tmp_path / "secrets" / "master").iterdir()} == {
        name.lower(): value for name, value in made[0].items()
    }


def test_only_their_owner_can_read_them(tmp_path: Path) -> None:
    secrets.deal(tmp_path, secrets.make(tmp_path, {}), secrets.Database.embedded("127.0.0.1:1/tutti", "x"), {})

    for path in tmp_path.rglob("*"):
        assert path.stat().st_mode & 0o077 == 0, path


@pytest.mark.parametrize(
    ("name", "value", "fault"),
    [
        ("APP_SECRET", GOOD[:31], "shorter than 32 characters"),
        ("JWT_SECRET", "change-me-" * 4, "placeholder"),
        ("JWT_SECRET", "your-super-" * 4, "placeholder"),
        ("APP_SECRET", "a" * 40, "placeholder"),  # long, and no secret
        ("APP_SECRET", "!ChangeMe!" * 4, "placeholder"),
        ("POSTGRES_PASSWORD", "password1", "placeholder"),
        ("POSTGRES_PASSWORD", "x7Kq", "shorter than 8 characters"),
        ("S3_SECRET_KEY", "minioadmin", "placeholder"),
    ],
)
def test_what_could_be_guessed_is_refused_in_one_line(tmp_path: Path, name: str, value: str, fault: str) -> None:
    environment = {"PATH": os.defpath, name: value}
    command = [sys.executable, "-m", "deploy.secrets", "--home", str(tmp_path / "secrets")]

    started = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)

    assert started.returncode == 1
    [line] = started.stderr.splitlines()
    assert name in line and fault in line and value not in line
    assert not (tmp_path / "secrets").exists()


def test_everything_that_is_wrong_is_named_at_once(tmp_path: Path) -> None:
    with pytest.raises(secrets.Unfit) as raised:
        secrets.make(tmp_path, {"APP_SECRET": "short", "JWT_SECRET": "a" * 40, "S3_ENDPOINT": "http://s3.example"})

    assert all(name in str(raised.value) for name in ("APP_SECRET", "JWT_SECRET", "S3_ACCESS_KEY", "S3_SECRET_KEY"))


def test_a_lost_secret_is_not_made_anew_in_silence(tmp_path: Path) -> None:
    secrets.make(tmp_path, {})
    (tmp_path / "master" / "app_secret").write_text("")

    with pytest.raises(secrets.Unfit, match="restore it from a backup"):
        secrets.make(tmp_path, {})
