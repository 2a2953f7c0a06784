"""What the tests of media make: small sounds in every container, bodies, and patience for jobs."""

import math
import os
import time
import wave
from array import array
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import UUID

import av
import httpx2

from services.media.settings import Settings
from shared import identity
from shared.config import _keys
from tests.people import TRUSTED, Person
from tests.stack import Stack

MINUET = Path(__file__).with_name("minuet.flac")
JOB_SECONDS = 15


def wav(seconds: float = 1.0, *, rate_hz: int = 8_000, pitch_hz: float = 440.0) -> bytes:
    """A sine wave, 16 bit mono: 16 KB a second unless asked otherwise."""
    made = BytesIO()
    with wave.open(made, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(rate_hz)
        step = 2 * math.pi * pitch_hz / rate_hz
        out.writeframes(array("h", (int(9_000 * math.sin(step * n)) for n in range(round(seconds * rate_hz)))).tobytes())
    return made.getvalue()


def big_wav(size_bytes: int) -> bytes:
    """A valid WAV of about this size: a second of sound, over and over."""
    second = wav(rate_hz=44_100)[44:]
    made = BytesIO()
    with wave.open(made, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(44_100)
        out.writeframes(second * (size_bytes // len(second) + 1))
    return made.getvalue()[:size_bytes]


def encoded(container: str, codec: str, *, seconds: float = 1.0, rate_hz: int = 48_000) -> bytes:
    """The same sine wave in another container."""
    raw, made = BytesIO(wav(seconds, rate_hz=rate_hz)), BytesIO()
    with av.open(raw, format="wav") as source, av.open(made, "w", format=container) as target:
        stream = target.add_stream(codec, rate=rate_hz)
        stream.layout = "mono"
        for frame in source.decode(audio=0):
            for piece in [frame]:
                piece.pts = None
                target.mux(stream.encode(piece))
        target.mux(stream.encode(None))
    return made.getvalue()


class Live(BytesIO):
    """What is written as it arrives, as `MediaRecorder` does: there is no way back, so no duration and no cues."""

    def seekable(self) -> bool:
        return False

    seek = tell = None  # type: ignore[assignment]


def recorded(*, seconds: float = 3.0) -> bytes:
    """A browser's recording."""
    made = Live()
    with av.open(BytesIO(wav(seconds, rate_hz=48_000)), format="wav") as source:
        with av.open(made, "w", format="webm", options={"live": "1"}) as target:
            stream = target.add_stream("libopus", rate=48_000)
            stream.layout = "mono"
            for frame in source.decode(audio=0):
                frame.pts = None
                target.mux(stream.encode(frame))
            target.mux(stream.encode(None))
    return made.getvalue()


def upload(person: Person, data: bytes | None = None, name: str = "minuet.flac", **request: Any) -> httpx2.Response:
    return person.post("/files/upload", files={"file": (name, MINUET.read_bytes() if data is None else data)}, **request)


def uploaded(person: Person, data: bytes | None = None, name: str = "minuet.flac") -> dict[str, Any]:
    """Upload, and wait until its tags are read."""
    answer = upload(person, data, name)
    assert answer.status_code == 201, answer.text
    return ready(person, answer.json()[0]["id"])


def ready(person: Person, file_id: str) -> dict[str, Any]:
    """The file, once no job works on it any more."""
    return until(lambda: person.get(f"/files/{file_id}").json(), lambda file: file["status"] == "ready")


def until(look: Any, is_so: Any, *, seconds: float = JOB_SECONDS) -> Any:
    """Look until it is so."""
    deadline = time.monotonic() + seconds
    while not is_so(found := look()):
        assert time.monotonic() < deadline, f"still {found}"
        time.sleep(0.05)
    return found


def local(person: Person, url: str) -> str:
    """An absolute address of this stack as a path: tests reach the gateway under another host name."""
    return "/" + url.split("/", 3)[3]


def as_service(stack: Stack, person: Person, *, caller: str = "sessions", session_id: UUID | None = None) -> httpx2.Client:
    """A client that speaks to media as another service does, for this person."""
    key = _keys(stack.secret(caller, "internal_keys"))["media"]
    token = identity.sign_internal(caller=caller, audience="media", key=key, user_id=person.id, session_id=session_id)
    headers = {"Authorization": f"Bearer {token}"}
    return httpx2.Client(base_url=stack.service_url("media"), headers=headers, timeout=30, trust_env=False, verify=TRUSTED)


def settings(stack: Stack, folder: Path) -> Settings:
    """What media's worker reads of its environment, with `folder` for its data."""
    return Settings(
        _secrets_dir=stack.home / "secrets" / "media-worker",
        service_name="media",
        data_dir=folder,
        run_dir=folder,
        s3_endpoint=f"http://127.0.0.1:{stack.processes()['store']['port']}",
    )


def cached(stack: Stack, file_id: str) -> list[str]:
    """The copies of a file in media's cache."""
    return [each.name for each in (stack.home / "data" / "media" / "cache").iterdir() if each.name.startswith(file_id)]


def spool(stack: Stack) -> list[str]:
    """What lies in media's spool."""
    return [each.name for each in (stack.home / "data" / "media" / "spool").iterdir()]


def objects(stack: Stack, person: Person) -> Sequence[Path]:
    """Everything that the object store holds for a person."""
    found = [Path(folder) / name for folder, _, names in os.walk(stack.home / "store") for name in names]
    return [each for each in found if str(person.id) in str(each)]
