"""A recording as it arrives: in Base64, plain or as a data URL, and out of it the bytes and the type they claim to be."""

import binascii
import re
from dataclasses import dataclass

from services.sessions.errors import RecordingTooLarge, RecordingUnreadable

FIELD = "audioBase64"
UNDECLARED = "application/octet-stream"
DATA_URL = "data:"
TYPE = re.compile(r"[a-zA-Z0-9.+-]{1,60}/[a-zA-Z0-9.+-]{1,60}(; ?[a-zA-Z0-9-]{1,40}=\"?[a-zA-Z0-9., +-]{1,60}\"?){0,4}")


@dataclass(frozen=True, slots=True)
class Recording:
    """The bytes of one recording. What they really are, media finds out."""

    content: bytes
    declared_type: str


def decode(text: str, *, max_bytes: int, field: str = FIELD) -> Recording | None:
    """The recording in `text`; None where that is empty, which is how the client says that there is none.

    Raises RecordingTooLarge before anything is decoded, RecordingUnreadable; `field` is what the client calls it.

    >>> decode("data:audio/webm;codecs=opus;base64,AAEC", max_bytes=9)
    Recording(content=b'\\x00\\x01\\x02', declared_type='audio/webm;codecs=opus')
    """
    if not text:
        return None
    declared_type, encoded = _parts(text, field)
    if not encoded:
        return None  # a recorder that captured nothing sends a data URL of nothing
    size_bytes = len(encoded) // 4 * 3 - encoded[-2:].count("=")
    if size_bytes > max_bytes:
        raise RecordingTooLarge(max_bytes=max_bytes, size_bytes=size_bytes)
    try:
        return Recording(binascii.a2b_base64(encoded, strict_mode=True), declared_type)
    except ValueError as reason:
        raise _unreadable(field, "is not Base64") from reason


def _parts(text: str, field: str) -> tuple[str, str]:
    if not text.startswith(DATA_URL):
        return UNDECLARED, text
    head, found, encoded = text.partition(";base64,")
    if not found:
        raise _unreadable(field, "is a data URL without ;base64,")
    declared_type = head.removeprefix(DATA_URL)
    return declared_type if TYPE.fullmatch(declared_type) else UNDECLARED, encoded


def _unreadable(field: str, why: str) -> RecordingUnreadable:
    return RecordingUnreadable(errors=[{"field": field, "message": why}])
