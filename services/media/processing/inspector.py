"""The child process in which users' files meet parsers: `python -m ...inspector probe|tags PATH [COVER]`.

It confines itself before any parser is loaded, opens only the path it was given, and prints one JSON object. It never sees a
secret: its parent starts it with an empty environment.
"""

import json
import sys

from services.media.processing import confinement

if __name__ == "__main__":  # before the parsers are loaded
    confinement.confine()

from io import BytesIO
from pathlib import Path
from typing import Any

import av
import filetype
from av.stream import Disposition
from PIL import Image, ImageOps
from tinytag import TinyTag, TinyTagException

HEAD_BYTES = 8192  # filetype looks no further
FRAMES = 3  # that must decode before something counts as audio
MAX_PACKETS_REFUSED = 200  # damaged packets that may come before the first good one
MAX_SAMPLE_RATE_HZ = 768_000
MAX_CHANNELS = 64
COVER_PIXELS = 1000  # the longer side, at most
MAX_PIXELS = 25_000_000  # of a picture, from its header
MAX_COVER_BYTES = 10 * 1024 * 1024
COVER_QUALITY = 85
PICTURES = ("JPEG", "PNG", "WEBP")
MAX_SECONDS = 2**31 - 1

# What the content says it is -> how it is served, its extension, and the one demuxer that may read it.
KINDS = {
    "audio/mpeg": ("audio/mpeg", "mp3", "mp3"),
    "audio/x-wav": ("audio/wav", "wav", "wav"),
    "audio/wav": ("audio/wav", "wav", "wav"),
    "audio/x-flac": ("audio/flac", "flac", "flac"),
    "audio/flac": ("audio/flac", "flac", "flac"),
    "audio/x-aiff": ("audio/aiff", "aiff", "aiff"),
    "audio/aiff": ("audio/aiff", "aiff", "aiff"),
    "audio/mp4": ("audio/mp4", "m4a", "mp4"),
    "audio/m4a": ("audio/mp4", "m4a", "mp4"),
    "video/x-m4v": ("audio/mp4", "m4a", "mp4"),
    "video/mp4": ("audio/mp4", "m4a", "mp4"),
    "video/quicktime": ("audio/mp4", "m4a", "mp4"),
    "audio/aac": ("audio/aac", "aac", "aac"),
    "audio/ogg": ("audio/ogg", "ogg", "ogg"),
    "video/webm": ("audio/webm", "webm", "matroska"),
    "video/x-matroska": ("audio/webm", "webm", "matroska"),
}


class NotAudio(Exception):
    """The content is not of an allowed kind."""


class Undecodable(Exception):
    """Nothing in it decodes."""


def main(command: str, path: str, cover: str = "") -> dict[str, Any]:
    """What was found, or `{"refused": "not_audio" | "undecodable", "why": ...}`."""
    try:
        found = probe(path)
    except NotAudio as reason:
        return {"refused": "not_audio", "why": str(reason)}
    except (Undecodable, av.FFmpegError, ValueError, IndexError, OverflowError) as reason:
        return {"refused": "undecodable", "why": f"{type(reason).__name__}: {reason}"[:200]}
    return found | tags(path, cover) if command == "tags" else found


def probe(path: str) -> dict[str, Any]:
    """Type, extension and duration, once a few frames have really been decoded. Raises NotAudio, Undecodable."""
    with Path(path).open("rb") as file:
        mime_type, extension, demuxer = _kind(file.read(HEAD_BYTES))
        file.seek(0)
        # A file object: libav has no name to open, so no protocol and no second file can be reached from within it.
        with av.open(file, format=demuxer) as container:
            stream = _audio(container)
            decoded = _decode_some(container, stream)
            seconds = _seconds(container, stream)
        if seconds is None:
            file.seek(0)
            with av.open(file, format=demuxer) as container:
                seconds = _counted_seconds(container)
    if not (0 < decoded["sample_rate_hz"] <= MAX_SAMPLE_RATE_HZ and 0 < decoded["channels"] <= MAX_CHANNELS):
        raise Undecodable("no sound has such a rate or so many channels")
    return {"mime_type": mime_type, "extension": extension, "seconds": seconds, **decoded}


