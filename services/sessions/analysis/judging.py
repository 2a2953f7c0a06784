"""From the sound and the score to a judgement: who asks the ear asks `judge`."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from services.sessions.analysis import alignment, marks, obstacles, pulse, segmenting, sound
from services.sessions.analysis.alignment import Line
from services.sessions.analysis.notes import Expected, Heard, Judgement, Obstacle, Outcome, Verdict
from services.sessions.analysis.segmenting import Hearing
from services.sessions.analysis.sound import Floats

QUARTER_TONE_CENTS = 50.0  # nearer to the note than to its neighbour: the right pitch
FURTHEST_TUNING_CENTS = 60.0  # a whole instrument further out than this plays other notes
AROUND_SEMITONES = 13  # beyond the part's lowest and highest note that a wrong note is looked for
IN_TIME_BEATS = 0.25  # a sixteenth: what is further from the pulse is another rhythm
IN_TIME_SECONDS = (0.08, 0.2)  # at least what attacks differ by, at most what anybody calls late at any tempo
MOST_BPM, LEAST_BPM = 400.0, 10.0


def judge(
    samples: Floats, sample_rate_hz: float, expected: Sequence[Expected], *, tempo_bpm: float, starting_measure: int = 1
) -> Judgement:
    """Judge one player's line against the score.

    `samples` are float32, one channel, in [-1, 1], at any rate from 4 kHz. `tempo_bpm` is in quarter notes per minute; it is a
    first guess, the tempo as played is measured. Raises ValueError where samples, rate or tempo are no such thing.
    """
    if not LEAST_BPM <= tempo_bpm <= MOST_BPM:
        raise ValueError(f"tempo_bpm must be between {LEAST_BPM:g} and {MOST_BPM:g}")
    wanted = [note for note in expected if note.measure >= starting_measure] if starting_measure > 1 else list(expected)
    if not wanted:
        return _unjudged(Obstacle.NO_SCORE, tempo_bpm)
    prepared = sound.prepared(samples, sample_rate_hz)
    obstacle = obstacles.before_listening(prepared)
    if obstacle is not None:
        return _unjudged(obstacle, tempo_bpm)
    pitches = [note.midi for note in wanted]
    hearing = segmenting.listen(
        prepared, lowest_hz=_hz(min(pitches) - AROUND_SEMITONES), highest_hz=_hz(max(pitches) + AROUND_SEMITONES)
    )
    obstacle = obstacles.after_listening(prepared, hearing)
    if obstacle is not None:
        return _unjudged(obstacle, tempo_bpm, sounding_seconds=_sounding_seconds(hearing))
    return _judged(hearing, wanted, tempo_bpm)


def _judged(hearing: Hearing, wanted: Sequence[Expected], tempo_bpm: float) -> Judgement:
    score = Line(
        np.array([note.midi for note in wanted]),
        np.array([note.onset_beats for note in wanted]),
        np.array([note.duration_beats for note in wanted]),
    )
    notes, beat, tuning, found = _followed(hearing, score, 60 / tempo_bpm)
    verdicts = _verdicts(wanted, score, notes, found, beat, tuning)
    extras = tuple(note for place, note in enumerate(notes) if place not in set(found.tolist()))
    return marks.judgement(
        verdicts,
        extras,
        asked_tempo_bpm=tempo_bpm,
        tempo_bpm=60 / beat,
        tuning_cents=tuning,
        sounding_seconds=_sounding_seconds(hearing),
        tolerance_beats=_tolerance(beat) / beat,
    )


def _followed(
    hearing: Hearing, score: Line, asked_beat: float
) -> tuple[tuple[Heard, ...], float, float, NDArray[np.int64]]:
    """The notes heard, the seconds of a beat, the tuning in cents, and which heard note stands for each wanted one.

    First without trust in the tempo, then with the one measured, then once more with the repeated notes that were only faint.
    """
    notes, beat, tuning = hearing.notes, asked_beat, 0.0
    found = np.full(score.midi.size, -1)
    for trusted in (False, True, True):
        heard = _line(notes, tuning)
        found = alignment.align(score, heard, seconds_per_beat=beat, sure_of_tempo=trusted)
        tuning += _tuning(score, heard, found)
        beat = _beat(score, heard, found, beat)
        if trusted:
            notes, more = _with_faint_notes(hearing, notes, score, found, beat)
            if not more:
                break
    heard = _line(notes, tuning)
    found = alignment.align(score, heard, seconds_per_beat=beat, sure_of_tempo=True)
    return notes, beat, tuning, found


def _line(notes: Sequence[Heard], tuning: float) -> Line:
    return Line(
        np.array([note.midi for note in notes]) - tuning / 100,
        np.array([note.onset_seconds for note in notes]),
        np.array([note.duration_seconds for note in notes]),
    )


def _tuning(score: Line, heard: Line, found: NDArray[np.int64]) -> float:
    """How many cents the instrument is out of tune: the median of what was played nearly right."""
    paired = found >= 0
    cents = (heard.midi[found[paired]] - score.midi[paired]) * 100
    near = cents[np.abs(cents) <= FURTHEST_TUNING_CENTS]
    return float(np.median(near)) if near.size else 0.0


def _beat(score: Line, heard: Line, found: NDArray[np.int64], before: float) -> float:
    places = np.flatnonzero(found >= 0)
    if places.size < 2:
        return before
    return pulse.seconds_per_beat(score.onsets[places], heard.onsets[found[places]], _joined(places, found), asked=before)


def _joined(places: NDArray[np.int64], found: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether each of the found notes follows the one before it with nothing left out in the score, and nothing added."""
    joined = np.ones(places.size, bool)
    joined[:1] = False
    joined[1:] &= (np.diff(places) <= alignment.REACH) & (np.diff(found[places]) <= alignment.REACH)
    return joined


