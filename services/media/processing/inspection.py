"""Asking the child process what a file is. Its crash, its limits and its silence are answers too."""

import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from services.media.errors import NotAudio, Undecodable
from shared import json, services
from shared.errors import Unavailable
from shared.logs import log

WALL_SECONDS = 45
AT_ONCE = 2  # children of one process; the machine has two cores
MAX_ANSWER_BYTES = 64 * 1024

_places = threading.BoundedSemaphore(AT_ONCE)


class InspectorBusy(Unavailable):
    """Too many files are being looked at just now. Try again in a moment."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a file is: `mime_type` is what it is served as, `seconds` may be unknown."""

    mime_type: str
    extension: str
    seconds: float | None
    title: str | None = None
    artist: str | None = None
    album: str | None = None
    has_cover: bool = False

    @property
    def duration(self) -> int | None:
        """Whole seconds, as seed 004's column has them."""
        return None if self.seconds is None else round(self.seconds)


def probe(path: Path, *, filename: str) -> Found:
    """Whether it is audio that plays, decided by its content. Raises NotAudio, Undecodable; `filename` is for their words."""
    return _found(_ask("probe", str(path)), filename)


def read_tags(path: Path, *, cover: Path, filename: str) -> Found:
    """The same, and its tags; its cover is written to `cover` as a JPEG."""
    return _found(_ask("tags", str(path), str(cover)), filename)


def _found(answer: dict[str, Any], filename: str) -> Found:
    if answer.get("refused") == "not_audio":
        raise NotAudio(filename=filename, why=answer.get("why", ""))
    if "refused" in answer or "mime_type" not in answer:
        raise Undecodable(filename=filename, why=answer.get("why", ""))
    return Found(
        mime_type=answer["mime_type"],
        extension=answer["extension"],
        seconds=answer["seconds"],
        title=answer.get("title"),
        artist=answer.get("artist"),
        album=answer.get("album"),
        has_cover=answer.get("cover", False),
    )


def _ask(*arguments: str) -> dict[str, Any]:
    if not _places.acquire(timeout=WALL_SECONDS):
        raise InspectorBusy
    try:
        child = subprocess.run(
            [sys.executable, "-s", "-m", "services.media.processing.inspector", *arguments],
            cwd=services.ROOT,
            env={"LC_ALL": "C.UTF-8"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=WALL_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return {"refused": "undecodable", "why": "it took too long"}
    finally:
        _places.release()
    if child.returncode or len(child.stdout) > MAX_ANSWER_BYTES:
        log(__name__).warning("inspector.failed", status=child.returncode, said=child.stderr[-300:].decode(errors="replace"))
        return {"refused": "undecodable", "why": "the parser gave up"}
    answer: dict[str, Any] = json.loads(child.stdout)
    return answer
