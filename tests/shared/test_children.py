"""Asking children of a nursery, where the machine has no room for one."""

import os
import subprocess
import time
from pathlib import Path
from typing import NoReturn

import pytest

from shared.children import MIB, Limits, Nursery, ParsersDown

LIMITS = Limits(wall_seconds=10, cpu_seconds=5, memory_bytes=256 * MIB)


def no_room(*_arguments: object, **_options: object) -> NoReturn:
    raise BlockingIOError("Resource temporarily unavailable")


def at_work(nursery: Nursery, count: int) -> list[str]:
    """Its children, once there are so many of them."""
    deadline = time.monotonic() + LIMITS.wall_seconds / 2
    while len(found := Path(f"/proc/{nursery.pid}/task/{nursery.pid}/children").read_text().split()) != count:
        assert time.monotonic() < deadline, found
        time.sleep(0.01)
    return found


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


def test_a_child_that_nobody_listens_to_any_more_is_ended_and_the_others_go_on(tmp_path: Path) -> None:
    nursery = Nursery("services.sessions.scores.commands")
    facts = {"path": str(tmp_path / "sent"), "into": str(tmp_path / "text"), "is_text": True}
    os.mkfifo(tmp_path / "sent")  # so that it waits for what nobody writes yet
    left, other = (nursery.child("read_score", LIMITS, **facts) for _ in range(2))
    both = at_work(nursery, 2)

    left.close()

    assert at_work(nursery, 1) == both[1:]
    (tmp_path / "sent").write_text("no score")
    with other:
        assert "unreadable" in other.answer()
