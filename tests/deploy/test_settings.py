"""What an operator chooses, and the one line that says what is wrong with it."""

import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from dotenv import dotenv_values

from deploy.settings import Settings, Unusable
from tests.stack import ROOT, free_ports

EXAMPLE = ROOT / ".env.example"


def refusal(home: Path, **settings: str) -> str:
    """The one line on standard error with which `make run` ends that cannot start."""
    environment = {"PATH": os.defpath, "HOME": str(home), "TUTTI_HOME": str(home / "tutti"), **settings}
    command = [sys.executable, "-m", "deploy.local"]

    ended = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=20)

    assert ended.returncode == 1 and ended.stdout == ""
    [line] = ended.stderr.splitlines()
    return line


def test_copying_the_example_changes_nothing(tmp_path: Path) -> None:
    copy = tmp_path / ".env"
    copy.write_bytes(EXAMPLE.read_bytes())

    assert dotenv_values(copy) == {}
    for environment in ({}, {"TUTTI_PORT": "1234", "PATH": "/bin"}):
        assert Settings.read(environment, copy) == Settings.read(environment, tmp_path / "none")


def test_the_example_shows_the_defaults_of_this_machine(tmp_path: Path) -> None:
    shown = tmp_path / ".env"
    shown.write_text(re.sub(r"^#(?=[A-Z][A-Z0-9_]*=)", "", EXAMPLE.read_text(), flags=re.MULTILINE))

    with_all, without = Settings.read({}, shown), Settings.read({}, tmp_path / "none")

    assert len(with_all.chosen) > 40
    for field in ("home", "port", "alt_port", "bind", "reload", "public_url"):
        assert getattr(with_all, field) == getattr(without, field), field


def test_the_example_shows_the_defaults_of_the_gateway() -> None:
    shown = dict(re.findall(r"^#([A-Z][A-Z0-9_]+)=(.*)$", EXAMPLE.read_text(), re.MULTILINE))
    defaults = re.findall(r'env "([A-Z_]+)" \| default "([^"]*)"', (ROOT / "gateway" / "routes.yml").read_text())

    assert len(defaults) >= 4
    assert {name: shown[name] for name, _ in defaults} == dict(defaults)


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("TUTTI_PORT=1\nTUTTI_ALT_PORT=2\n")

    read = Settings.read({"TUTTI_PORT": "3"}, file)

    assert (read.port, read.alt_port) == (3, 2)


@pytest.mark.parametrize("port", ["no", "-1", "65536", "8000.0"])
def test_a_port_that_is_none_is_named(tmp_path: Path, port: str) -> None:
    with pytest.raises(Unusable, match="TUTTI_PORT must be a port"):
        Settings.read({"TUTTI_PORT": port}, tmp_path / "none")


def test_a_busy_port_is_one_line_that_names_the_setting(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        [other] = free_ports(1)

        front = refusal(tmp_path, TUTTI_PORT=port, TUTTI_ALT_PORT=str(other))
        second = refusal(tmp_path, TUTTI_PORT=str(other), TUTTI_ALT_PORT=port)

    assert f"port {port} is taken" in front and f"TUTTI_PORT={int(port) + 1}" in front
    assert f"port {port} is taken" in second and f"TUTTI_ALT_PORT={int(port) + 1}" in second


def test_a_placeholder_is_one_line_that_names_the_secret(tmp_path: Path) -> None:
    front, second = free_ports(2)

    line = refusal(tmp_path, TUTTI_PORT=str(front), TUTTI_ALT_PORT=str(second), JWT_SECRET="change-me-" * 4)

    assert line.startswith("Tutti cannot start: JWT_SECRET looks like a placeholder")
