"""Asking a child process what a file is. Its crash, its limits and its silence are answers too."""

import math
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from services.media.errors import NotAudio, Undecodable
from services.media.processing.parsers import parsers
from shared.children import MIB, ChildFailed, Limits
from shared.errors import Unavailable

AT_ONCE = 2  # children of one process that look at something; the machine has two cores
PATIENCE_SECONDS = 45  # that one more waits for its turn
QUICK_SECONDS = 2.0  # of the processor, as all of these; after which a probe leaves it to the look at the whole file
THOROUGH_SECONDS = 20.0
PROBING = Limits(wall_seconds=8, cpu_seconds=6)
LOOKING = Limits(wall_seconds=100, cpu_seconds=25, write_bytes=256 * MIB)  # a twin is as large as its file
MEASURED_SECONDS = 145.0
MEASURING = Limits(wall_seconds=180, cpu_seconds=150, nice=10)

# How each type is read again, once it is known.
DEMUXERS = {
    "audio/mpeg": "mp3",
    "audio/wav": "wav",
    "audio/flac": "flac",
    "audio/aiff": "aiff",
    "audio/mp4": "mp4",
    "audio/aac": "aac",
    "audio/ogg": "ogg",
    "audio/webm": "matroska",
}

_places = threading.BoundedSemaphore(AT_ONCE)


class InspectorBusy(Unavailable):
    """Too many files are being looked at just now. Try again in a moment."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a file is: `mime_type` is what it is served as, `seconds` may be unknown. The rest is known after a look."""

    mime_type: str
    extension: str
    seconds: float | None
    sound: dict[str, Any] = field(default_factory=dict)  # codec, rate, channels, by the names of our columns
    tags: dict[str, Any] = field(default_factory=dict)  # the same of what it says of itself
    has_cover: bool = False
    twin: Path | None = None  # the same sound, so that it seeks

    @property
    def duration(self) -> int | None:
        """Whole seconds, as seed 004's column has them."""
        return None if self.seconds is None else round(self.seconds)

    @property
    def duration_ms(self) -> int | None:
        """The same, exactly."""
        return None if self.seconds is None else math.floor(self.seconds * 1000)


@dataclass(frozen=True, slots=True)
class Measured:
    """How loud a file is, by the names of our columns, and its waveform: int8 (buckets, 2)."""

    loudness: dict[str, float | None]
    peaks: bytes


def probe(path: Path, *, filename: str) -> Found:
    """Whether it is audio that plays, decided by its content and in two seconds at most: what takes longer is taken for now.

    Raises NotAudio, Undecodable, and where this says nothing of the file, InspectorBusy, TookTooLong, ParsersDown; `filename`
    is for the words of the first two.
    """
    return _found(_ask("probe", PROBING, filename, path=str(path), seconds=QUICK_SECONDS), filename)


def look(path: Path, *, folder: Path, filename: str) -> Found:
    """The same of the whole file; `folder` gets its cover in every size (`sizes.COVERS`), and a twin where it needs one."""
    answer = _ask("look", LOOKING, filename, path=str(path), folder=str(folder), seconds=THOROUGH_SECONDS)
    return _found(answer, filename, folder)


def measure(path: Path, *, mime_type: str, seconds: float | None) -> Measured:
    """How loud it is and what it looks like. Raises ChildFailed, TookTooLong."""
    facts = {"path": str(path), "demuxer": DEMUXERS[mime_type], "seconds": seconds, "at_most_seconds": MEASURED_SECONDS}
    answer = parsers.ask("measure", MEASURING, **facts)
    return Measured(peaks=bytes.fromhex(answer.pop("peaks")), loudness=answer)


def _found(answer: dict[str, Any], filename: str, folder: Path | None = None) -> Found:
    if answer.get("refused") == "not_audio":
        raise NotAudio(filename=filename, why=answer.get("why", ""))
    if "refused" in answer or "mime_type" not in answer:
        raise Undecodable(filename=filename, why=answer.get("why", ""))
    kept = ("codec", "bit_rate_kbps", "sample_rate_hz", "channels", "bit_depth")
    return Found(
        mime_type=answer["mime_type"],
        extension=answer["extension"],
        seconds=answer["seconds"],
        sound={name: answer[name] for name in kept if name in answer},
        tags=answer.get("tags", {}),
        has_cover=answer.get("cover", False),
        twin=folder / "twin" if folder and answer.get("twin") else None,
    )


def _ask(command: str, limits: Limits, filename: str, **facts: Any) -> dict[str, Any]:
    with _a_place():
        try:
            return parsers.ask(command, limits, **facts)
        except ChildFailed as reason:
            raise Undecodable(filename=filename, why=str(reason)) from reason


@contextmanager
def _a_place() -> Iterator[None]:
    if not _places.acquire(timeout=PATIENCE_SECONDS):
        raise InspectorBusy
    try:
        yield
    finally:
        _places.release()
