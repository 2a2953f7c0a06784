"""Keys, as a score writes them and as a person says them."""

FIFTHS = range(-7, 8)
TONICS = {  # how many fifths above the major key with the same accidentals a mode begins
    "major": 0,
    "ionian": 0,
    "minor": 3,
    "aeolian": 3,
    "dorian": 2,
    "phrygian": 4,
    "lydian": -1,
    "mixolydian": 1,
    "locrian": 5,
}


def name(fifths: int, mode: str) -> str | None:
    """A key in words; where a score does not say whether it is major or minor, both.

    >>> name(1, "major"), name(-3, "minor"), name(0, ""), name(0, "dorian")
    ('G major', 'C minor', 'C major or A minor', 'D dorian')
    """
    if fifths not in FIFTHS:
        return None
    if mode not in TONICS:
        return f"{_tonic(fifths)} major or {_tonic(fifths + 3)} minor"
    return f"{_tonic(fifths + TONICS[mode])} {mode}"


def _tonic(fifths: int) -> str:
    accidentals, letter = divmod(fifths + 1, 7)
    return "FCGDAEB"[letter] + ("#" * accidentals if accidentals > 0 else "b" * -accidentals)
