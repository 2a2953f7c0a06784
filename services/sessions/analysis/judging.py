"""From the sound and the score to a judgement: who asks the ear asks `judge`."""

from collections.abc import Sequence
from itertools import takewhile

import numpy as np
from numpy.typing import NDArray

from services.sessions.analysis import alignment, marks, obstacles, pulse, rehearsing, segmenting, sound, transposing
from services.sessions.analysis.alignment import Played, Wanted
from services.sessions.analysis.notes import FIRST_MEASURE, Expected, Heard, Judgement, Obstacle, Outcome, Verdict, beginning_at
from services.sessions.analysis.segmenting import Hearing
from services.sessions.analysis.sound import Floats

QUARTER_TONE_CENTS = 50.0  # nearer to the note than to its neighbour: the right pitch
FURTHEST_TUNING_CENTS = 60.0  # a whole instrument further out than this plays other notes
AROUND_SEMITONES = 13  # beyond the part's lowest and highest note that a wrong note is looked for
IN_TIME_BEATS = 0.25  # a sixteenth: what is further from the pulse is another rhythm
IN_TIME_SECONDS = (0.08, 0.2)  # at least what attacks differ by, at most what anybody calls late at any tempo
FASTER = 2.0  # times the tempo asked for that somebody may play and still have repeated notes told apart
MOST_BPM, LEAST_BPM = 400.0, 10.0


def judge(
    samples: Floats, sample_rate_hz: float, expected: Sequence[Expected], *, tempo_bpm: float, starting_measure: int = 1
) -> Judgement:
    """Judge one player's line against the score.

    `samples` are float32, one channel, in [-1, 1], at any rate from 4 kHz. `tempo_bpm` is in quarter notes per minute; it is a
    first guess, the tempo as played is measured. Who begins at measure 1 may play an upbeat or not; who begins at 0 is to.
    Raises ValueError where samples, rate or tempo are no such thing.
    """
    if not LEAST_BPM <= tempo_bpm <= MOST_BPM:
        raise ValueError(f"tempo_bpm must be between {LEAST_BPM:g} and {MOST_BPM:g}")
    wanted = beginning_at(expected, starting_measure)
    if not wanted:
        return _unjudged(Obstacle.NO_SCORE, tempo_bpm)
    prepared = sound.prepared(samples, sample_rate_hz)
    obstacle = obstacles.before_listening(prepared)
    if obstacle is not None:
        return _unjudged(obstacle, tempo_bpm)
    pitches = [note.midi for note in wanted]
    hearing = segmenting.listen(
        prepared,
        lowest_hz=_hz(min(pitches) - AROUND_SEMITONES),
        highest_hz=_hz(max(pitches) + AROUND_SEMITONES),
        shortest_seconds=min(note.duration_beats for note in wanted) * 60 / tempo_bpm / FASTER,
    )
    obstacle = obstacles.after_listening(prepared, hearing)
    if obstacle is not None:
        return _unjudged(obstacle, tempo_bpm, sounding_seconds=_sounding_seconds(hearing))
    judgement = _as_written_or_transposed(hearing, wanted, tempo_bpm, may_lack_upbeat=starting_measure == FIRST_MEASURE)
    obstacle = obstacles.after_following(prepared, hearing, judgement)
    if obstacle is not None:
        return _unjudged(obstacle, tempo_bpm, sounding_seconds=judgement.sounding_seconds)
    return judgement


def _as_written_or_transposed(
    hearing: Hearing, wanted: Sequence[Expected], tempo_bpm: float, *, may_lack_upbeat: bool
) -> Judgement:
    """The judgement of what was played as written; or, where hardly anything is but all of it is somewhere else, of that."""
    judgement = _judged(hearing, wanted, tempo_bpm, may_lack_upbeat=may_lack_upbeat)
    if not transposing.may_be(judgement):
        return judgement
    semitones = transposing.semitones(hearing.notes, [note.midi for note in wanted])
    if not semitones:
        return judgement
    other = _judged(hearing, wanted, tempo_bpm, may_lack_upbeat=may_lack_upbeat, transposed_semitones=semitones)
    return other if transposing.is_surely(other) else judgement


