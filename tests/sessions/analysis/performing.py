"""A player who makes known mistakes: plays expected notes on made-up instruments and says what went wrong.

Nothing here knows how the ear listens. A player is human even where no mistake is made: every note is up to 15 cents out and up
to 20 ms off the pulse, the pulse itself drifts by 3 percent, notes are louder and softer, and there is noise in the room.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from services.sessions.analysis.notes import Expected

Sound = NDArray[np.float32]


@dataclass(frozen=True)
class Timbre:
    """How an instrument sounds: its harmonics from the first up, and how a note begins, lives and ends."""

    harmonics: tuple[float, ...]
    attack_seconds: float
    decay_seconds: float  # to a third of the loudness; inf for what is blown or bowed
    release_seconds: float
    vibrato_cents: float
    vibrato_hz: float = 5.5


NEVER = float("inf")
TIMBRES = {
    "flute": Timbre((1, 0.4, 0.15, 0.06, 0.03), 0.04, NEVER, 0.04, 10),
    "clarinet": Timbre((1, 0.05, 0.6, 0.04, 0.35, 0.03, 0.2), 0.03, NEVER, 0.03, 0),
    "violin": Timbre(tuple(1 / n for n in range(1, 13)), 0.05, NEVER, 0.05, 15),
    "piano": Timbre(tuple(0.7**n for n in range(10)), 0.005, 0.6, 0.06, 0),
    "bassoon": Timbre((0.08, 0.6, 1, 0.7, 0.5, 0.3, 0.2, 0.1), 0.03, NEVER, 0.04, 8),  # its fundamental is hardly there
    "voice": Timbre((0.6, 1, 0.5, 0.6, 0.25, 0.1, 0.08), 0.06, NEVER, 0.06, 30, 5.0),
}


@dataclass(frozen=True)
class Plan:
    """One performance to be given."""

    seed: int
    tempo_bpm: float = 90
    timbre: str = "flute"
    wrong: float = 0.0  # the share of notes played at another pitch, one to twelve semitones away
    late: float = 0.0  # the share of notes that come half a beat late or more
    missed: float = 0.0  # the share of notes left out, with silence in their place
    skipped_bars: int = 0  # how many bars are left out as if they were not there
    snr_db: float = 30.0
    detuned_cents: float = 0.0
    rate_hz: int = 16_000
    jitter_seconds: float = 0.02
    intonation_cents: float = 15.0
    drift: float = 0.03


@dataclass(frozen=True)
class Sounding:
    """One note as it is played."""

    onset: float
    seconds: float
    midi: float


@dataclass
class Performance:
    """What was played and what was wrong with it, by the index of the expected note."""

    samples: Sound
    rate_hz: int
    wrong: dict[int, int] = field(default_factory=dict)  # index -> the pitch played instead
    late: dict[int, float] = field(default_factory=dict)  # index -> seconds
    missed: set[int] = field(default_factory=set)
    skipped: set[int] = field(default_factory=set)  # notes of bars left out
    skipped_bars: set[tuple[int, int]] = field(default_factory=set)  # (measure, occurrence)
    played: list[Sounding] = field(default_factory=list)


def perform(notes: Sequence[Expected], plan: Plan) -> Performance:
    """Play the notes."""
    rng = np.random.default_rng(plan.seed)
    done = Performance(np.zeros(0, np.float32), plan.rate_hz)
    _choose_mistakes(notes, plan, rng, done)
    done.played = _timed(notes, plan, rng, done)
    done.samples = _rendered(done.played, plan, rng)
    return done


def _choose_mistakes(notes: Sequence[Expected], plan: Plan, rng: np.random.Generator, done: Performance) -> None:
    bars = sorted({(note.measure, note.occurrence) for note in notes}, key=lambda bar: _first(notes, bar).onset_beats)
    inner = bars[1:-1]
    if plan.skipped_bars and len(inner) >= plan.skipped_bars:
        done.skipped_bars = {inner[int(k)] for k in rng.choice(len(inner), plan.skipped_bars, replace=False)}
    done.skipped = {note.index for note in notes if (note.measure, note.occurrence) in done.skipped_bars}
    for note in notes:
        if note.index in done.skipped:
            continue
        kind = rng.random()
        if kind < plan.wrong:
            away = int(rng.integers(1, 13)) * int(rng.choice((-1, 1)))
            done.wrong[note.index] = round(note.midi) + away
        elif kind < plan.wrong + plan.late and note.duration_beats >= 1 and note.index > notes[0].index:
            done.late[note.index] = 0.0  # how much follows from the tempo
        elif kind < plan.wrong + plan.late + plan.missed and notes[0].index < note.index < notes[-1].index:
            done.missed.add(note.index)


def _first(notes: Sequence[Expected], bar: tuple[int, int]) -> Expected:
    return next(note for note in notes if (note.measure, note.occurrence) == bar)


def _timed(notes: Sequence[Expected], plan: Plan, rng: np.random.Generator, done: Performance) -> list[Sounding]:
    """When each note begins and how long it sounds. Half of the late notes are caught up with; half hold everything up."""
    beat = 60 / plan.tempo_bpm
    start = rng.uniform(0.2, 1.5)
    left_out = _left_out_beats(notes, done)
    wave, phase = rng.uniform(8, 20), rng.uniform(0, 6.28)  # of the drift: beats, radians
    held_up = 0.0
    played = []
    for place, note in enumerate(notes):
        if note.index in done.skipped:
            continue
        beats = note.onset_beats - notes[0].onset_beats - left_out[place]
        drifted = beats + plan.drift * wave / 6.28 * np.sin(6.28 * beats / wave + phase)
        late = 0.0
        if note.index in done.late:
            by = beat * rng.uniform(0.5, min(0.9, 0.6 * note.duration_beats))
            done.late[note.index] = by
            late, held_up = (by, held_up) if rng.random() < 0.5 else (0.0, held_up + by)
        onset = start + drifted * beat + held_up + late + rng.uniform(-1, 1) * plan.jitter_seconds
        seconds = note.duration_beats * beat * rng.uniform(0.8, 0.97) - late
        pitch = done.wrong.get(note.index, note.midi) + (plan.detuned_cents + rng.uniform(-1, 1) * plan.intonation_cents) / 100
        if note.index not in done.missed:
            played.append(Sounding(onset, max(seconds, 0.05), float(pitch)))
    return played


def _left_out_beats(notes: Sequence[Expected], done: Performance) -> list[float]:
    """For each note, the beats of the skipped bars before it: a bar lasts from its first note to the next bar's first."""
    total, out = 0.0, []
    for place, note in enumerate(notes):
        before = notes[place - 1] if place else note
        if before.index in done.skipped:
            total += note.onset_beats - before.onset_beats
        out.append(total)
    return out


