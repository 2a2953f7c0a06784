"""Asking a child process what a score is. Its crash and its limits are answers too: such a score is refused."""

import binascii
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from services.sessions.errors import ScoreRefused, ScoresBusy, ScoreUnreadable
from services.sessions.scores import packed
from shared.children import MIB, ChildFailed, Limits, Nursery

MAX_SENT_BYTES = packed.MAX_SCORE_BYTES
DATA_URL = "data:"
PACKED_AS_BASE64 = "UEsD"  # how a ZIP begins
READING = Limits(wall_seconds=20, cpu_seconds=5, memory_bytes=256 * MIB)
AT_ONCE = 2  # children of one process that read a score; the largest takes half a second
PATIENCE_SECONDS = 20  # that one more waits for its turn

readers = Nursery("services.sessions.scores.commands")
_places = threading.BoundedSemaphore(AT_ONCE)


@dataclass(frozen=True, slots=True)
class Score:
    """The text of a score, and what it says of itself, as JSON (see `facts.of`)."""

    xml: str
    facts: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Kept:
    """A score as a session keeps it: its text; its facts, or why there are none."""

    xml: str | None = None
    facts: dict[str, Any] | None = None
    problem: str | None = None

    def columns(self) -> dict[str, Any]:
        """The same by the names of the columns of a session."""
        return {"xml_content": self.xml, "score_facts": self.facts, "score_problem": self.problem}


def keep(sent: str | None, folder: Path) -> Kept:
    """What to keep of the score that came with a session: of one that is merely broken, all of it as it came; of a blank, none.

    Raises ScoreRefused for a hostile one; where reading is not possible just now, ScoresBusy, TookTooLong, ParsersDown.
    """
    if not sent or sent.isspace():
        return Kept()
    try:
        score = read(_content(sent), folder)
    except ScoreUnreadable as reason:
        return Kept(sent, problem=reason.why)
    return Kept(score.xml, score.facts)


def read(content: bytes | str, folder: Path) -> Score:
    """A score as it was sent: its text, or a file in any encoding, packed or not. `folder` is where it waits to be read.

    Raises ScoreUnreadable, ScoreRefused, ScoresBusy, TookTooLong, ParsersDown.
    """
    if isinstance(content, bytes) and len(content) > MAX_SENT_BYTES:
        raise ScoreRefused.because(f"is larger than {MAX_SENT_BYTES} bytes")
    with tempfile.TemporaryDirectory(dir=folder, prefix="score-") as place:
        path, into = Path(place, "sent"), Path(place, "text")
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        facts = _facts(path, into, is_text=isinstance(content, str))
        return Score(content if isinstance(content, str) else into.read_bytes().decode(), facts)


def _content(sent: str) -> bytes | str:
    """What somebody put where the text of a score belongs: that text, or a file in Base64, plain or as a data URL."""
    if sent.startswith(DATA_URL):
        _, found, encoded = sent.partition(";base64,")
        if not found:
            raise ScoreUnreadable.because("is a data URL without ;base64,")
    elif sent.startswith(PACKED_AS_BASE64):
        encoded = sent
    else:
        return sent
    try:
        return binascii.a2b_base64(encoded, strict_mode=True)
    except ValueError as reason:
        raise ScoreUnreadable.because("is not Base64") from reason


def _facts(path: Path, into: Path, *, is_text: bool) -> dict[str, Any]:
    with _a_place():
        try:
            answer = readers.ask("read_score", READING, path=str(path), into=str(into), is_text=is_text)
        except ChildFailed as reason:
            raise ScoreRefused.because("is too much to read") from reason
    if "refused" in answer:
        raise ScoreRefused.because(answer["refused"])
    if "unreadable" in answer:
        raise ScoreUnreadable.because(answer["unreadable"])
    facts: dict[str, Any] = answer["facts"]
    return facts


@contextmanager
def _a_place() -> Iterator[None]:
    if not _places.acquire(timeout=PATIENCE_SECONDS):
        raise ScoresBusy
    try:
        yield
    finally:
        _places.release()
