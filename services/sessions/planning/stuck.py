"""Where somebody is stuck: the measures with the most minutes and the least gain, and the figures that say so.

Each section spreads its minutes evenly over its measures, so that 1 to 8 one day and 5 to 12 another tell of 5 to 8 together.
What was gained is the middle (median) of the last third of the days against that of the first third, in tempo and in rating,
and, where analyses heard the measure, in accuracy; a single good or bad day moves it little. Nothing is claimed of
measures that were worked on for less than 15 minutes or on fewer than 3 days: with so little, every number is chance.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise
from statistics import median
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session as Database

from services.sessions.models.practice import Session
from services.sessions.planning import works
from services.sessions.planning.works import Passage, Work
from services.sessions.practice import pieces
from services.sessions.practice.sessions import saved_by

LEAST_SECONDS = 15 * 60  # on one measure's run, in all
LEAST_DAYS = 3
GAIN_TEMPO = 0.05  # of the tempo it began at: what is less is no gain
GAIN_RATING = 0.5  # of five
GAIN_ACCURACY = 0.05  # of all of a measure's notes
MOST_HEARD = 200  # of analyses, the latest: each is some hundred KiB, for its pictures
MOST_WORKS = 5_000  # the latest of them: two years of seven sections a day
MOST_LOOKS = 300_000  # of one piece: a second of work; five hundred sections of every length there can be
NOTHING = "Nothing is known yet: save sections with your sessions, with the tempo that you reached or how it went."
NOWHERE = "You are stuck nowhere: everything that you have worked on for long enough to tell is getting better."
TOO_LITTLE = f"Too little is known: it takes {LEAST_SECONDS // 60} minutes on {LEAST_DAYS} days, each with a tempo or a rating."


@dataclass(slots=True)
class Told:
    """What is known of some measures: the figures of each day, by name, the last of a day counting; and the seconds it got."""

    seconds: float = 0.0
    figures: dict[str, dict[date, float]] = field(default_factory=lambda: defaultdict(dict))
    days: set[date] = field(default_factory=set)

    def take(self, work: Work, *, share: float) -> None:
        """Add a work of which these measures were some `share`."""
        self.seconds += work.seconds * share
        self.days.add(work.on)
        for figure, value in (("tempo_bpm", work.tempo_bpm), ("rating", work.rating)):
            if value is not None:
                self.figures[figure][work.on] = value

    def key(self) -> tuple[Any, ...]:
        """Measures with the same history are shown as one run."""
        return tuple((name, tuple(days.items())) for name, days in sorted(self.figures.items())), tuple(sorted(self.days))


Run = tuple[int, int, Told]  # of measures, both ends included


@dataclass(frozen=True, slots=True)
class Stuck:
    """Runs of measures: those that cost most and gained least; those that gained; those of which too little is known."""

    stuck: list[dict[str, Any]]
    improving: list[dict[str, Any]]
    too_little: list[dict[str, Any]]
    said: str


def of(db: Database, *, user_id: UUID, limit: int, song_name: str | None, instrument: str | None) -> Stuck:
    """Where somebody is stuck; each list the most minutes first, and at most as long as asked for."""
    found = works.by_passage(db, user_id=user_id, song_name=song_name, instrument=instrument, most=MOST_WORKS)
    of_pieces: dict[tuple[str, str], dict[Passage, list[Work]]] = defaultdict(dict)
    for passage, done in found.items():
        of_pieces[passage.piece, passage.instrument][passage] = done
    heard = _heard(db, user_id=user_id, song_name=song_name)
    runs = [run for key, passages in of_pieces.items() for run in _runs(passages, heard.get(key, {}))]
    runs.sort(key=lambda each: -each["minutes"])
    sorted_out = {name: [each for each in runs if each["verdict"] == name] for name in ("stuck", "improving", "too_little")}
    return Stuck(**{name: each[:limit] for name, each in sorted_out.items()}, said=_said(sorted_out))


def _said(found: Mapping[str, Sequence[Any]]) -> str:
    if not any(found.values()):
        return NOTHING
    if found["stuck"]:
        worst = found["stuck"][0]
        return f"Most minutes for least gain: {worst['song_name']}, {_measures(worst)}. {worst['said']}"
    if found["improving"]:
        return NOWHERE
    return TOO_LITTLE


def _runs(passages: Mapping[Passage, Sequence[Work]], heard: Mapping[int, Mapping[date, float]]) -> list[dict[str, Any]]:
    """The measures of one piece, those in a row with the same history as one.

    Where sections begin or end, and nowhere else, one history can end: what lies between is looked at once.
    """
    worked = sorted(((work, passage) for passage, done in passages.items() for work in done), key=lambda each: each[0].on)
    told = {first: Told() for first in _edges(passages, heard)}
    firsts = sorted(told)
    for work, passage, its_firsts in _latest(worked, firsts):
        for first, following in pairwise(its_firsts):
            told[first].take(work, share=(following - first) / passage.measures)
    for first in told.keys() & heard.keys():
        told[first].figures["accuracy"].update(heard[first])
    runs = [(first, following - 1, told[first]) for first, following in pairwise(firsts) if told[first].days]
    return [_run(list(together), worked[-1][0]) for together in _alike(runs)]


def _latest(worked: Sequence[tuple[Work, Passage]], firsts: Sequence[int]) -> list[tuple[Work, Passage, Sequence[int]]]:
    """The latest works, oldest first, and where histories begin in each and right after it; as many as are looked at."""
    found, looks = [], 0
    for work, passage in reversed(worked):
        begins, ends = bisect_left(firsts, passage.first_measure), bisect_left(firsts, passage.last_measure + 1)
        looks += ends - begins
        if looks > MOST_LOOKS:
            break
        found.append((work, passage, firsts[begins : ends + 1]))
    return found[::-1]


def _edges(passages: Iterable[Passage], heard: Iterable[int]) -> set[int]:
    """Every measure at which another history may begin."""
    edges = {edge for passage in passages for edge in (passage.first_measure, passage.last_measure + 1)}
    return edges | {edge for measure in heard for edge in (measure, measure + 1)}


def _alike(runs: Iterable[Run]) -> Iterator[list[Run]]:
    """Neighbours with the same history together."""
    together: list[Run] = []
    for run in runs:
        if together and (together[-1][1] + 1 != run[0] or together[-1][2].key() != run[2].key()):
            yield together
            together = []
        together.append(run)
    if together:
        yield together


def _run(together: Sequence[Run], named: Work) -> dict[str, Any]:
    told = together[0][2]
    seconds = sum(each.seconds for _, _, each in together)
    gains = {name: gained for name in ("tempo_bpm", "rating", "accuracy") if (gained := _gain(told.figures.get(name, {})))}
    enough = seconds >= LEAST_SECONDS and len(told.days) >= LEAST_DAYS and bool(gains)
    verdict = "too_little" if not enough else "improving" if any(_is_gain(*each) for each in gains.items()) else "stuck"
    return {
        "song_name": named.song_name,
        "instrument": named.instrument,
        "first_measure": together[0][0],
        "last_measure": together[-1][1],
        "minutes": round(seconds / 60),
        "days": len(told.days),
        "gains": {name: {"from": before, "to": after} for name, (before, after) in gains.items()},
        "verdict": verdict,
        "said": _in_words(round(seconds / 60), len(told.days), gains, enough=enough),
    }


def _gain(figures: Mapping[date, float]) -> tuple[float, float] | None:
    """The middle of the first third and of the last third of the days, where there are enough of them.

    >>> _gain({date(2026, 1, day): tempo for day, tempo in enumerate((60, 62, 200, 64, 80, 82), start=1)})
    (61.0, 81.0)
    """
    if len(figures) < LEAST_DAYS:
        return None
    values = [figures[day] for day in sorted(figures)]
    third = len(values) // 3
    return round(median(values[:third]), 2), round(median(values[-third:]), 2)


def _is_gain(name: str, gained: tuple[float, float]) -> bool:
    before, after = gained
    least = {"tempo_bpm": before * GAIN_TEMPO, "rating": GAIN_RATING, "accuracy": GAIN_ACCURACY}[name]
    return after - before >= least


def _in_words(minutes: int, days: int, gains: Mapping[str, tuple[float, float]], *, enough: bool) -> str:
    """The figures as a sentence.

    >>> _in_words(40, 5, {"tempo_bpm": (60.0, 60.0)}, enough=True)
    '40 minutes on 5 days: tempo from 60 to 60.'
    """
    spent = f"{minutes} minute{'' if minutes == 1 else 's'} on {days} day{'' if days == 1 else 's'}"
    if not enough:
        return f"{spent}: too little to say."
    names = {"tempo_bpm": "tempo", "rating": "rating", "accuracy": "accuracy"}
    return f"{spent}: {', '.join(f'{names[name]} from {before:g} to {after:g}' for name, (before, after) in gains.items())}."


def _measures(run: Mapping[str, Any]) -> str:
    first, last = run["first_measure"], run["last_measure"]
    return f"measure {first}" if first == last else f"measures {first} to {last}"


def _heard(db: Database, *, user_id: UUID, song_name: str | None) -> dict[tuple[str, str], dict[int, dict[date, float]]]:
    """How much of each measure was right, by piece and instrument, measure and day: what the latest analyses heard."""
    measures = Session.analysis["measures"].label("measures")
    done = (
        select(Session.piece, Session.folded_instrument, Session.practised_on, measures)
        .where(*saved_by(user_id), Session.analysis.is_not(None))
        .order_by(Session.date.desc(), Session.id.desc())
        .limit(MOST_HEARD)
    )
    if song_name is not None:
        done = done.where(Session.piece == pieces.folded(song_name))
    found: dict[tuple[str, str], dict[int, dict[date, float]]] = defaultdict(lambda: defaultdict(dict))
    for piece, instrument, on, heard in reversed(db.execute(done).all()):
        for measure, share in _shares(heard):
            found[piece, instrument][measure][on] = share
    return found


def _shares(measures: Any) -> Iterator[tuple[int, float]]:
    """Each measure that was played, and how much of it was right, 0 to 1. A client may have sent an analysis of its own make.

    >>> list(_shares([{"measure": 2, "pitch": 75, "rhythm": 100, "skipped": False}, {"measure": 3, "skipped": True}, "?"]))
    [(2, 0.875)]
    """
    for each in measures if isinstance(measures, list) else ():
        match each:
            case {"skipped": True}:
                continue
            case {"measure": int(measure), "pitch": int(pitch), "rhythm": int(rhythm)}:
                yield measure, (pitch + rhythm) / 200
