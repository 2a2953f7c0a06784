"""A browser's recording, put into its container anew: what `MediaRecorder` writes names no duration and finds no second."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av

WEBM = ("opus", "vorbis")
BACK_SECONDS = 1.0  # that time goes back by where a recorder was begun again; less is a muxer's disorder


def remux(source: Any, target: Path) -> dict[str, Any] | None:
    """Write the same packets to `target`, from zero on, with a duration and with cues at its front; nothing is encoded anew.

    Raises what libav raises for a file that it cannot write: the original then stays all there is.
    """
    with av.open(source, format="matroska") as read:
        stream = read.streams.audio[0]
        container = "webm" if stream.codec_context.name.removeprefix("lib") in WEBM else "matroska"
        with av.open(str(target), "w", format=container, options={"cues_to_front": "1"}) as written:
            copied = written.add_stream_from_template(stream)
            _copy(read, stream, written, copied)
    return {"size_bytes": target.stat().st_size}


def _copy(read: Any, stream: Any, written: Any, copied: Any) -> None:
    first = None
    packets = onward(read.demux(stream))
    while True:
        try:
            packet = next(packets)
        except (StopIteration, av.FFmpegError):
            return  # where it is cut short it plays as far as it goes
        if packet.pts is None:
            continue
        first = packet.pts if first is None else first
        packet.pts -= first
        packet.dts = packet.pts
        packet.stream = copied
        written.mux(packet)


def onward(packets: Iterator[Any]) -> Iterator[Any]:
    """Packets in one time that only goes on: a recorder that was begun again has begun at zero again."""
    end = later = 0
    for packet in packets:
        if packet.pts is not None:
            if (end - packet.pts - later) * packet.time_base > BACK_SECONDS:
                later = end - packet.pts
            packet.pts += later
            end = max(end, packet.pts + (packet.duration or 0))
        yield packet