def _judged(
    hearing: Hearing,
    wanted: Sequence[Expected],
    tempo_bpm: float,
    *,
    may_lack_upbeat: bool,
    transposed_semitones: int = 0,
) -> Judgement:
    score = Wanted(
        np.array([note.midi + transposed_semitones for note in wanted]),
        np.array([note.onset_beats for note in wanted]),
        np.array([note.duration_beats for note in wanted]),
        _bar_starts(wanted),
    )
    notes, beat, tuning, found = _followed(hearing, score, 60 / tempo_bpm)
    verdicts = _verdicts(wanted, score, notes, found, beat, tuning)
    if may_lack_upbeat:
        verdicts = _without_unplayed_upbeat(verdicts)
    added = ~segmenting.crumbs(hearing, notes)
    added[found[found >= 0]] = False
    again = added & rehearsing.again(notes, score.midi.tolist(), tuning_cents=tuning)
    extras = tuple(notes[place] for place in np.flatnonzero(added & ~again))
    return marks.judgement(
        verdicts,
        extras,
        asked_tempo_bpm=tempo_bpm,
        tempo_bpm=60 / beat,
        tuning_cents=tuning,
        sounding_seconds=_sounding_seconds(hearing),
        notes_played_again=int(again.sum()),
        tolerance_beats=_tolerance(beat) / beat,
        transposed_semitones=transposed_semitones,
    )


def _without_unplayed_upbeat(verdicts: list[Verdict]) -> list[Verdict]:
    upbeat = list(takewhile(lambda verdict: verdict.note.measure < FIRST_MEASURE, verdicts))
    was_played = any(verdict.heard for verdict in upbeat)
    return verdicts if was_played or len(upbeat) == len(verdicts) else verdicts[len(upbeat) :]


def _followed(hearing: Hearing, score: Wanted, asked_beat: float) -> tuple[tuple[Heard, ...], float, float, NDArray[np.int64]]:
    """The notes heard, the seconds of a beat, the tuning in cents, and which heard note stands for each wanted one.

    First without trust in the tempo, then with the one measured, then once more with the repeated notes that were only faint.
    """
    notes, beat, tuning = hearing.notes, asked_beat, 0.0
    found = np.full(score.midi.size, -1)
    for trusted in (False, True, True):
        heard = _played(hearing, notes, tuning)
        found = alignment.align(score, heard, seconds_per_beat=beat, sure_of_tempo=trusted)
        tuning += _tuning(score, heard, found)
        beat = _beat(score, heard, found, beat)
        if trusted:
            notes, more = _with_faint_notes(hearing, notes, score, found, beat)
            if not more:
                break
    heard = _played(hearing, notes, tuning)
    found = alignment.align(score, heard, seconds_per_beat=beat, sure_of_tempo=True)
    return notes, beat, tuning, found


def _played(hearing: Hearing, notes: Sequence[Heard], tuning: float) -> Played:
    return Played(
        np.array([note.midi for note in notes]) - tuning / 100,
        np.array([note.onset_seconds for note in notes]),
        segmenting.crumbs(hearing, notes),
    )


def _bar_starts(wanted: Sequence[Expected]) -> NDArray[np.bool_]:
    bars = [(note.measure, note.occurrence) for note in wanted]
    return np.array([not place or bars[place] != bars[place - 1] for place in range(len(bars))])


def _tuning(score: Wanted, heard: Played, found: NDArray[np.int64]) -> float:
    """How many cents the instrument is out of tune: the median of what was played nearly right."""
    paired = found >= 0
    cents = (heard.midi[found[paired]] - score.midi[paired]) * 100
    near = cents[np.abs(cents) <= FURTHEST_TUNING_CENTS]
    return float(np.median(near)) if near.size else 0.0


def _beat(score: Wanted, heard: Played, found: NDArray[np.int64], before: float) -> float:
    places = np.flatnonzero(found >= 0)
    if places.size < 2:
        return before
    return pulse.seconds_per_beat(score.onsets[places], heard.onsets[found[places]], _joined(places, found), asked=before)


def _joined(places: NDArray[np.int64], found: NDArray[np.int64], skipped: NDArray[np.bool_] | None = None) -> NDArray[np.bool_]:
    """Whether each of the found notes follows the one before it, with no run left out in the score and none added."""
    joined = np.ones(places.size, bool)
    joined[:1] = False
    joined[1:] &= (np.diff(places) <= alignment.REACH) & (np.diff(found[places]) <= alignment.REACH)
    if skipped is not None:
        joined[1:] &= np.diff(np.cumsum(skipped)[places]) == 0
    return joined


