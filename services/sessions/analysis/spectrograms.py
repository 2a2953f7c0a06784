"""Two pictures on the same axes, to be compared by eye: what was played, and what the score wants, drawn under it.

Time goes to the right and pitch upwards, an octave the same height everywhere. Dotted lines are measures. Framed in red is a
wrong note, in orange one that is missing, in blue one that came late or early: in the colours of the marked-up score.
"""

import base64
import io
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from services.sessions.analysis import axes, colours
from services.sessions.analysis.axes import ROWS, Axes, Timeline
from services.sessions.analysis.colours import Colour
from services.sessions.analysis.notes import Expected, Outcome, Verdict

WINDOW_SECONDS = 0.128  # tells a tone from the next at 60 Hz, and two notes 60 ms apart
FRAMES_AT_ONCE = 200
DEPTH_DB = 65.0  # under the loudest: what is fainter is dark
LOUD_PERCENTILE = 99.8  # one click does not darken the rest
SHADES = (96, 48, 24, 12)  # as many as fit
MAX_PNG_BYTES = 220_000  # 293,000 characters of a data URL
PARTIALS = 6
PARTIAL_DB, FADE_DB_PER_SECOND = 9.0, 12.0  # how much fainter each octave of partials is, and how a drawn note fades
COLUMNS_BETWEEN_LINES = 12  # at least: of more measures, every second one has a line, or every third
FRAME_ROWS, FRAME_COLUMNS = 3, 2  # that a mark stands off from its note

Floats = NDArray[np.float32]
Bytes = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Mark:
    """A note to be framed."""

    start_seconds: float
    end_seconds: float
    midi: float
    colour: Colour


def user(samples: Floats, rate_hz: int, reached: Sequence[Verdict], lines: Sequence[float]) -> str:
    """What was played, as a PNG in a data URL. `samples` are float32, one channel, in [-1, 1]; `lines` are in seconds."""
    frame = axes.of(samples.size / rate_hz)
    marks = [
        _around(each.heard.onset_seconds, each.heard.duration_seconds, each.heard.midi, each.outcome)
        for each in reached
        if each.heard is not None and each.outcome in colours.MARKS
    ]
    return _picture(_levels(samples, rate_hz, frame), frame, lines, marks)


def target(
    notes: Sequence[Expected], seconds: float, reached: Sequence[Verdict], lines: Sequence[float], timeline: Timeline
) -> str:
    """What the score wants, on the axes of a recording of so many seconds, as a PNG in a data URL."""
    frame = axes.of(seconds)
    marks = []
    for each in reached:
        if each.outcome in colours.MARKS:
            start, end = timeline.at(each.note.onset_beats), timeline.at(each.note.onset_beats + each.note.duration_beats)
            marks.append(_around(start, end - start, each.note.midi, each.outcome))
    return _picture(_drawn(notes, frame, timeline), frame, lines, marks)


def _around(start: float, length: float, midi: float, outcome: Outcome) -> Mark:
    return Mark(start, start + length, midi, colours.MARKS[outcome])


def _levels(samples: Floats, rate_hz: int, frame: Axes) -> NDArray[np.float32]:
    """The sound's power by row and column: float32 (ROWS, columns), in dB under the loudest, from -DEPTH_DB to 0."""
    size = int(WINDOW_SECONDS * rate_hz)
    taper = np.hanning(size).astype(np.float32)
    bins = np.clip(axes.edges_hz() / rate_hz * 2 * size, 0, size - 0.001)  # of a transform twice as long
    widths = np.maximum(-np.diff(bins), 1.0)
    starts = (frame.centres() * rate_hz).astype(np.int64) - size // 2
    power = np.empty((ROWS, frame.columns), np.float32)
    for begin in range(0, frame.columns, FRAMES_AT_ONCE):
        block = np.stack([_cut(samples, start, size) for start in starts[begin : begin + FRAMES_AT_ONCE]])
        spectrum = np.abs(np.fft.rfft(block * taper, 2 * size)).astype(np.float64) ** 2
        upto = np.concatenate([np.zeros((len(block), 1)), np.cumsum(spectrum, axis=1)], axis=1)
        whole = bins.astype(np.int64)
        below = upto[:, whole] + (upto[:, whole + 1] - upto[:, whole]) * (bins - whole)
        power[:, begin : begin + len(block)] = (np.maximum(-np.diff(below, axis=1), 0) / widths).T
    decibels = 10 * np.log10(np.maximum(power, 1e-9))
    loudest = max(float(np.percentile(decibels, LOUD_PERCENTILE)), -30.0)  # silence stays dark
    return np.clip(decibels - loudest, -DEPTH_DB, 0).astype(np.float32)


