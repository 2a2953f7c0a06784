"""Having a child process listen to a performance, and hearing from it how far it is."""

import os
import select
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from services.sessions.errors import PartNotFound, RecordingNotHeard, ScoreUnreadable, TooMuchToAnalyse
from services.sessions.parsers import parsers
from shared import json
from shared.children import GRACE_SECONDS, MIB, Child, ChildFailed, Gone, Limits, ParsersDown

LISTENING = Limits(wall_seconds=600, cpu_seconds=120, write_bytes=16 * MIB, memory_bytes=1024 * MIB, nice=10)
TOLD_SECONDS = 1.0  # between two tellings of how far it is
READ_BYTES = 4096

Told = Callable[[int, str], None]


@dataclass(frozen=True, slots=True)
class Fields:
    """What the fields are called in which a score and its part were sent."""

    score: str
    part: str


OF_A_SESSION = Fields("xml_content", "part")
OF_A_PERFORMANCE = Fields("Target_XML", "Part")  # the client's names


def listen(folder: Path, asked: dict[str, Any], told: Told, fields: Fields) -> dict[str, Any]:
    """The result for the files `recording` and `score` in a folder.

    `told` is called with percent and what is being done: at once, then every second; what it raises ends it all. Raises
    RecordingNotHeard, ScoreUnreadable, PartNotFound, TooMuchToAnalyse; TookTooLong and ParsersDown where that says nothing of
    the files.
    """
    reading, writing = os.pipe()
    into = folder / "result"
    facts = {
        "recording": str(folder / "recording"),
        "score": str(folder / "score"),
        "into": str(into),
        "instrument": asked["instrument"],
        "part": asked["part"],
        "tempo_bpm": asked["tempo_bpm"],
        "starting_measure": asked["starting_measure"],
    }
    try:
        try:
            child = parsers.child("analyse", LISTENING, pipe=writing, **facts)
        finally:
            os.close(writing)
        try:
            _follow(reading, told)
            answer = _answer(child)
        finally:
            child.close()
            _wait_for_its_end(reading)
    finally:
        os.close(reading)
    if answer.get("failed") == "recording":
        raise RecordingNotHeard.because(answer["why"])
    if answer.get("failed") == "score":
        raise ScoreUnreadable.named(fields.score, answer["why"])
    if answer.get("failed") == "part":
        raise PartNotFound.named(fields.part, answer["why"])
    result: dict[str, Any] = json.loads(into.read_bytes())
    return result


def _answer(child: Child) -> dict[str, Any]:
    try:
        return child.answer()
    except ChildFailed as reason:
        raise TooMuchToAnalyse from reason
    except Gone as reason:
        raise ParsersDown from reason


def _wait_for_its_end(pipe: int) -> None:
    """Whoever is next to be listened to has the machine to itself: nobody writes to the pipe once the child is gone."""
    ready, until = select.poll(), time.monotonic() + GRACE_SECONDS
    ready.register(pipe)
    while ready.poll(max(until - time.monotonic(), 0) * 1000) and os.read(pipe, READ_BYTES):
        pass


def _follow(pipe: int, told: Told) -> None:
    """Pass on what the child tells, the latest alone, until it ends."""
    ready, kept = select.poll(), b""
    ready.register(pipe)
    percent, step, last = 1, "starting", 0.0
    until = time.monotonic() + LISTENING.wall_seconds
    while time.monotonic() < until:
        if time.monotonic() - last >= TOLD_SECONDS:
            told(percent, step)
            last = time.monotonic()
        if ready.poll(TOLD_SECONDS * 1000):
            piece = os.read(pipe, READ_BYTES)
            if not piece:
                return
            *lines, kept = (kept + piece).split(b"\n")
            if lines:
                said, _, words = lines[-1].decode().partition(" ")
                percent, step = int(said), words
