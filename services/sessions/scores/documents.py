"""A score as a child of the nursery reads it: unpacked, decoded, bounded, and its facts. Runs there, and nowhere else."""

from pathlib import Path
from typing import Any

from services.sessions.scores import facts, guarded, packed
from services.sessions.scores.guarded import Broken, Hostile


def read_score(path: str, *, is_text: bool, into: str) -> dict[str, Any]:
    """The `facts` of the score in a file; or in words why it is `refused` (it is hostile) or `unreadable` (it is broken).

    With `is_text` the file is UTF-8, whatever the document says, and stays as it is. Otherwise it is as somebody sent it,
    MusicXML in any encoding or packed, and its text is written to the file `into`.
    """
    try:
        content = Path(path).read_bytes()
        text = _checked(content.decode()) if is_text else guarded.as_text(_unpacked(content))
        found = facts.of(text)
    except Hostile as reason:
        return {"refused": str(reason)}
    except Broken as reason:
        return {"unreadable": str(reason)}
    if not is_text:
        Path(into).write_bytes(text.encode())
    return {"facts": found}


def _checked(text: str) -> str:
    guarded.refuse_encoding(text)
    return text


def _unpacked(content: bytes) -> bytes:
    return packed.score_in(content) if packed.is_packed(content) else content
