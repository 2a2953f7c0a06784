"""How well the ear does over many performances whose mistakes are known."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from services.sessions.analysis import judging
from services.sessions.analysis.notes import Expected, Judgement, Outcome
from tests.sessions.analysis import performing
from tests.sessions.analysis.performing import Performance, Plan


@dataclass
class Tally:
    """Of one kind of mistake: how often it was found, wrongly found, overlooked."""

    hits: int = 0
    false: int = 0
    overlooked: int = 0

    @property
    def precision(self) -> float:
        return self.hits / (self.hits + self.false) if self.hits + self.false else 1.0

    @property
    def recall(self) -> float:
        return self.hits / (self.hits + self.overlooked) if self.hits + self.overlooked else 1.0

    def add(self, found: set, real: set) -> None:
        self.hits += len(found & real)
        self.false += len(found - real)
        self.overlooked += len(real - found)

    def __str__(self) -> str:
        counts = f"{self.hits} found, {self.false} false, {self.overlooked} not"
        return f"precision {self.precision:.3f} recall {self.recall:.3f} ({counts})"


@dataclass
class Sheet:
    """The tallies of many performances."""

    cases: int = 0
    notes: int = 0
    wrong: Tally = field(default_factory=Tally)
    late: Tally = field(default_factory=Tally)
    missed: Tally = field(default_factory=Tally)
    skipped: Tally = field(default_factory=Tally)

    @property
    def false_alarms(self) -> int:
        return sum(tally.false for tally in (self.wrong, self.late, self.missed, self.skipped))

    def add(self, performance: Performance, judgement: Judgement) -> None:
        self.cases += 1
        self.notes += len(judgement.verdicts)
        of = {outcome: {v.note.index for v in judgement.verdicts if v.outcome is outcome} for outcome in Outcome}
        self.wrong.add(of[Outcome.WRONG_PITCH], set(performance.wrong))
        self.late.add(of[Outcome.LATE] | of[Outcome.EARLY], set(performance.late))
        self.missed.add(of[Outcome.MISSED], performance.missed)
        bars = {(m.measure, m.occurrence) for m in judgement.measures if m.skipped}
        self.skipped.add(bars, performance.skipped_bars)


def heard(performance: Performance, notes: Sequence[Expected], plan: Plan) -> Judgement:
    return judging.judge(performance.samples, performance.rate_hz, notes, tempo_bpm=plan.tempo_bpm)


def measured(cases: Iterable[tuple[Sequence[Expected], Plan]]) -> dict[str, Sheet]:
    """Sheets over all of the cases, and by tempo and timbre."""
    sheets: dict[str, Sheet] = {"all": Sheet()}
    for notes, plan in cases:
        performance = performing.perform(notes, plan)
        judgement = heard(performance, notes, plan)
        for name in ("all", f"tempo {plan.tempo_bpm:g}", plan.timbre):
            sheets.setdefault(name, Sheet()).add(performance, judgement)
    return sheets


def table(sheets: dict[str, Sheet]) -> str:
    rows = [f"{'':12} {'cases':>5} {'notes':>6}   wrong P     R     late P     R   missed P     R   skipped P    R"]
    for name, sheet in sheets.items():
        figures = "   ".join(
            f"{tally.precision:6.3f} {tally.recall:6.3f}" for tally in (sheet.wrong, sheet.late, sheet.missed, sheet.skipped)
        )
        rows.append(f"{name:12} {sheet.cases:5} {sheet.notes:6}   {figures}")
    return "\n".join(rows)
