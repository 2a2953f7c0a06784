"""What a file is and says of itself; runs in a child of the nursery, and nowhere else.

It opens only the path it was given. libav gets a file object: it has no name to open, so no protocol and no second file can be
reached from within a file.
"""

import mmap
import time
from pathlib import Path
from typing import Any, BinaryIO

import av
import filetype
from av.stream import Disposition

from services.media.processing import painter, remuxer, tags

HEAD_BYTES = 8192  # filetype looks no further
FRAMES = 3  # that must decode before something counts as audio
MAX_PACKETS_REFUSED = 200  # damaged packets that may come before the first good one
MAX_SAMPLE_RATE_HZ = 768_000
MAX_CHANNELS = 64
MAX_SECONDS = 2**31 // 1000 - 1
BELIEVED_SECONDS = 1.0  # that a header and its packets may differ by before the packets are believed
CUES = b"\x1c\x53\xbb\x6b"  # of Matroska: where to find which second

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
MATROSKA = "matroska"


class NotAudio(Exception):
    """The content is not of an allowed kind."""


class Undecodable(Exception):
    """Nothing in it decodes."""


class TimeUp(Exception):
    """The file takes longer than it is worth."""


class Watched:
    """A file that may be read until this process has used so much of the processor: libav asks it for every byte.

    A busy machine takes time from everybody, and says nothing of a file.
    """

    def __init__(self, file: BinaryIO, until: float) -> None:
        self._file, self._until = file, until

    def read(self, size: int = -1) -> bytes:
        """As a file's own. Raises TimeUp."""
        if time.process_time() > self._until:
            raise TimeUp
        return self._file.read(size)

    def seek(self, offset: int, whence: int = 0) -> int:
        """As a file's own."""
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        """As a file's own."""
        return self._file.tell()


def probe(*, path: str, seconds: float) -> dict[str, Any]:
    """Whether it is audio that plays, decided quickly: what takes longer than `seconds` is not decided yet.

    What was found, or `{"refused": "not_audio" | "undecodable", "why": ...}`.
    """
    kind: dict[str, Any] = {}
    try:
        with Path(path).open("rb") as file:
            mime_type, extension, demuxer = _kind(file.read(HEAD_BYTES))
            kind = {"mime_type": mime_type, "extension": extension, "seconds": None}
            until = time.process_time() + seconds
            kind |= _decoded(file, demuxer, until)
            if kind["seconds"] is None:
                kind["seconds"] = _read_through(file, demuxer, until)["seconds"]
    except TimeUp:
        return kind
    except Exception as reason:
        return _refusal(reason)
    return kind


def look(*, path: str, folder: str, seconds: float) -> dict[str, Any]:
    """The same, of the whole file; with its tags, its cover in `folder` (`painter.paint`), and a twin that seeks where the
    file does not (`remuxer.remux`, as `twin` in `folder`).
    """
    try:
        with Path(path).open("rb") as file:
            mime_type, extension, demuxer = _kind(file.read(HEAD_BYTES))
            until = time.process_time() + seconds
            found = _decoded(file, demuxer, until)
            read = _read_through(file, demuxer, until)
            twin = None
            if demuxer == MATROSKA and (found["seconds"] is None or not _has_cues(file)):
                file.seek(0)
                twin = remuxer.remux(Watched(file, until), Path(folder) / "twin")
    except TimeUp:
        return {"refused": "undecodable", "why": "it takes too long to read"}
    except Exception as reason:
        return _refusal(reason)
    claimed = found["seconds"]
    if claimed is None or (read["seconds"] is not None and abs(claimed - read["seconds"]) > BELIEVED_SECONDS):
        found["seconds"] = read["seconds"]
    said, cover = tags.read(path)
    painted = painter.covers(cover, Path(folder)) if cover else False
    bits = said.pop("bit_depth", None) if mime_type in tags.LOSSLESS else None
    facts = {"bit_rate_kbps": _bit_rate(read["bytes"], found["seconds"]), "bit_depth": bits, "twin": twin, "cover": painted}
    return {"mime_type": mime_type, "extension": extension, "tags": said} | found | facts


def _refusal(reason: Exception) -> dict[str, Any]:
    if isinstance(reason, NotAudio):
        return {"refused": "not_audio", "why": str(reason)}
    if isinstance(reason, (Undecodable, av.FFmpegError, ValueError, IndexError, OverflowError, MemoryError)):
        return {"refused": "undecodable", "why": f"{type(reason).__name__}: {reason}"[:200]}
    raise reason


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


def _decoded(file: BinaryIO, demuxer: str, until: float) -> dict[str, Any]:
    """Codec, rate, channels and the duration that its header names, once a few frames have really been decoded."""
    file.seek(0)
    with av.open(Watched(file, until), format=demuxer) as container:
        stream = audio_of(container)
        facts = {"codec": stream.codec_context.codec.canonical_name, "seconds": _claimed_seconds(container, stream)}
        facts |= _decode_some(container, stream, until)
    if not (0 < facts["sample_rate_hz"] <= MAX_SAMPLE_RATE_HZ and 0 < facts["channels"] <= MAX_CHANNELS):
        raise Undecodable("no sound has such a rate or so many channels")
    return facts


def audio_of(container: Any) -> Any:
    """Its one audio stream; a cover is no moving picture. Raises NotAudio."""
    moving = [each for each in container.streams.video if not each.disposition & Disposition.attached_pic]
    if moving:
        raise NotAudio("it holds video")
    if not container.streams.audio:
        raise NotAudio("it holds no audio")
    stream = container.streams.audio[0]
    stream.thread_count = 1
    return stream


def _decode_some(container: Any, stream: Any, until: float) -> dict[str, Any]:
    frames = refused = 0
    facts: dict[str, Any] = {}
    for packet in container.demux(stream):
        if time.process_time() > until:
            raise TimeUp
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


def _claimed_seconds(container: Any, stream: Any) -> float | None:
    if container.duration is not None and container.duration > 0:
        return _bounded(container.duration / av.time_base)
    if stream.duration is not None and stream.duration > 0:
        return _bounded(float(stream.duration * stream.time_base))
    return None


def _read_through(file: BinaryIO, demuxer: str, until: float) -> dict[str, Any]:
    """How long its packets last and how many bytes they are; a recording of a browser names no duration."""
    file.seek(0)
    first, end, size = None, 0.0, 0
    container: Any
    try:
        with av.open(Watched(file, until), format=demuxer) as container:
            for packet in remuxer.onward(container.demux(audio_of(container))):
                size += packet.size
                if packet.pts is not None:
                    first = packet.pts if first is None else first
                    end = max(end, float((packet.pts - first + (packet.duration or 0)) * packet.time_base))
                if time.process_time() > until:
                    raise TimeUp
    except av.FFmpegError:
        pass  # truncated: it plays as far as it goes
    return {"seconds": _bounded(end) if end else None, "bytes": size}


def _has_cues(file: BinaryIO) -> bool:
    with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        return content.find(CUES) >= 0


def _bit_rate(size_bytes: int, seconds: float | None) -> int | None:
    return min(round(size_bytes * 8 / 1000 / seconds), 2**31 - 1) if seconds else None


def _bounded(seconds: float) -> float | None:
    return seconds if 0 <= seconds < MAX_SECONDS else None