def tags(path: str, cover: str) -> dict[str, Any]:
    """Title, artist and album where the file names them; its front cover, re-encoded, is written to `cover`."""
    try:
        found = TinyTag.get(path, image=True)
    except (TinyTagException, ValueError, KeyError, IndexError, OverflowError, OSError, MemoryError):
        return {}  # it plays, so it is kept; it just says nothing of itself
    image = found.images.any
    has_cover = bool(cover and image and image.data and _write_cover(image.data, cover))
    return {"title": _text(found.title), "artist": _text(found.artist), "album": _text(found.album), "cover": has_cover}


def _kind(head: bytes) -> tuple[str, str, str]:
    guessed = filetype.guess(head)
    if guessed is not None and guessed.mime in KINDS:
        return KINDS[guessed.mime]
    if head[:1] == b"\xff" and len(head) > 1 and head[1] & 0xF6 == 0xF0:  # ADTS, before the looser sync of mp3
        return KINDS["audio/aac"]
    if head[:1] == b"\xff" and len(head) > 1 and head[1] & 0xE0 == 0xE0 and head[1] & 0x06 == 0x02:  # MPEG audio layer III
        return KINDS["audio/mpeg"]
    if head[4:8] == b"ftyp":
        return KINDS["audio/mp4"]
    raise NotAudio(guessed.mime if guessed else "unknown content")


def _audio(container: Any) -> Any:
    moving = [each for each in container.streams.video if not each.disposition & Disposition.attached_pic]
    if moving:
        raise NotAudio("it holds video")
    if not container.streams.audio:
        raise NotAudio("it holds no audio")
    stream = container.streams.audio[0]
    stream.thread_count = 1
    return stream


def _decode_some(container: Any, stream: Any) -> dict[str, Any]:
    frames = refused = 0
    facts: dict[str, Any] = {}
    for packet in container.demux(stream):
        try:
            for frame in packet.decode():
                frames += 1
                facts = {"sample_rate_hz": frame.sample_rate, "channels": frame.layout.nb_channels}
        except av.FFmpegError:
            refused += 1
        if frames >= FRAMES:
            return facts
        if refused > MAX_PACKETS_REFUSED:
            break
    if not frames:
        raise Undecodable("no frame decodes")
    return facts


def _seconds(container: Any, stream: Any) -> float | None:
    if container.duration is not None and container.duration > 0:
        return _bounded(container.duration / av.time_base)
    if stream.duration is not None and stream.duration > 0:
        return _bounded(float(stream.duration * stream.time_base))
    return None


def _counted_seconds(container: Any) -> float | None:
    """A recording of a browser names no duration: the end of its last packet tells."""
    end = 0.0
    try:
        for packet in container.demux(container.streams.audio[0]):
            if packet.pts is not None:
                end = max(end, float((packet.pts + (packet.duration or 0)) * packet.time_base))
    except av.FFmpegError:
        pass  # truncated: it plays as far as it goes
    return _bounded(end) if end else None


def _bounded(seconds: float) -> float | None:
    return seconds if 0 <= seconds < MAX_SECONDS else None


def _write_cover(data: bytes, path: str) -> bool:
    if len(data) > MAX_COVER_BYTES:
        return False
    try:
        with Image.open(BytesIO(data), formats=PICTURES) as picture:
            if picture.width * picture.height > MAX_PIXELS:
                return False
            picture.draft("RGB", (COVER_PIXELS, COVER_PIXELS))
            upright = ImageOps.exif_transpose(picture).convert("RGB")
            upright.thumbnail((COVER_PIXELS, COVER_PIXELS))
            clean = Image.new("RGB", upright.size)  # a new picture, so that no EXIF block comes along
            clean.paste(upright)
            clean.save(path, "JPEG", quality=COVER_QUALITY, optimize=True)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError, EOFError, MemoryError):
        return False
    return True


def _text(value: str | None) -> str | None:
    kept = "".join(character for character in value or "" if character.isprintable()).strip()
    return kept[:255] or None


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(*sys.argv[1:])))
