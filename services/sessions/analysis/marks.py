"""What the verdicts add up to: per measure, and for the whole."""

from collections.abc import Sequence

from services.sessions.analysis.notes import Heard, Judgement, MeasureAccuracy, Outcome, Verdict

PITCH_SHARE, RHYTHM_SHARE = 0.6, 0.4  # of the one figure: a wrong note is heard by everybody, a late one by most
RIGHT_PITCH = frozenset({Outcome.CORRECT, Outcome.LATE, Outcome.EARLY})


def judgement(
    verdicts: Sequence[Verdict],
    extras: tuple[Heard, ...],
    *,
    asked_tempo_bpm: float,
    tempo_bpm: float,
    tuning_cents: float,
    sounding_seconds: float,
    notes_played_again: int,
    tolerance_beats: float,
    transposed_semitones: int = 0,
) -> Judgement:
    """All of it. Notes that were added count as if each were one more expected note, gone wrong.

    The one figure is 100 only where nothing at all went wrong: in a long piece, one wrong note would round to it too.
    """
    reached = max((place + 1 for place, verdict in enumerate(verdicts) if verdict.heard), default=0)
    played = verdicts[:reached]
    right = sum(verdict.outcome in RIGHT_PITCH for verdict in played)
    in_time = sum(_in_time(verdict, tolerance_beats) for verdict in played)
    due = max(1, len(played) + len(extras))
    pitch_accuracy, rhythm_accuracy = right / due, in_time / due
    figure = PITCH_SHARE * pitch_accuracy + RHYTHM_SHARE * rhythm_accuracy
    flawless = not extras and all(verdict.outcome is Outcome.CORRECT for verdict in played)
    measures = tuple(_measure(bar, tolerance_beats) for bar in _bars(played))
    return Judgement(
        obstacle=None,
        verdicts=tuple(verdicts),
        extras=extras,
        measures=measures,
        skipped_measures=tuple(sorted({measure.measure for measure in measures if measure.skipped})),
        reached_measure=played[-1].note.measure if played else None,
        pitch_accuracy=pitch_accuracy,
        rhythm_accuracy=rhythm_accuracy,
        score_accuracy=min(round(100 * figure), 100 if flawless else 99),
        asked_tempo_bpm=asked_tempo_bpm,
        tempo_bpm=tempo_bpm,
        tuning_cents=tuning_cents,
        heard_share=sum(verdict.heard is not None for verdict in verdicts) / max(1, len(verdicts)),
        sounding_seconds=sounding_seconds,
        transposed_semitones=transposed_semitones,
        notes_played_again=notes_played_again,
    )


def _in_time(verdict: Verdict, tolerance_beats: float) -> bool:
    return verdict.beats_late is not None and abs(verdict.beats_late) <= tolerance_beats


def _bars(played: Sequence[Verdict]) -> list[list[Verdict]]:
    bars: list[list[Verdict]] = []
    for verdict in played:
        last = bars[-1][-1].note if bars else None
        if last is None or (last.measure, last.occurrence) != (verdict.note.measure, verdict.note.occurrence):
            bars.append([])
        bars[-1].append(verdict)
    return bars


def _measure(bar: Sequence[Verdict], tolerance_beats: float) -> MeasureAccuracy:
    return MeasureAccuracy(
        measure=bar[0].note.measure,
        occurrence=bar[0].note.occurrence,
        notes=len(bar),
        pitch=sum(verdict.outcome in RIGHT_PITCH for verdict in bar) / len(bar),
        rhythm=sum(_in_time(verdict, tolerance_beats) for verdict in bar) / len(bar),
        skipped=all(verdict.outcome is Outcome.SKIPPED for verdict in bar),
    )
