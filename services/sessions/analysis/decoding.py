"""A recording as samples. Runs in a child of the nursery, and nowhere else.

libav is told which demuxer may read the file, by how it begins, and is handed a file object: it has no name to open, so no
protocol and no second file can be reached from within a file.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.audio.resampler import AudioResampler
from numpy.typing import NDArray

RATE_HZ = 16_000  # what the ear hears at
MAX_SECONDS = 30 * 60  # more of it is not listened to
MAX_DAMAGED = 1_000  # packets
HEAD_BYTES = 12
BEGINS: tuple[tuple[int, bytes, str], ...] = (  # where, with what, and which demuxer
    (0, b"\x1aE\xdf\xa3", "matroska"),
    (0, b"OggS", "ogg"),
    (4, b"ftyp", "mp4"),
    (0, b"fLaC", "flac"),
    (8, b"WAVE", "wav"),
    (8, b"AIF", "aiff"),
    (0, b"ID3", "mp3"),
)


class NotHeard(Exception):
    """There is no sound in this file that decodes. Why is said in words."""


@dataclass(frozen=True, slots=True)
class Sound:
    """One channel at RATE_HZ: float32 in [-1, 1]. `is_cut` where the recording is longer than MAX_SECONDS."""

    samples: NDArray[np.float32]
    is_cut: bool

    @property
    def seconds(self) -> float:
        """How long it is."""
        return self.samples.size / RATE_HZ


def decode(path: Path) -> Sound:
    """The first MAX_SECONDS of a recording. Damaged packets are left out. Raises NotHeard."""
    samples = np.empty(MAX_SECONDS * RATE_HZ, np.float32)  # pages that are not written take no memory
    size = 0
    try:
        with path.open("rb") as file:
            demuxer = _demuxer(file.read(HEAD_BYTES))
            file.seek(0)
            with av.open(file, format=demuxer) as container:
                for piece in _pieces(container):
                    taken = piece[: samples.size - size]
                    samples[size : size + taken.size] = taken
                    size += taken.size
                    if taken.size < piece.size:
                        return Sound(samples, is_cut=True)
    except (av.FFmpegError, ValueError, IndexError, OverflowError) as reason:
        raise NotHeard("does not decode") from reason
    if not size:
        raise NotHeard("holds no sound that decodes")
    return Sound(samples[:size], is_cut=False)


def _demuxer(head: bytes) -> str:
    for offset, begin, demuxer in BEGINS:
        if head[offset : offset + len(begin)] == begin:
            return demuxer
    if len(head) > 1 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0:  # the sync word of MPEG; a layer of 0 is ADTS
        return "mp3" if head[1] & 0x06 else "aac"
    raise NotHeard("is no audio")


def _pieces(container: Any) -> Iterator[NDArray[np.float32]]:
    if not container.streams.audio:
        raise NotHeard("has no sound in it")
    stream = container.streams.audio[0]
    stream.codec_context.thread_count = 1
    resampler, form = None, None
    for frame in _frames(container, stream):
        if resampler is None or (frame.sample_rate, frame.layout.name, frame.format.name) != form:  # a chain of streams
            form = (frame.sample_rate, frame.layout.name, frame.format.name)
            resampler = AudioResampler("flt", "mono", RATE_HZ)
        frame.pts = None
        for piece in resampler.resample(frame):
            yield piece.to_ndarray()[0]
    for piece in resampler.resample(None) if resampler else ():
        yield piece.to_ndarray()[0]


def _frames(container: Any, stream: Any) -> Iterator[Any]:
    damaged, packets = 0, container.demux(stream)
    while damaged < MAX_DAMAGED:
        try:
            yield from next(packets).decode()
        except StopIteration:
            return
        except av.FFmpegError:
            damaged += 1