def _cut(samples: Floats, start: int, size: int) -> Floats:
    piece = samples[max(start, 0) : max(start + size, 0)]
    if piece.size == size:
        return piece
    whole = np.zeros(size, np.float32)
    offset = max(-start, 0)
    whole[offset : offset + piece.size] = piece
    return whole


def _drawn(notes: Iterable[Expected], frame: Axes, timeline: Timeline) -> NDArray[np.float32]:
    """The notes as tones of a few partials: float32 (ROWS, columns), in dB under the loudest, from -DEPTH_DB to 0."""
    levels = np.full((ROWS, frame.columns), -DEPTH_DB, np.float32)
    rows = np.arange(ROWS, dtype=np.float64) + 0.5
    for note in notes:
        start = timeline.at(note.onset_beats)
        low, high = frame.column(start), frame.column(timeline.at(note.onset_beats + note.duration_beats))
        low, high = max(low, 0), min(max(high - 1, low + 1), frame.columns)
        if low >= high:
            continue
        fades = (frame.centres()[low:high] - start).clip(0) * FADE_DB_PER_SECOND
        shape = _tone(440 * 2 ** ((note.midi - 69) / 12), rows)
        levels[:, low:high] = np.maximum(levels[:, low:high], np.maximum(shape[:, None] - fades, -DEPTH_DB))
    return levels


def _tone(hz: float, rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """One tone on the rows, in dB: as wide as the window makes a tone look."""
    level = np.full(ROWS, -DEPTH_DB)
    for partial in range(1, PARTIALS + 1):
        at = hz * partial
        if axes.LOWEST_HZ <= at <= axes.HIGHEST_HZ:
            half = max(axes.row(at) - axes.row(at + 2 / WINDOW_SECONDS), 1.5)
            level = np.maximum(level, -PARTIAL_DB * math.log2(partial) - DEPTH_DB * ((rows - axes.row(at)) / half) ** 2 / 2)
    return level.clip(-DEPTH_DB)


def _picture(levels: NDArray[np.float32], frame: Axes, lines: Sequence[float], marks: Sequence[Mark]) -> str:
    special = [colours.MEASURE_LINE, colours.OUTLINE, *dict.fromkeys(mark.colour for mark in marks)]
    for shades in SHADES:
        pixels = ((levels / DEPTH_DB + 1) * (shades - 1)).round().astype(np.uint8)
        for at in lines[:: math.ceil(len(lines) * COLUMNS_BETWEEN_LINES / frame.columns) or 1]:
            _line(pixels, frame.column(at), shades)
        for mark in marks:
            _frame(pixels, frame, mark, outline=shades + 1, inner=shades + special.index(mark.colour))
        content = _png(pixels, [*colours.scale(shades), *special])
        if len(content) <= MAX_PNG_BYTES:
            break
    return "data:image/png;base64," + base64.b64encode(content).decode()


def _line(pixels: Bytes, column: int, colour: int) -> None:
    """A dotted line from top to bottom, so that what is under it can still be seen."""
    if 0 <= column < pixels.shape[1]:
        pixels[::3, column] = colour


def _frame(pixels: Bytes, frame: Axes, mark: Mark, *, outline: int, inner: int) -> None:
    """A rectangle around the fundamental of a note, light outside so that it stands out on any ground."""
    middle = round(axes.row(440 * 2 ** ((mark.midi - 69) / 12)))
    left, right = frame.column(mark.start_seconds) - FRAME_COLUMNS, frame.column(mark.end_seconds) + FRAME_COLUMNS
    for off, colour in ((2, outline), (1, inner), (0, inner)):
        _rectangle(pixels, middle - FRAME_ROWS - off, middle + FRAME_ROWS + off, left - off, right + off, colour)


def _rectangle(pixels: Bytes, top: int, bottom: int, left: int, right: int, colour: int) -> None:
    height, width = pixels.shape
    if right < 0 or left >= width or bottom < 0 or top >= height:
        return
    inside_rows, inside_columns = slice(max(top, 0), bottom + 1), slice(max(left, 0), right + 1)
    for row in (top, bottom):
        if 0 <= row < height:
            pixels[row, inside_columns] = colour
    for column in (left, right):
        if 0 <= column < width:
            pixels[inside_rows, column] = colour


def _png(pixels: Bytes, palette: Sequence[Colour]) -> bytes:
    image = Image.fromarray(pixels, "P")
    image.putpalette([value for colour in palette for value in colour])
    out = io.BytesIO()
    image.save(out, "PNG", optimize=True)
    return out.getvalue()
