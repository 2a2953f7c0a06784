"""How loud a file is and what its sound looks like; runs in a child of the nursery, and nowhere else."""

import math
import time
from array import array
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from av.filter import Graph

from services.media.processing.inspector import Watched, audio_of

BUCKETS = 1000  # of a waveform, about
FULL_SCALE = 127  # int8
SILENT_LUFS = -70.0  # what EBU R128 says where nothing passes its gate
MAX_DAMAGED = 1000  # packets
UNKNOWN_SECONDS = 600.0  # that a file is taken for whose length nobody knows
LEAST, GREATEST = "lavfi.astats.Overall.Min_level", "lavfi.astats.Overall.Max_level"


def measure(*, path: str, demuxer: str, seconds: float | None, at_most_seconds: float) -> dict[str, Any]:
    """Loudness by EBU R128 (integrated LUFS, range LU, true peak dBTP), and peaks: int8 (buckets, 2) as hexadecimal.

    `seconds` is how long the file is, as far as anybody knows. Loudness is None where all is silent or too short to tell.
    """
    with Path(path).open("rb") as file:
        meter = Meter(seconds)
        with av.open(Watched(file, time.process_time() + at_most_seconds), format=demuxer) as container:
            for frame in _frames(container):
                meter.take(frame)
        meter.end()
    return meter.found()


class Meter:
    """Two filters of libav on one sound, `ebur128` and `astats`, which tell what they find in the metadata of frames."""

    def __init__(self, seconds: float | None) -> None:
        self._seconds = seconds
        self._filters: _Filters | None = None
        self._form: tuple[int, str, str] | None = None
        self._loud: dict[str, str] = {}
        self._peaks: list[tuple[float, float]] = []

    def take(self, frame: Any) -> None:
        """The next piece of the sound."""
        form = (frame.sample_rate, frame.layout.name, frame.format.name)
        if self._filters is None or form != self._form:  # a chain of streams: the loudness of its last one counts
            self.end()
            self._form, self._filters = form, _Filters(frame, self._seconds)
        self._listen(frame)

    def end(self) -> None:
        """There is no more of it."""
        if self._filters is not None:
            self._listen(None)
            self._filters = None

    def found(self) -> dict[str, Any]:
        """What was measured."""
        integrated, peak = _number(self._loud.get("I")), _number(self._loud.get("true_peak"))
        heard = integrated is not None and integrated > SILENT_LUFS
        return {
            "loudness_lufs": integrated if heard else None,
            "loudness_range_lu": _number(self._loud.get("LRA")) if heard else None,
            "true_peak_dbtp": round(20 * math.log10(peak), 2) if peak else None,
            "peaks": drawn(self._peaks).hex(),
        }

    def _listen(self, frame: Any) -> None:
        assert self._filters is not None
        self._filters.source.push(frame)
        for said in _all(self._filters.loudness):
            self._loud |= {key.removeprefix("lavfi.r128."): value for key, value in said.items()}  # the last, short one is mute
        for said in _all(self._filters.peaks):
            self._peaks.append((float(said[LEAST]), float(said[GREATEST])))


class _Filters:
    """source -> split -> ebur128 -> loudness, and -> pieces as long as a bucket -> astats -> peaks."""

    def __init__(self, frame: Any, seconds: float | None) -> None:
        graph = Graph()
        graph.threads = 1
        piece = max(1, math.ceil((seconds or UNKNOWN_SECONDS) * frame.sample_rate / BUCKETS))
        form = {"sample_rate": frame.sample_rate, "format": frame.format.name, "layout": frame.layout.name}
        self.source = graph.add_abuffer(**form, time_base=Fraction(1, frame.sample_rate))
        self.loudness, self.peaks = graph.add("abuffersink"), graph.add("abuffersink")
        split, floats = graph.add("asplit"), graph.add("aformat", "sample_fmts=fltp")
        pieces, loudness = graph.add("asetnsamples", f"n={piece}:p=0"), graph.add("ebur128", "peak=true:metadata=1")
        peaks = graph.add("astats", "metadata=1:reset=1:measure_perchannel=none:measure_overall=Min_level+Max_level")
        self.source.link_to(split)
        split.link_to(loudness, 0, 0)
        loudness.link_to(self.loudness)
        split.link_to(floats, 1, 0)
        for one, next_one in ((floats, pieces), (pieces, peaks), (peaks, self.peaks)):
            one.link_to(next_one)
        graph.configure()
        self._graph = graph  # which the others are part of


def drawn(peaks: list[tuple[float, float]]) -> bytes:
    """At most BUCKETS pairs of int8, least and greatest of each bucket in 1/127 of full scale.

    >>> drawn([(-1.0, 0.5), (0.0, 2.0)]).hex()
    '813f007f'
    """
    together = math.ceil(len(peaks) / BUCKETS) or 1
    pairs = array("b")
    for at in range(0, len(peaks), together):
        some = peaks[at : at + together]
        pairs.extend((_level(min(least for least, _ in some)), _level(max(greatest for _, greatest in some))))
    return pairs.tobytes()


def _level(value: float) -> int:
    return max(-FULL_SCALE, min(FULL_SCALE, int(value * FULL_SCALE))) if math.isfinite(value) else 0


def _frames(container: Any) -> Iterator[Any]:
    """Its sound, from zero on; damaged packets are left out."""
    at = damaged = 0
    packets = container.demux(audio_of(container))
    while damaged < MAX_DAMAGED:
        try:
            packet = next(packets)
            for frame in packet.decode():
                frame.pts, frame.time_base = at, Fraction(1, frame.sample_rate)
                at += frame.samples
                yield frame
        except StopIteration:
            return
        except av.FFmpegError:
            damaged += 1


def _all(sink: Any) -> Iterator[dict[str, str]]:
    """The metadata of every frame that has come through."""
    while True:
        try:
            yield sink.pull().metadata
        except (av.BlockingIOError, av.EOFError):
            return


def _number(said: str | None) -> float | None:
    found = float(said) if said is not None else math.nan
    return found if math.isfinite(found) else None
