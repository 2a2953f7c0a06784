"""Asking children of a nursery, where the machine has no room for one."""

import subprocess
from pathlib import Path
from typing import NoReturn

import pytest

from shared.children import MIB, Limits, Nursery, ParsersDown

LIMITS = Limits(wall_seconds=10, cpu_seconds=5, memory_bytes=256 * MIB)


def no_room(*_arguments: object, **_options: object) -> NoReturn:
    raise BlockingIOError("Resource temporarily unavailable")


def test_where_no_process_can_be_started_one_is_asked_to_come_again_and_served_then(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nursery = Nursery("services.sessions.scores.commands")
    facts = {"path": str(tmp_path / "sent"), "into": str(tmp_path / "text"), "is_text": True}
    (tmp_path / "sent").write_text("no score")

    with monkeypatch.context() as full, pytest.raises(ParsersDown):
        full.setattr(subprocess, "Popen", no_room)
        nursery.ask("read_score", LIMITS, **facts)

    assert "unreadable" in nursery.ask("read_score", LIMITS, **facts)
