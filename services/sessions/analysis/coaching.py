"""What a coach would say of a judgement: what was right, what was not and where, and what to practise next.

Every sentence names something that was heard. Nothing is praised that was not right, and nothing is guessed where nothing can
be judged. Deterministic: the same performance has the same words.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import groupby
from statistics import mean, median

from services.sessions.analysis import phrases, words
from services.sessions.analysis.notes import Judgement, Obstacle, Outcome, Verdict

NAMED = 4  # places that one paragraph names; more are counted
HEARABLE_CENTS = 15  # out of tune: what a listener begins to notice in a melody
TUNED_CENTS = 10  # an instrument further off than this is worth a word
GOOD_SHARE = 0.85  # of the notes: from here on, it is said to be right on the whole
DRIFT_BEATS = 0.08  # mean distance from the pulse that is called rushing or dragging
LONGEST_RUN = 4  # measures to practise at once
SLOWER, MUCH_SLOWER = 0.85, 0.7  # of the tempo: after a slip, after many
MANY_MISTAKES = 0.4  # of the notes of a run
STEP_BPM = 5
LEAST_BPM = 30

NEXT = {
    Obstacle.NO_SCORE: "Send a score whose part has notes from the starting measure on, or start at an earlier measure.",
    Obstacle.TOO_SHORT: "Play at least a measure, and stop the recording only after the last note has ended.",
    Obstacle.SILENCE: "Check that the right microphone is chosen and not muted, move closer to it, and record again.",
    Obstacle.TOO_NOISY: "Record in a quieter room, closer to the instrument, and turn off what removes noise in the recorder.",
    Obstacle.POLYPHONIC: "Record one hand or one part alone, without pedal or accompaniment, to have its notes judged.",
    Obstacle.ANOTHER_PIECE: "Check that the score, the part and the starting measure are those that you played, and try again.",
}
TRANSPOSE = "Next, have the part written for your instrument, or play it at the pitch that is written, and record it again."

Begins = Mapping[tuple[int, int], float]  # a measure and its round: the beat of the whole piece that it begins on


def feedback(judgement: Judgement, *, begins: Begins) -> str:
    """Paragraphs, one a line: what went well, pitches, intonation, what is missing, rhythm, and what to practise next."""
    if judgement.obstacle:
        return NEXT[judgement.obstacle]
    reached = words.upto(judgement)
    if judgement.transposed_semitones:
        told = [words.transposed(judgement.transposed_semitones), _missing(judgement, reached), _timing(reached), TRANSPOSE]
    else:
        told = [_went_well(reached), _pitches(reached, begins), _intonation(judgement, reached), _missing(judgement, reached)]
        told += [_timing(reached), next_step(judgement, reached)]
    return "\n".join(each for each in told if each)


def _went_well(reached: Sequence[Verdict]) -> str:
    by_measure = defaultdict(list)
    for verdict in reached:
        by_measure[verdict.note.measure].append(verdict.outcome is Outcome.CORRECT)
    clean = [measure for measure, right in by_measure.items() if all(right)]
    if clean and len(clean) == len(by_measure):
        return f"Every note of {phrases.measures(clean)} was right and in time."
    if clean:
        return f"{phrases.measures(clean, at_most=NAMED).capitalize()} {_was(clean)} right, note for note."
    pitched = [each for each in reached if each.outcome in (Outcome.CORRECT, Outcome.LATE, Outcome.EARLY)]
    if len(pitched) >= GOOD_SHARE * len(reached):
        return "The pitches are secure almost everywhere; it is the rhythm that needs work."
    return ""


def _was(measures: Sequence[int]) -> str:
    return "was" if len(set(measures)) == 1 else "were"


def _pitches(reached: Sequence[Verdict], begins: Begins) -> str:
    """Each wrong note by its place; a slip that comes back is told as one."""
    slips: dict[tuple[str, str], list[Verdict]] = defaultdict(list)
    for verdict in words.wrong(reached, Outcome.WRONG_PITCH):
        if verdict.heard is not None:
            played = phrases.note(verdict.note.midi + (verdict.cents_off or 0) / 100, like=verdict.note.name)
            slips[played, verdict.note.name].append(verdict)
    told = [_slip(played, wanted, slips[played, wanted], begins) for played, wanted in slips]
    left = len(told) - NAMED
    if left > 0:
        told = [
            *told[:NAMED],
            phrases.sentence(f"{phrases.count(left, 'other wrong note')} {'is' if left == 1 else 'are'} marked in the score"),
        ]
    return " ".join(told)


def _slip(played: str, wanted: str, where: Sequence[Verdict], begins: Begins) -> str:
    if len(where) > 1:
        places = phrases.measures(each.note.measure for each in where)
        often = "twice" if len(where) == 2 else f"{len(where)} times"
        told = f"you played {played} instead of {wanted} {often}, in {places}"
    else:
        told = f"in {phrases.place(where[0].note.measure, beat_of(where[0], begins))}, you played {played} instead of {wanted}"
    is_semitone = abs(where[0].cents_off or 0) < 150 and phrases.without_octave(played)[0] == wanted[0]
    return phrases.sentence(told + (": mind the accidental" if is_semitone and played != wanted else ""))


def beat_of(verdict: Verdict, begins: Begins) -> float:
    """The beat of its measure that a note is on, counted from 1; beats are quarter notes."""
    note = verdict.note
    return phrases.beat(note.onset_beats - begins.get((note.measure, note.occurrence), note.onset_beats))


def _intonation(judgement: Judgement, reached: Sequence[Verdict]) -> str:
    by_name: dict[str, list[Verdict]] = defaultdict(list)
    for verdict in reached:
        if verdict.outcome is not Outcome.WRONG_PITCH and verdict.cents_off is not None:
            by_name[verdict.note.name].append(verdict)
    told = []
    for name, played in sorted(by_name.items(), key=lambda each: -abs(median(one.cents_off or 0 for one in each[1]))):
        cents = median(one.cents_off or 0 for one in played)
        if abs(cents) >= HEARABLE_CENTS and (len(played) > 1 or abs(cents) >= 2 * HEARABLE_CENTS):
            where = phrases.measures((one.note.measure for one in played), at_most=NAMED)
            told.append(f"Your {name} is {'sharp' if cents > 0 else 'flat'} by about {abs(cents):.0f} cents ({where}).")
    tuning = judgement.tuning_cents or 0
    if abs(tuning) >= TUNED_CENTS:
        side = "above" if tuning > 0 else "below"
        told.append(
            f"The instrument as a whole is about {abs(tuning):.0f} cents {side} A = 440 Hz; no note was marked for that."
        )
    return " ".join(told[:NAMED])


def _missing(judgement: Judgement, reached: Sequence[Verdict]) -> str:
    told = []
    if skipped := judgement.skipped_measures:
        told.append(f"You left out {phrases.measures(skipped, at_most=NAMED)}.")
    if missed := words.wrong(reached, Outcome.MISSED):
        where = phrases.measures((each.note.measure for each in missed), at_most=NAMED)
        told.append(f"{phrases.count(len(missed), 'note')} {'is' if len(missed) == 1 else 'are'} missing, in {where}.")
    if more := len(judgement.extras):
        told.append(f"{phrases.count(more, 'note')} {'was' if more == 1 else 'were'} played that the score does not have.")
    return " ".join(told)


def _timing(reached: Sequence[Verdict]) -> str:
    """Where notes came late or early; and over which measures the player ran ahead of the pulse, or fell behind it."""
    told = []
    for kind, said in ((Outcome.LATE, "late"), (Outcome.EARLY, "early")):
        if off := words.wrong(reached, kind):
            where = phrases.measures((each.note.measure for each in off), at_most=NAMED)
            by = max(abs(each.beats_late or 0) for each in off)
            upto = "by" if len(off) == 1 else "by up to"
            told.append(f"{phrases.count(len(off), 'note')} came {said}, {upto} {by:.1f} of a beat, in {where}.")
    rushed, dragged = [], []
    for measure, some in groupby(reached, key=lambda each: each.note.measure):
        late = [each.beats_late for each in some if each.beats_late is not None and each.outcome is not Outcome.WRONG_PITCH]
        if len(late) > 1 and mean(late) <= -DRIFT_BEATS:
            rushed.append(measure)
        elif len(late) > 1 and mean(late) >= DRIFT_BEATS:
            dragged.append(measure)
    told += [f"You rush in {phrases.measures(rushed, at_most=NAMED)}."] if rushed else []
    told += [f"You drag in {phrases.measures(dragged, at_most=NAMED)}."] if dragged else []
    return " ".join(told)


def next_step(judgement: Judgement, reached: Sequence[Verdict]) -> str:
    """The run of measures with most mistakes and a tempo for it; where there are none, the next tempo or the next measures."""
    heard = judgement.tempo_bpm or judgement.asked_tempo_bpm
    mistakes: dict[int, int] = defaultdict(int)
    notes: dict[int, int] = defaultdict(int)
    for verdict in reached:
        notes[verdict.note.measure] += 1
        mistakes[verdict.note.measure] += verdict.outcome is not Outcome.CORRECT
    if not any(mistakes.values()):
        return _further(judgement, heard)
    first, last = _worst(mistakes)
    within = range(first, last + 1)
    many = sum(mistakes[each] for each in within) >= MANY_MISTAKES * sum(notes[each] for each in within)
    slow = max(LEAST_BPM, round(heard * (MUCH_SLOWER if many else SLOWER)))
    return (
        f"Next, practise {phrases.measures(within)} at {slow} quarter notes a minute. "
        f"Once that is right three times in a row, go up by {STEP_BPM} until you are at {max(slow, round(_goal(judgement)))}."
    )


def _goal(judgement: Judgement) -> float:
    return max(judgement.asked_tempo_bpm, judgement.tempo_bpm or 0)


def _further(judgement: Judgement, heard: float) -> str:
    if heard < 0.96 * judgement.asked_tempo_bpm:
        faster = min(round(heard) + STEP_BPM, round(judgement.asked_tempo_bpm))
        return f"Next, play it at {faster} quarter notes a minute, on the way to {judgement.asked_tempo_bpm:.0f}."
    last = judgement.verdicts[-1].note.measure
    if judgement.reached_measure is not None and judgement.reached_measure < last:
        return f"Next, go on from measure {judgement.reached_measure} to the end, measure {last}, at the same tempo."
    return f"Next, try {round(heard) + STEP_BPM} quarter notes a minute, or another piece."


def _worst(mistakes: dict[int, int]) -> tuple[int, int]:
    """The run of at most LONGEST_RUN measures with most mistakes, without right ones at its ends; the first such, and shortest.

    >>> _worst({1: 0, 2: 3, 3: 0, 4: 2, 9: 4}), _worst({1: 1, 2: 0})
    ((2, 4), (1, 1))
    """
    best, held = (0, 0), 0
    for first in sorted(each for each in mistakes if mistakes[each]):
        for last in range(first, first + LONGEST_RUN):
            total = sum(mistakes.get(each, 0) for each in range(first, last + 1))
            if total > held:
                best, held = (first, last), total
    return best