def _rendered(played: Sequence[Sounding], plan: Plan, rng: np.random.Generator) -> Sound:
    timbre = TIMBRES[plan.timbre]
    rate = plan.rate_hz
    end = max((each.onset + each.seconds for each in played), default=0.5) + 0.5
    out = np.zeros(int(end * rate) + 1)
    for each in played:
        sound = tone(each.seconds, each.midi, timbre, rate, rng) * 10 ** (rng.uniform(-4, 0) / 20)
        at = int(max(each.onset, 0) * rate)
        piece = out[at : at + sound.size]
        piece += sound[: piece.size]
    loud = np.sqrt(np.mean(out[np.abs(out) > 1e-6] ** 2)) if played else 0.1
    out += rng.normal(size=out.size) * loud * 10 ** (-plan.snr_db / 20)
    return (out / max(1e-9, np.abs(out).max()) * 0.5).astype(np.float32)


def tone(seconds: float, midi: float, timbre: Timbre, rate: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """One note with its harmonics, vibrato and envelope."""
    at = np.arange(int((seconds + timbre.release_seconds) * rate)) / rate
    vibrato = (
        timbre.vibrato_cents / 100 * np.sin(6.28 * timbre.vibrato_hz * at + rng.uniform(0, 6.28)) * np.clip(at / 0.2, 0, 1)
    )
    hz = 440 * 2 ** ((midi + vibrato - 69) / 12)
    phase = 2 * np.pi * np.cumsum(hz) / rate
    wave = sum(
        (
            level * np.sin(n * phase + rng.uniform(0, 6.28))
            for n, level in enumerate(timbre.harmonics, 1)
            if n * hz.max() < 0.45 * rate
        ),
        np.zeros(at.size),
    )
    up = np.clip(at / timbre.attack_seconds, 0, 1)
    down = np.clip((seconds + timbre.release_seconds - at) / timbre.release_seconds, 0, 1)
    living = np.exp(-at * 1.1 / timbre.decay_seconds)
    return np.asarray(wave * up * down * living)


def mixed(*sounds: Sound) -> Sound:
    """Several sounds at once."""
    out = np.zeros(max(each.size for each in sounds), np.float32)
    for each in sounds:
        out[: each.size] += each
    return out / np.float32(max(1e-9, np.abs(out).max()) * 2)


def in_a_room(samples: Sound, *, seconds: float, below_db: float) -> Sound:
    """The sound with its echo, which falls by 60 dB in so many seconds and is so far below the sound; at 16 kHz."""
    at = np.arange(16_000) / 16_000
    echo = np.random.default_rng(9).normal(size=at.size) * np.exp(-6.9 * at / seconds) * (at > 0.006)
    echo *= 10 ** (-below_db / 20) / np.sqrt((echo**2).sum())
    echo[0] = 1
    size = 1 << (samples.size + echo.size).bit_length()
    wet = np.fft.irfft(np.fft.rfft(samples, size) * np.fft.rfft(echo, size), size)[: samples.size]
    return (wet / np.abs(wet).max() * 0.5).astype(np.float32)
