"""A tune as MusicXML, and somebody playing it: with a wrong note, without a note, or not at all."""

import io
import wave
from collections.abc import Mapping, Sequence

import numpy as np

RATE_HZ = 16_000
NOTES = ("C4", "D4", "E4", "F4", "G4", "A4", "G4", "E4", "F4", "D4", "B3", "G3", "C4", "E4", "D4", "C4")  # four measures
SEMITONES = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
BPM = 150.0
LEAD_SECONDS = 0.3


def score(notes: Sequence[str] = NOTES, *, bpm: float | None = BPM, beats: int = 4) -> str:
    """The notes as quarters, so many to a measure."""
    measures = [notes[start : start + beats] for start in range(0, len(notes), beats)]
    written = "".join(
        f'<measure number="{number}">{_attributes(beats, bpm) if number == 1 else ""}{"".join(map(_note, some))}</measure>'
        for number, some in enumerate(measures, 1)
    )
    parts = '<part-list><score-part id="P1"><part-name>Flute</part-name></score-part></part-list>'
    return f'<?xml version="1.0"?><score-partwise version="4.0">{parts}<part id="P1">{written}</part></score-partwise>'


def played(notes: Sequence[str | None] = NOTES, *, bpm: float = BPM, late: Mapping[int, float] | None = None) -> bytes:
    """A WAV of somebody playing that; None is a note left out, `late` by its place in seconds."""
    sound = np.zeros(int((LEAD_SECONDS + len(notes) * 60 / bpm + 0.5) * RATE_HZ))
    for place, note in enumerate(notes):
        if note is not None:
            start = int((LEAD_SECONDS + place * 60 / bpm + (late or {}).get(place, 0)) * RATE_HZ)
            tone = _tone(midi(note), 0.9 * 60 / bpm)
            sound[start : start + tone.size] += tone[: sound.size - start]
    return wav(sound + np.random.default_rng(7).normal(0, 0.0005, sound.size))


def silence(seconds: float = 3.0) -> bytes:
    """A WAV in which nothing is to be heard."""
    return wav(np.zeros(int(seconds * RATE_HZ)))


def with_wrong(place: int, note: str | None) -> list[str | None]:
    """The tune with another note, or none, in one place."""
    return [*NOTES[:place], note, *NOTES[place + 1 :]]


def midi(note: str) -> int:
    """The number of a note such as F#4."""
    return SEMITONES[note[0]] + ("#" in note) + 12 * (int(note[-1]) + 1)


def name(number: int) -> str:
    """The note of a number, with a sharp where it needs one."""
    octave, within = divmod(number, 12)
    step = max((each for each in SEMITONES if SEMITONES[each] <= within), key=SEMITONES.__getitem__)
    return f"{step}{'#' * (within - SEMITONES[step])}{octave - 1}"


def wav(sound: np.ndarray) -> bytes:
    """One channel of 16 bits."""
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        file.writeframes((np.clip(sound, -1, 1) * 32_767).astype("<i2").tobytes())
    return out.getvalue()


def _tone(number: int, seconds: float) -> np.ndarray:
    at = np.arange(int(seconds * RATE_HZ)) / RATE_HZ
    hz = 440 * 2 ** ((number - 69) / 12)
    partials = sum(np.sin(2 * np.pi * hz * times * at) / times for times in range(1, 5))
    return 0.2 * partials * np.minimum(1, at / 0.01) * np.minimum(1, (at[-1] - at) / 0.03)


def _attributes(beats: int, bpm: float | None) -> str:
    time = f"<time><beats>{beats}</beats><beat-type>4</beat-type></time>"
    tempo = f'<sound tempo="{bpm}"/>' if bpm else ""
    return f"<attributes><divisions>1</divisions><key><fifths>0</fifths></key>{time}</attributes>{tempo}"


def _note(name: str) -> str:
    alter = "<alter>1</alter>" if "#" in name else ""
    pitch = f"<pitch><step>{name[0]}</step>{alter}<octave>{name[-1]}</octave></pitch>"
    return f"<note>{pitch}<duration>1</duration><type>quarter</type></note>"