def _with_faint_notes(
    hearing: Hearing, notes: tuple[Heard, ...], score: Wanted, found: NDArray[np.int64], beat: float
) -> tuple[tuple[Heard, ...], bool]:
    """The notes, with those cut in two that cover a missing note and swell faintly just where it was due; whether any were."""
    cuts: dict[int, list[float]] = {}
    for place in np.flatnonzero(found < 0).tolist():
        before = place - 1
        while before >= 0 and found[before] < 0 and place - before < alignment.REACH:
            before -= 1
        if before < 0 or found[before] < 0:
            continue
        note = notes[found[before]]
        written = (score.onsets[place] - score.onsets[before]) * beat
        if note.duration_seconds < written + score.durations[place] * beat / 2:
            continue
        at = segmenting.faint_onset(hearing, note.onset_seconds + written, within=min(_tolerance(beat), written / 2))
        if at is not None:
            cuts.setdefault(int(found[before]), []).append(at)
    out: list[Heard] = []
    for place, note in enumerate(notes):
        out += segmenting.cut(hearing, note, cuts[place]) if place in cuts else [note]
    return tuple(out), len(out) > len(notes)


def _verdicts(
    wanted: Sequence[Expected], score: Wanted, notes: Sequence[Heard], found: NDArray[np.int64], beat: float, tuning: float
) -> list[Verdict]:
    places = np.flatnonzero(found >= 0)
    skipped = _skipped(wanted, notes, found, beat)
    tolerance = _tolerance(beat)
    onsets = np.array([notes[k].onset_seconds for k in found[places]])
    joined = _joined(places, found, skipped)
    late = pulse.deviations(score.onsets[places], onsets, joined, beat=beat, tolerance=tolerance)
    verdicts = [Verdict(note, Outcome.SKIPPED if out else Outcome.MISSED) for note, out in zip(wanted, skipped, strict=True)]
    for place, seconds in zip(places.tolist(), late.tolist(), strict=True):
        heard = notes[int(found[place])]
        cents = (heard.midi - wanted[place].midi) * 100 - tuning
        outcome = Outcome.CORRECT
        if abs(cents) > QUARTER_TONE_CENTS:
            outcome = Outcome.WRONG_PITCH
        elif abs(seconds) > tolerance:
            outcome = Outcome.LATE if seconds > 0 else Outcome.EARLY
        verdicts[place] = Verdict(wanted[place], outcome, heard, cents, seconds, seconds / beat)
    return verdicts


def _skipped(wanted: Sequence[Expected], notes: Sequence[Heard], found: NDArray[np.int64], beat: float) -> NDArray[np.bool_]:
    """Which notes belong to a measure of which nothing was played, so that it was skipped rather than missed note by note.

    Of a single note, the clock decides: where as much time passed as if it had been played, it was missed.
    """
    out = np.zeros(len(wanted), bool)
    starts = np.flatnonzero(_bar_starts(wanted)).tolist()
    for start, stop in zip(starts, [*starts[1:], len(wanted)], strict=True):
        if (found[start:stop] < 0).all():
            out[start:stop] = stop - start > 1 or not _time_passed(wanted, notes, found, start, beat)
    return out


def _time_passed(wanted: Sequence[Expected], notes: Sequence[Heard], found: NDArray[np.int64], place: int, beat: float) -> bool:
    """Whether the clock went on through a note that was not played: less is lost around it than half of the note."""
    played = np.flatnonzero(found >= 0)
    at = int(np.searchsorted(played, place))
    if not 0 < at < played.size:
        return False
    before, after = int(played[at - 1]), int(played[at])
    passed = (notes[int(found[after])].onset_seconds - notes[int(found[before])].onset_seconds) / beat
    written = wanted[after].onset_beats - wanted[before].onset_beats
    return bool(written - passed < wanted[place].duration_beats / 2)


def _tolerance(beat: float) -> float:
    low, high = IN_TIME_SECONDS
    return min(max(IN_TIME_BEATS * beat, low), high)


def _sounding_seconds(hearing: Hearing) -> float:
    return float(hearing.voiced.sum()) * segmenting.SECONDS_PER_FRAME


def _hz(midi: float) -> float:
    return float(440 * 2 ** ((midi - 69) / 12))


def _unjudged(obstacle: Obstacle, tempo_bpm: float, *, sounding_seconds: float = 0.0) -> Judgement:
    return Judgement(obstacle, (), (), (), (), None, None, None, None, tempo_bpm, None, None, 0.0, sounding_seconds)
