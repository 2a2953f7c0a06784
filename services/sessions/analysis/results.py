"""A judgement as the JSON that clients read: Harmony Helper's own keys (CONTRACT C1-4), and the figures behind them."""

from collections.abc import Sequence
from typing import Any

from services.sessions.analysis import coaching, phrases, words
from services.sessions.analysis.coaching import Begins
from services.sessions.analysis.notes import Heard, Judgement, Outcome, Verdict

MOST_LISTED = 2_000  # of notes in one list: a whole symphony played wrongly is told by its figures
MOST_MEASURES = 20_000

Result = dict[str, Any]


def document(judgement: Judgement, *, begins: Begins, remarks: Sequence[str] = ()) -> Result:
    """Everything but the pictures and the marked-up score.

    `performace_summary` is how the client spells it. `remarks` are sentences on what was assumed, such as a tempo that nobody
    named; they end the feedback. Accuracies are 0 to 100; a figure that would be a guess is null.
    """
    summary = words.summary(judgement)
    reached = words.upto(judgement)
    return {
        "performace_summary": summary,
        "performance_summary": summary,
        "coach-feedback": "\n".join([coaching.feedback(judgement, begins=begins), *remarks]),
        "judged": judgement.obstacle is None,
        "reason": judgement.obstacle and judgement.obstacle.value,
        "score_accuracy": judgement.score_accuracy,
        "pitch_accuracy": _percent(judgement.pitch_accuracy),
        "rhythm_accuracy": _percent(judgement.rhythm_accuracy),
        "tempo_bpm": _rounded(judgement.tempo_bpm),
        "asked_tempo_bpm": _rounded(judgement.asked_tempo_bpm),
        "tuning_cents": _rounded(judgement.tuning_cents),
        "transposed_semitones": judgement.transposed_semitones,
        "reached_measure": judgement.reached_measure,
        "heard_percent": _percent(judgement.heard_share),
        "measures": _measures(judgement),
        "wrong_notes": [_wrong(each, begins) for each in words.wrong(reached, Outcome.WRONG_PITCH)[:MOST_LISTED]],
        "late": [_off(each, begins) for each in words.wrong(reached, Outcome.LATE)[:MOST_LISTED]],
        "early": [_off(each, begins) for each in words.wrong(reached, Outcome.EARLY)[:MOST_LISTED]],
        "missed": [_place(each, begins) for each in words.wrong(reached, Outcome.MISSED)[:MOST_LISTED]],
        "extra": [_extra(each) for each in judgement.extras[:MOST_LISTED]],
        "skipped_measures": list(judgement.skipped_measures),
    }


def _measures(judgement: Judgement) -> list[Result]:
    return [
        {
            "measure": each.measure,
            "occurrence": each.occurrence,
            "notes": each.notes,
            "pitch": _percent(each.pitch),
            "rhythm": _percent(each.rhythm),
            "skipped": each.skipped,
        }
        for each in judgement.measures[:MOST_MEASURES]
    ]


def _place(verdict: Verdict, begins: Begins) -> Result:
    return {
        "measure": verdict.note.measure,
        "occurrence": verdict.note.occurrence,
        "beat": coaching.beat_of(verdict, begins),
        "expected": verdict.note.name,
    }


def _wrong(verdict: Verdict, begins: Begins) -> Result:
    cents = verdict.cents_off or 0.0
    heard = phrases.note(verdict.note.midi + cents / 100, like=verdict.note.name)
    return _place(verdict, begins) | {"heard": heard, "cents": round(cents), "at_seconds": _at(verdict.heard)}


def _off(verdict: Verdict, begins: Begins) -> Result:
    late = {"beats_late": _rounded(verdict.beats_late, 2), "seconds_late": _rounded(verdict.seconds_late, 2)}
    return _place(verdict, begins) | late | {"at_seconds": _at(verdict.heard)}


def _extra(heard: Heard) -> Result:
    return {"heard": phrases.note(heard.midi), "at_seconds": _at(heard)}


def _at(heard: Heard | None) -> float | None:
    return None if heard is None else round(heard.onset_seconds, 2)


def _percent(share: float | None) -> int | None:
    return None if share is None else round(share * 100)


def _rounded(value: float | None, digits: int = 1) -> float | None:
    return None if value is None else round(value, digits)