def _with_faint_notes(
    hearing: Hearing, notes: tuple[Heard, ...], score: Line, found: NDArray[np.int64], beat: float
) -> tuple[tuple[Heard, ...], bool]:
    """The notes, with those cut in two that cover a missing note and swell faintly just where it was due; whether any were."""
    cuts: dict[int, list[float]] = {}
    for place in np.flatnonzero(found < 0):
        before = place - 1
        while before >= 0 and found[before] < 0 and place - before < alignment.REACH:
            before -= 1
        if before < 0 or found[before] < 0:
            continue
        note = notes[found[before]]
        due = note.onset_seconds + (score.onsets[place] - score.onsets[before]) * beat
        at = segmenting.faint_onset(hearing, due, within=_tolerance(beat))
        if at is not None and note.onset_seconds < at < note.onset_seconds + note.duration_seconds:
            cuts.setdefault(int(found[before]), []).append(at)
    out: list[Heard] = []
    for place, note in enumerate(notes):
        out += segmenting.cut(hearing, note, cuts[place]) if place in cuts else [note]
    return tuple(out), len(out) > len(notes)


def _verdicts(
    wanted: Sequence[Expected], score: Line, notes: Sequence[Heard], found: NDArray[np.int64], beat: float, tuning: float
) -> list[Verdict]:
    places = np.flatnonzero(found >= 0)
    tolerance = _tolerance(beat)
    onsets = np.array([notes[k].onset_seconds for k in found[places]])
    late = pulse.deviations(score.onsets[places], onsets, _joined(places, found), beat=beat, tolerance=tolerance)
    seconds_late = dict(zip(places.tolist(), late.tolist(), strict=True))
    verdicts = [Verdict(note, Outcome.MISSED) for note in wanted]
    for place in places.tolist():
        heard, seconds = notes[int(found[place])], seconds_late[place]
        cents = (heard.midi - wanted[place].midi) * 100 - tuning
        outcome = Outcome.CORRECT
        if abs(cents) > QUARTER_TONE_CENTS:
            outcome = Outcome.WRONG_PITCH
        elif abs(seconds) > tolerance:
            outcome = Outcome.LATE if seconds > 0 else Outcome.EARLY
        verdicts[place] = Verdict(wanted[place], outcome, heard, cents, seconds, seconds / beat)
    return _with_skipped(verdicts, beat)


def _with_skipped(verdicts: list[Verdict], beat: float) -> list[Verdict]:
    """The same, where a measure of which nothing was played is skipped rather than missed note by note.

    Of a single note, the clock decides: where as much time passed as if it had been played, it was missed.
    """
    out = list(verdicts)
    for start, stop in _bars(verdicts):
        if any(verdict.heard is not None for verdict in verdicts[start:stop]):
            continue
        if stop - start > 1 or not _time_passed(verdicts, start, stop, beat):
            out[start:stop] = [replace(verdict, outcome=Outcome.SKIPPED) for verdict in verdicts[start:stop]]
    return out


def _bars(verdicts: Sequence[Verdict]) -> list[tuple[int, int]]:
    keys = [(verdict.note.measure, verdict.note.occurrence) for verdict in verdicts]
    starts = [place for place in range(len(keys)) if not place or keys[place] != keys[place - 1]]
    return list(zip(starts, [*starts[1:], len(keys)], strict=True))


def _time_passed(verdicts: Sequence[Verdict], start: int, stop: int, beat: float) -> bool:
    if not start or stop >= len(verdicts):
        return False
    before, after = verdicts[start - 1], verdicts[stop]
    if before.heard is None or after.heard is None:
        return False
    passed = (after.heard.onset_seconds - before.heard.onset_seconds) / beat
    return passed > verdicts[start].note.onset_beats - before.note.onset_beats + verdicts[start].note.duration_beats / 2


def _tolerance(beat: float) -> float:
    low, high = IN_TIME_SECONDS
    return min(max(IN_TIME_BEATS * beat, low), high)


def _sounding_seconds(hearing: Hearing) -> float:
    return float(hearing.voiced.sum()) * segmenting.SECONDS_PER_FRAME


def _hz(midi: float) -> float:
    return float(440 * 2 ** ((midi - 69) / 12))


def _unjudged(obstacle: Obstacle, tempo_bpm: float, *, sounding_seconds: float = 0.0) -> Judgement:
    return Judgement(obstacle, (), (), (), (), None, None, None, None, tempo_bpm, None, None, 0.0, sounding_seconds)
