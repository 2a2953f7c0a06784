"""Compose `minuet.flac`, the file that the README's tour and the tests play: `python -m tests.media.compose`.

A minuet in G: sixteen bars of melody over a bass, plucked by a decaying sum of partials; tagged, with a cover.
"""

import math
import struct
import wave
import zlib
from array import array
from io import BytesIO
from pathlib import Path

import av
from mutagen.flac import FLAC, Picture

FILE = Path(__file__).with_name("minuet.flac")
RATE_HZ = 16_000
BEAT_SECONDS = 0.42
FADE_SECONDS = 0.015  # of each note, against clicks
PARTIALS = ((1, 1.0), (2, 0.45), (3, 0.22), (4, 0.1))
COVER_PIXELS = 300

# A bar is three beats; each note is its MIDI number and its beats. Two halves of eight bars.
MELODY = [
    [(74, 1), (67, 0.5), (69, 0.5), (71, 0.5), (72, 0.5)],
    [(74, 1), (67, 1), (67, 1)],
    [(76, 1), (72, 0.5), (74, 0.5), (76, 0.5), (78, 0.5)],
    [(79, 1), (71, 1), (71, 1)],
    [(72, 1), (74, 0.5), (72, 0.5), (71, 0.5), (69, 0.5)],
    [(71, 1), (72, 0.5), (71, 0.5), (69, 0.5), (67, 0.5)],
    [(66, 1), (67, 0.5), (69, 0.5), (71, 0.5), (67, 0.5)],
    [(69, 3)],
    [(79, 1), (76, 0.5), (78, 0.5), (79, 0.5), (74, 0.5)],
    [(73, 1), (71, 0.5), (73, 0.5), (69, 1)],
    [(71, 0.5), (73, 0.5), (74, 0.5), (76, 0.5), (78, 0.5), (79, 0.5)],
    [(81, 1), (79, 0.5), (78, 0.5), (76, 1)],
    [(78, 1), (74, 1), (72, 1)],
    [(71, 1), (74, 0.5), (72, 0.5), (71, 0.5), (69, 0.5)],
    [(71, 1), (67, 1), (66, 1)],
    [(67, 3)],
]
BASS = [[43, 50], [47, 50], [48, 52], [47, 43], [45, 50], [43, 47], [50, 42], [50, 38]]
BASS += [[52, 47], [45, 49], [50, 42], [45, 37], [50, 42], [43, 50], [50, 38], [43, 31]]


def main() -> None:
    """Write the file beside this module."""
    samples = array("h", (round(30_000 * math.tanh(value)) for value in _music()))
    FILE.write_bytes(_flac(samples))
    tagged = FLAC(FILE)
    tagged.update({"title": "Minuet in G", "artist": "The Tutti Ensemble", "album": "First Rehearsal", "genre": "Classical"})
    tagged.update({"date": "2026", "tracknumber": "1"})
    picture = Picture()
    picture.type, picture.mime, picture.data = 3, "image/png", _cover()
    picture.width = picture.height = COVER_PIXELS
    picture.depth = 24
    tagged.add_picture(picture)
    tagged.save(padding=lambda _: 0)


def _music() -> list[float]:
    bars = len(MELODY)
    mix = [0.0] * round((bars * 3 * BEAT_SECONDS + 0.6) * RATE_HZ)
    for bar, (melody, bass) in enumerate(zip(MELODY, BASS, strict=True)):
        beat = bar * 3.0
        for pitch, beats in melody:
            _pluck(mix, pitch, beat, beats, loudness=0.42)
            beat += beats
        _pluck(mix, bass[0], bar * 3.0, 2, loudness=0.34)
        _pluck(mix, bass[1], bar * 3.0 + 2, 1, loudness=0.26)
    return mix


def _pluck(mix: list[float], pitch: int, at_beat: float, beats: float, *, loudness: float) -> None:
    frequency = 440.0 * 2 ** ((pitch - 69) / 12)
    start, length = round(at_beat * BEAT_SECONDS * RATE_HZ), round(beats * BEAT_SECONDS * RATE_HZ)
    fade = round(FADE_SECONDS * RATE_HZ)
    for index in range(min(length, len(mix) - start)):
        time = index / RATE_HZ
        envelope = min(1.0, index / fade, (length - index) / fade) * math.exp(-2.2 * time)
        tone = sum(share * math.sin(2 * math.pi * frequency * number * time) for number, share in PARTIALS)
        mix[start + index] += loudness * envelope * tone / 1.8


def _flac(samples: array) -> bytes:
    raw, made = BytesIO(), BytesIO()
    with wave.open(raw, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(RATE_HZ)
        out.writeframes(samples.tobytes())
    raw.seek(0)
    with av.open(raw, format="wav") as source, av.open(made, "w", format="flac") as target:
        stream = target.add_stream("flac", rate=RATE_HZ)
        stream.layout = "mono"
        stream.options = {"compression_level": "12"}
        for frame in source.decode(audio=0):
            frame.pts = None
            target.mux(stream.encode(frame))
        target.mux(stream.encode(None))
    return made.getvalue()


def _cover() -> bytes:
    """A PNG: five staff lines and three notes on warm paper."""
    size, paper, ink, accent = COVER_PIXELS, (246, 238, 222), (52, 44, 60), (196, 84, 60)
    notes = ((80, 170, ink), (150, 140, accent), (220, 155, ink))
    rows = []
    for y in range(size):
        row = bytearray([0])
        for x in range(size):
            colour = ink if y in range(110, 191, 20) and 24 < x < size - 24 else paper
            for note_x, note_y, shade in notes:
                if ((x - note_x) / 15) ** 2 + ((y - note_y) / 10) ** 2 <= 1 or (
                    note_x + 12 <= x <= note_x + 15 and note_y - 62 <= y <= note_y
                ):
                    colour = shade
            row += bytes(colour)
        rows.append(bytes(row))
    header = struct.pack(">IIBBBBB", size, size, 8, 2, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(b"".join(rows), 9)), (b"IEND", b""))
    chunks = [struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in parts]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


if __name__ == "__main__":
    main()
