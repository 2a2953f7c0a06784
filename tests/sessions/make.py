"""Practice sessions for tests, in both spellings, and a recording: a second of a real one that PyAV wrote."""

import base64
import io
from datetime import UTC, datetime
from typing import Any

import av

from tests.people import Person

PATH = "/api/sessions"
MORNING = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)
MINUET = """<?xml version="1.0"?><score-partwise version="4.0"><part id="P1"><measure number="1"/></part></score-partwise>"""
SECTIONS = [
    {"first_measure": 0, "last_measure": 8, "seconds": 200, "tempo_bpm": 84, "rating": 3},
    {"first_measure": 5, "last_measure": 5, "minutes": 1.5},
]
SEED_SECTIONS = [
    {"firstMeasure": 0, "lastMeasure": 8, "seconds": 200, "tempoBpm": 84, "rating": 3},
    {"firstMeasure": 5, "lastMeasure": 5, "minutes": 1.5},
]
SAMPLE_RATE_HZ = 48_000
FRAME_SAMPLES = 960  # 20 ms, as Opus has it


def recording(seconds: float = 1.0) -> bytes:
    """Some silence as browsers record it: Opus in WebM."""
    out = io.BytesIO()
    with av.open(out, "w", format="webm") as container:
        stream = container.add_stream("libopus", rate=SAMPLE_RATE_HZ, layout="mono")
        for number in range(int(seconds * SAMPLE_RATE_HZ / FRAME_SAMPLES)):
            frame = av.AudioFrame(format="s16", layout="mono", samples=FRAME_SAMPLES)
            frame.planes[0].update(bytes(FRAME_SAMPLES * 2))
            frame.sample_rate, frame.pts = SAMPLE_RATE_HZ, number * FRAME_SAMPLES
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return out.getvalue()


def encoded(content: bytes) -> str:
    """Plain Base64."""
    return base64.b64encode(content).decode()


def data_url(content: bytes, media_type: str = "audio/webm;codecs=opus") -> str:
    """What a browser's FileReader makes of a recording."""
    return f"data:{media_type};base64,{encoded(content)}"


def body(**changes: Any) -> dict[str, Any]:
    """A session as the real client spells it (CONTRACT C1-2)."""
    session = {
        "song_name": "Minuet in G",
        "instrument": "Piano",
        "duration_seconds": 600,
        "total_practice_seconds": 900,
        "date": "2026-01-31T09:30:00.000Z",
        "xml_content": MINUET,
        "analysis": {
            "performace_summary": "Steady.",
            "coach-feedback": "Mind the left hand.",
            "user-spectrogram": "data:image/png;base64,AAAA",
            "target-spectrogram": "data:image/png;base64,BBBB",
            "marked-up-musicxml": MINUET,
        },
        "audioBase64": "",
    }
    return session | changes


def seed_body(**changes: Any) -> dict[str, Any]:
    """A session as seed 001 spells it (CONTRACT S1-29)."""
    session = {
        "songName": "Minuet in G",
        "instrument": "Piano",
        "duration": 600,
        "xmlContent": MINUET,
        "analysis": "Mind the left hand.",
    }
    return session | changes


def saved(person: Person, **changes: Any) -> dict[str, Any]:
    """A session that this person has saved."""
    answer = person.post(PATH, body(**changes))
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found
