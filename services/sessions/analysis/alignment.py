"""Which heard note stands for which expected one: dynamic time warping between two lists of notes.

The cheapest way through both lists, where a step costs what a musician would mind: a wrong pitch, a note left out, a note too
many, a distance in time that is not the one written. Two moves make it robust: leaving out a run of notes (a skipped bar) and
playing a run that is not there (a bar started again) cost little more than one mistake, and the clock starts anew after them.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]

RIGHT = -1.0  # a gain: without it, giving up would be cheaper than a few mistakes
WRONG = 0.5  # another pitch in its place: less than leaving one out and adding another
OUT_OF_TUNE = 0.1  # per semitone, of a right note
PER_SEMITONE = 0.01  # between two wrong notes, the nearer one
LEFT_OUT = 0.8
TOO_MANY = 0.8
CRUMB = 0.05  # what a heard note costs that may be none of its own
OUT_OF_TIME, HALF_A_BEAT = 0.6, 0.5  # so far from where the distance to the note before puts it
FAR_OUT_OF_TIME, TWO_BEATS = 0.9, 2.0  # and this besides
UNSURE_OF_TIME = 0.3  # of those, while the tempo is only asked for, not yet measured
RUN, RUN_NOTE = 2.0, 0.05  # to leave out, or to add, a run of notes, and each note of it
INSIDE_A_BAR = 0.4  # more, at either end of a run that is left out, where that is no bar line
LEAD_NOTE = 0.2  # for each note played before the piece begins
TAIL_NOTE = 0.02  # for each note at the end that was never reached
FAR_SEMITONES = 12.0
REACH = 3  # notes that one step may leave out or add, less one
LARGEST = 16_000_000  # pairs that are looked at; beyond them, only those near the diagonal
UNREACHED = np.float32(1e9)

BEGIN, AFTER_SKIP, AFTER_EXTRA = 9, 10, 11  # ways into a pair besides the REACH * REACH steps
SKIP_GOES_ON, EXTRA_GOES_ON = 16, 32


@dataclass(frozen=True, slots=True)
class Wanted:
    """The notes of the score as the alignment sees them."""

    midi: Doubles
    onsets: Doubles  # in beats
    durations: Doubles
    bar_starts: NDArray[np.bool_]  # whether a note is the first of its measure


@dataclass(frozen=True, slots=True)
class Played:
    """The notes heard as the alignment sees them."""

    midi: Doubles  # in tune
    onsets: Doubles  # in seconds
    crumbs: NDArray[np.bool_]  # whether a note may be none of its own


def align(wanted: Wanted, heard: Played, *, seconds_per_beat: float, sure_of_tempo: bool) -> NDArray[np.int64]:
    """For each wanted note, the index of the heard one that stands for it, or -1: int64 (wanted), ascending where not -1."""
    if not wanted.midi.size or not heard.midi.size:
        return np.full(wanted.midi.size, -1)
    return _Table(wanted, heard, seconds_per_beat, 1.0 if sure_of_tempo else UNSURE_OF_TIME).solved()


class _Table:
    """The costs of all pairs, row by row, one row per wanted note; only the ways in are kept of rows that are done."""

    def __init__(self, wanted: Wanted, heard: Played, seconds_per_beat: float, time_weight: float) -> None:
        self.wanted, self.heard = wanted, heard
        self.beat = seconds_per_beat
        self.time_weight = time_weight
        self.rows, self.columns = wanted.midi.size, heard.midi.size
        self.width = min(self.columns, max(LARGEST // self.rows, 2))
        centres = np.arange(self.rows) * (self.columns / self.rows)
        self.lows = np.clip(centres - self.width / 2, 0, self.columns - self.width).astype(np.int64)
        self.ways = np.zeros((self.rows, self.width), np.uint8)
        added = np.where(heard.crumbs, CRUMB, TOO_MANY)
        self.added = np.concatenate([[0.0], np.cumsum(added)]).astype(np.float32)
        self.lead = np.concatenate([[0.0], np.cumsum(np.minimum(added, LEAD_NOTE))[:-1]]).astype(np.float32)

    def solved(self) -> NDArray[np.int64]:
        rows = [self._unreached()] * REACH
        skipping, adding = self._unreached(), self._unreached()
        best, end = np.inf, (0, 0)
        for i in range(self.rows):
            row = self._row(i, rows, skipping, adding)
            skipping = self._skipping(i, row, skipping)
            adding = self._adding(i, row)
            total = row + np.minimum(RUN, (self.rows - 1 - i) * LEFT_OUT) + (self.rows - 1 - i) * TAIL_NOTE
            total += np.minimum(self.added[-1] - self.added[1:], RUN + RUN_NOTE * np.arange(self.columns - 1, -1, -1))
            if total.min() < best:
                best, end = float(total.min()), (i, int(total.argmin()))
            rows = [row, *rows[:-1]]
        return self._traced(*end)

    def _unreached(self) -> NDArray[np.float32]:
        return np.full(self.columns, UNREACHED, np.float32)

    def _row(
        self, i: int, before: list[NDArray[np.float32]], skipping: NDArray[np.float32], adding: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """The cheapest ways to have wanted note `i` stand for each heard note."""
        low, high = int(self.lows[i]), int(self.lows[i]) + self.width
        cost = (self.lead[low:high] + min(i * LEFT_OUT, RUN + RUN_NOTE * i)).astype(np.float32)
        way = np.full(high - low, BEGIN, np.uint8)
        for left_out in range(min(REACH, i)):
            for too_many in range(REACH):
                first = max(low, too_many + 1)
                if first < high:
                    found = self._step(i, before[left_out], left_out, too_many, first, high)
                    _keep_cheaper(cost[first - low :], way[first - low :], found, left_out * REACH + too_many)
        first = max(low, 1)
        after_skip = skipping[first - 1 : high - 1] + np.float32(0.0 if self.wanted.bar_starts[i] else INSIDE_A_BAR)
        _keep_cheaper(cost[first - low :], way[first - low :], after_skip, AFTER_SKIP)
        _keep_cheaper(cost[first - low :], way[first - low :], adding[first - 1 : high - 1], AFTER_EXTRA)
        away = np.abs(self.heard.midi[low:high] - self.wanted.midi[i])
        cost += np.where(
            away <= 0.5, RIGHT + OUT_OF_TUNE * away, WRONG + PER_SEMITONE * np.minimum(away, FAR_SEMITONES)
        ).astype(np.float32)
        self.ways[i] = way
        row = self._unreached()
        row[low:high] = cost
        return row

    def _step(
        self, i: int, before: NDArray[np.float32], left_out: int, too_many: int, first: int, high: int
    ) -> NDArray[np.float32]:
        """From the pair that is `left_out` + 1 rows up and `too_many` + 1 columns back."""
        earlier = slice(first - too_many - 1, high - too_many - 1)
        passed = self.heard.onsets[first:high] - self.heard.onsets[earlier]
        written = (self.wanted.onsets[i] - self.wanted.onsets[i - left_out - 1]) * self.beat
        off = np.abs(passed - written) / self.beat
        late = OUT_OF_TIME * np.minimum(off / HALF_A_BEAT, 1.0) + FAR_OUT_OF_TIME * np.minimum(off / TWO_BEATS, 1.0)
        added = self.added[first:high] - self.added[first - too_many : high - too_many]
        return np.asarray(before[earlier] + self.time_weight * late + added + left_out * LEFT_OUT, np.float32)

    def _skipping(self, i: int, row: NDArray[np.float32], skipping: NDArray[np.float32]) -> NDArray[np.float32]:
        """The cheapest ways to be leaving out a run that begins after `i`, or goes on through it."""
        low, high = int(self.lows[i]), int(self.lows[i]) + self.width
        at_bar = i + 1 < self.rows and self.wanted.bar_starts[i + 1]
        begun = row[low:high] + np.float32(RUN if at_bar else RUN + INSIDE_A_BAR)
        going = skipping[low:high] + np.float32(RUN_NOTE)
        return self._kept(i, np.minimum(begun, going), going < begun, SKIP_GOES_ON)

    def _adding(self, i: int, row: NDArray[np.float32]) -> NDArray[np.float32]:
        """The cheapest ways to be playing a run that is not there after `i`, up to each heard note."""
        low, high = int(self.lows[i]), int(self.lows[i]) + self.width
        slope = np.arange(high - low, dtype=np.float32) * np.float32(RUN_NOTE)
        level = row[low:high] - slope
        least = np.minimum.accumulate(level)
        goes_on = np.concatenate([[False], least[:-1] < level[1:]])
        return self._kept(i, least + slope + np.float32(RUN), goes_on, EXTRA_GOES_ON)

    def _kept(self, i: int, costs: NDArray[np.float32], goes_on: NDArray[np.bool_], flag: int) -> NDArray[np.float32]:
        self.ways[i] |= np.where(goes_on, flag, 0).astype(np.uint8)
        out = self._unreached()
        out[self.lows[i] : self.lows[i] + self.width] = costs
        return out

    def _traced(self, i: int, j: int) -> NDArray[np.int64]:
        """The pairs of the cheapest way that ends at `i`, `j`."""
        out = np.full(self.rows, -1)
        while True:
            out[i] = j
            way = self._way(i, j) & 15
            if way == BEGIN:
                return out
            if way == AFTER_SKIP:
                i, j = i - 1, j - 1
                while self._way(i, j) & SKIP_GOES_ON:
                    i -= 1
            elif way == AFTER_EXTRA:
                i, j = i - 1, j - 1
                while self._way(i, j) & EXTRA_GOES_ON:
                    j -= 1
            else:
                i, j = i - 1 - way // REACH, j - 1 - way % REACH

    def _way(self, i: int, j: int) -> int:
        return int(self.ways[i, j - int(self.lows[i])])


def _keep_cheaper(cost: NDArray[np.float32], way: NDArray[np.uint8], found: NDArray[np.float32], name: int) -> None:
    """Put what was found cheaper in its place."""
    cheaper = found < cost
    np.copyto(cost, found, where=cheaper)
    way[cheaper] = name
