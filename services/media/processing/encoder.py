"""A file in another format; runs in a child of the nursery, and nowhere else.

What it writes goes to a file, or to a pipe as it is made: opus in ogg, aac in ADTS and mp3 need no way back in what is written.
"""

import os
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from av.audio.resampler import AudioResampler

from services.media.processing.inspector import Undecodable, audio_of

# What is asked for -> the encoder, its container, the one sample format it takes and the rates it knows.
FORMATS: dict[str, tuple[str, str, str, tuple[int, ...]]] = {
    "opus": ("libopus", "ogg", "s16", (48_000,)),
    "aac": ("aac", "adts", "fltp", (44_100, 48_000, 32_000, 22_050)),
    "mp3": ("libmp3lame", "mp3", "s16p", (44_100, 48_000, 32_000, 22_050)),
}
MAX_DAMAGED = 1000  # packets


class Pipe:
    """A pipe as a file that is only ever written."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def write(self, data: bytes) -> int:
        """All of it."""
        left = memoryview(data)
        while left:
            left = left[os.write(self._descriptor, left) :]
        return len(data)


def encode(
    *, path: str, demuxer: str, format: str, bit_rate_kbps: int, start_seconds: float, target: str = "", pipe: int = -1
) -> dict[str, Any]:
    """Encode from `start_seconds` on, to the file `target` or the descriptor `pipe`; how many seconds it became."""
    encoder, container, sample_format, rates = FORMATS[format]
    with Path(path).open("rb") as source, av.open(source, format=demuxer) as read:
        stream = audio_of(read)
        rate = stream.rate if stream.rate in rates else rates[0]
        layout = "mono" if stream.codec_context.layout.nb_channels == 1 else "stereo"
        options = {"id3v2_version": "0", "write_xing": "0"} if pipe >= 0 and format == "mp3" else {}
        with av.open(_target(target, pipe), "w", format=container, options=options) as written:
            made: Any = written.add_stream(encoder, rate=rate)
            made.bit_rate, made.layout, made.format = bit_rate_kbps * 1000, layout, sample_format
            made.thread_count = 1
            samples = _encode(read, stream, written, made, start_seconds, AudioResampler(sample_format, layout, rate))
    return {"seconds": samples / rate}


def _target(target: str, pipe: int) -> Any:
    return Pipe(pipe) if pipe >= 0 else target


def _encode(read: Any, stream: Any, written: Any, made: Any, start_seconds: float, resampler: AudioResampler) -> int:
    samples = 0
    for frame in _frames(read, stream, start_seconds):
        for piece in resampler.resample(frame):
            samples = _put(written, made, piece, samples)
    for piece in resampler.resample(None):
        samples = _put(written, made, piece, samples)
    if not samples:
        raise Undecodable("nothing of it decodes from there on")
    written.mux(made.encode(None))
    return samples


def _put(written: Any, made: Any, piece: Any, samples: int) -> int:
    piece.pts, piece.time_base = samples, Fraction(1, piece.sample_rate)
    written.mux(made.encode(piece))
    return samples + int(piece.samples)


def _frames(read: Any, stream: Any, start_seconds: float) -> Any:
    """The sound from a second on, exact to a frame; damaged packets are left out."""
    start = (stream.start_time or 0) * float(stream.time_base)
    if start_seconds > 0:
        with suppress(av.FFmpegError):  # what cannot seek is read from its beginning
            read.seek(int((start + start_seconds) / stream.time_base), stream=stream)
    damaged, packets = 0, read.demux(stream)
    while damaged < MAX_DAMAGED:
        try:
            for frame in next(packets).decode():
                length = frame.samples / frame.sample_rate
                if frame.pts is None or frame.pts * float(frame.time_base) + length - start > start_seconds:
                    frame.pts = None
                    yield frame
        except StopIteration:
            return
        except av.FFmpegError:
            damaged += 1
