"""What a judgement means, in two to four sentences for the player. Deterministic: the same performance has the same words."""

from collections import Counter
from collections.abc import Sequence

from services.sessions.analysis import phrases
from services.sessions.analysis.notes import Judgement, Obstacle, Outcome, Verdict

STEADY_PERCENT = 4.0  # of the tempo asked for: nobody hears less
FEW_HEARD = 0.5  # of the notes; with fewer, what is said is said with care
NAMED_RUNS = 3  # of measures, in the one sentence that says where most went wrong

UNJUDGED = {
    Obstacle.NO_SCORE: "There was nothing to compare this performance with: the score has no note of a pitch to play there.",
    Obstacle.TOO_SHORT: "The recording is too short to hear a single note in, so nothing was judged.",
    Obstacle.SILENCE: "Nothing was heard in the recording, or so quietly that no note stands out, so nothing was judged.",
    Obstacle.TOO_NOISY: "There is sound in the recording, but hardly any of it has a pitch, so nothing was judged.",
    Obstacle.POLYPHONIC: "Several notes sound at once in this performance. Only a single line can be judged, so nothing was.",
    Obstacle.ANOTHER_PIECE: "What was played does not follow this score, so no note of it was judged.",
}


def summary(judgement: Judgement) -> str:
    """How it went: how much was right, where most was not, how fast it was; or why nothing can be said."""
    if judgement.obstacle:
        return UNJUDGED[judgement.obstacle]
    reached = upto(judgement)
    if judgement.transposed_semitones:
        told = [_share(judgement, reached), transposed(judgement.transposed_semitones), _pace(judgement)]
    else:
        told = [_share(judgement, reached), _where(reached), _pace(judgement)]
    if judgement.heard_share < FEW_HEARD:
        told.append("Fewer than half of the notes could be heard, so take this with care.")
    return " ".join(each for each in told if each)


def transposed(semitones: int) -> str:
    """What to think of a performance that is so many semitones higher than written.

    >>> transposed(-2)
    'You seem to play everything a major second lower than written: is this a part for a transposing instrument?'
    """
    where = f"{phrases.interval(semitones)} {'higher' if semitones > 0 else 'lower'} than written"
    return f"You seem to play everything {where}: is this a part for a transposing instrument?"


def upto(judgement: Judgement) -> list[Verdict]:
    """The verdicts up to the last note that was played: what comes after it was not attempted."""
    played = [place for place, verdict in enumerate(judgement.verdicts) if verdict.heard is not None]
    return list(judgement.verdicts[: played[-1] + 1]) if played else []


def wrong(verdicts: Sequence[Verdict], *kinds: Outcome) -> list[Verdict]:
    """Those with one of these outcomes; without any named, all that are not correct."""
    return [each for each in verdicts if (each.outcome in kinds if kinds else each.outcome is not Outcome.CORRECT)]


def _share(judgement: Judgement, reached: Sequence[Verdict]) -> str:
    pitched = [each for each in reached if each.outcome in (Outcome.CORRECT, Outcome.LATE, Outcome.EARLY)]
    timed = wrong(reached, Outcome.LATE, Outcome.EARLY)
    if len(pitched) == len(reached) and not timed:
        return f"All {phrases.count(len(reached), 'note')} were right and in time ({judgement.score_accuracy} of 100)."
    of = f"{len(pitched)} of {phrases.count(len(reached), 'note')} had the right pitch"
    when = f"{len(timed)} of those came late or early" if timed else "all of those came in time"
    return f"{of}, and {when} ({judgement.score_accuracy} of 100)." if pitched else f"{of} ({judgement.score_accuracy} of 100)."


def _where(reached: Sequence[Verdict]) -> str:
    """The measures with most mistakes, where they hold more than their part."""
    mistakes = Counter(each.note.measure for each in wrong(reached))
    if not mistakes:
        return ""
    most = max(mistakes.values())
    worst = [measure for measure, number in mistakes.items() if number * 2 >= most and number > 1] or sorted(mistakes)
    if len(worst) == len({each.note.measure for each in reached}) > NAMED_RUNS:
        return "The mistakes are spread over the whole of it."
    held = sum(mistakes[measure] for measure in worst)
    share = "All mistakes are" if held == sum(mistakes.values()) else "Most mistakes are"
    if sum(mistakes.values()) == 1:
        share = "The one mistake is"
    return f"{share} in {phrases.measures(worst, at_most=NAMED_RUNS)}." if held * 2 > sum(mistakes.values()) else ""


def _pace(judgement: Judgement) -> str:
    if judgement.tempo_bpm is None:
        return ""
    heard, asked = judgement.tempo_bpm, judgement.asked_tempo_bpm
    off_percent = (heard / asked - 1) * 100
    if abs(off_percent) <= STEADY_PERCENT:
        return f"The tempo was {heard:.0f} quarter notes a minute, as asked."
    return f"The tempo was {heard:.0f} quarter notes a minute, {'faster' if off_percent > 0 else 'slower'} than {asked:.0f}."
