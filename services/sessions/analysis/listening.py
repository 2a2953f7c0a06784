"""One performance from its files to its result. Runs in a child of the nursery, and nowhere else."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from services.sessions.analysis import decoding, results, spectrograms, words
from services.sessions.analysis.axes import Timeline
from services.sessions.analysis.decoding import RATE_HZ, NotHeard, Sound
from services.sessions.analysis.judging import judge
from services.sessions.analysis.notes import Expected, Judgement, Verdict, beginning_at
from services.sessions.scores import expected, marking
from services.sessions.scores.expected import Expectation, NoSuchPart
from services.sessions.scores.guarded import Broken, Hostile
from shared import json

USUAL_BPM = 100.0  # where neither the player nor the score names a tempo
TEMPI_BPM = (10.0, 400.0)  # that the ear takes
NO_TEMPO = f"Neither you nor the score named a tempo, so {USUAL_BPM:.0f} quarter notes a minute were taken as the one meant."
HIGHEST_LINE = "Where the part has several notes at once, only the highest was expected."
AS_PRINTED = "The repeats and jumps of the score lead nowhere, so it was read as printed, from the first measure to the last."
COUNTED = "The measures of this score are not numbered one after the other, so they are counted here: the first is measure 1."
CUT = f"Only the first {decoding.MAX_SECONDS // 60} minutes of the recording were listened to."


def analyse(
    *,
    recording: str,
    score: str,
    into: str,
    instrument: str,
    part: str | None,
    tempo_bpm: float | None,
    starting_measure: int,
    pipe: int,
) -> dict[str, Any]:
    """Hold the recording in one file against the MusicXML in another, and write the result (see `results`) to the file `into`.

    How far it is goes to the pipe, a line each time: percent, a space, what is being done. The answer is empty, or says what
    could not be read: `{"failed": "score" | "part" | "recording", "why": ...}`.
    """

    def told(percent: int, step: str) -> None:
        os.write(pipe, f"{percent} {step}\n".encode())

    try:
        told(2, "reading the score")
        wanted = expected.of(Path(score).read_text("utf-8"), part=part, instrument=instrument)
        told(8, "reading the recording")
        sound = decoding.decode(Path(recording))
    except NoSuchPart as reason:
        return {"failed": "part", "why": str(reason)}
    except (Broken, Hostile) as reason:
        return {"failed": "score", "why": str(reason)}
    except NotHeard as reason:
        return {"failed": "recording", "why": str(reason)}
    notes = beginning_at(wanted.notes, starting_measure)
    bpm = tempo_bpm or expected.tempo_at(wanted, notes[0].onset_beats if notes else 0.0)
    told(20, "listening")
    asked_bpm = min(max(bpm or USUAL_BPM, TEMPI_BPM[0]), TEMPI_BPM[1])
    judgement = judge(sound.samples, RATE_HZ, wanted.notes, tempo_bpm=asked_bpm, starting_measure=starting_measure)
    remarks = _remarks(wanted, sound, is_tempo_known=bpm is not None)
    result = results.document(judgement, begins=wanted.begins, remarks=remarks)
    reached = words.upto(judgement)
    result |= _pictures(judgement, reached, notes, wanted, sound, told)
    told(95, "marking the score")
    result["marked-up-musicxml"] = marking.marked(Path(score).read_text("utf-8"), reached)
    Path(into).write_bytes(json.dumps(result))
    return {}


def _remarks(wanted: Expectation, sound: Sound, *, is_tempo_known: bool) -> Sequence[str]:
    said = {
        NO_TEMPO: not is_tempo_known,
        HIGHEST_LINE: wanted.is_polyphonic,
        AS_PRINTED: not wanted.repeats_followed,
        COUNTED: not wanted.is_numbered,
        CUT: sound.is_cut,
    }
    return [remark for remark, holds in said.items() if holds]


def _pictures(
    judgement: Judgement,
    reached: Sequence[Verdict],
    notes: Sequence[Expected],
    wanted: Expectation,
    sound: Sound,
    told: Callable[[int, str], None],
) -> dict[str, str]:
    timeline = Timeline(judgement, reached, first_beat=notes[0].onset_beats if notes else 0.0)
    lines = [timeline.at(beat) for beat in wanted.begins.values()]
    told(75, "drawing what was played")
    played = spectrograms.user(sound.samples, RATE_HZ, reached, lines)
    told(88, "drawing what was meant")
    return {
        "user-spectrogram": played,
        "target-spectrogram": spectrograms.target(notes, sound.seconds, reached, lines, timeline),
    }
