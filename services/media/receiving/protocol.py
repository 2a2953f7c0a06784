"""The words of tus 1.0 (https://tus.io/protocols/resumable-upload): what its headers say, read strictly."""

import base64
import binascii
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

from services.media.errors import BadTusHeader, NotOffsetStream, OtherTusVersion
from services.media.receiving.multipart import clean_name

VERSION = "1.0.0"
EXTENSIONS = "creation,creation-with-upload,creation-defer-length,termination,expiration,checksum"
ALGORITHMS = ("sha1", "sha256", "md5")
OFFSET_STREAM = "application/offset+octet-stream"
LARGEST_NUMBER = 2**53  # what JavaScript counts exactly
MAX_METADATA_CHARACTERS = 8192
KEY = re.compile(r"[!-+\--~]{1,255}")  # ASCII but for space and comma


@dataclass(frozen=True, slots=True)
class Checksum:
    """What the bytes of one request must add up to."""

    algorithm: str
    digest: bytes

    def begin(self) -> Any:
        """A fresh hash of its kind; no secret hangs on it, so md5 and sha1 do."""
        return hashlib.new(self.algorithm, usedforsecurity=False)


def check_version(headers: Mapping[str, str]) -> None:
    """Raises OtherTusVersion where the request speaks another one, or does not say which."""
    if headers.get("tus-resumable") != VERSION:
        raise OtherTusVersion


def check_type(headers: Mapping[str, str]) -> None:
    """Raises NotOffsetStream where the body is not what tus sends."""
    if headers.get("content-type", "").partition(";")[0].strip().lower() != OFFSET_STREAM:
        raise NotOffsetStream


def number(headers: Mapping[str, str], name: str) -> int | None:
    """A header that counts bytes, None where it is not there. Raises BadTusHeader.

    >>> number({"upload-offset": "70"}, "Upload-Offset")
    70
    """
    said = headers.get(name.lower())
    if said is None:
        return None
    if not (said.isascii() and said.isdigit() and len(said) < 20 and int(said) <= LARGEST_NUMBER):
        raise BadTusHeader(header=name)
    return int(said)


def metadata(headers: Mapping[str, str]) -> dict[str, bytes]:
    """Upload-Metadata: keys, each with its value. Raises BadTusHeader.

    >>> metadata({"upload-metadata": "filename bWludWV0LmZsYWM=,is_draft"})
    {'filename': b'minuet.flac', 'is_draft': b''}
    """
    said, found = headers.get("upload-metadata", ""), dict[str, bytes]()
    if len(said) > MAX_METADATA_CHARACTERS:
        raise BadTusHeader(header="Upload-Metadata")
    for pair in said.split(",") if said.strip() else ():
        key, _, value = pair.strip().partition(" ")
        if not KEY.fullmatch(key) or key in found:
            raise BadTusHeader(header="Upload-Metadata")
        found[key] = _decoded(value.strip(), "Upload-Metadata")
    return found


def filename(told: Mapping[str, bytes]) -> str:
    """What the file is called, as a name to show; `filename` as tusd has it, `name` as Uppy sends it too."""
    return clean_name((told.get("filename") or told.get("name") or b"").decode("utf-8", "replace"))


def checksum(headers: Mapping[str, str]) -> Checksum | None:
    """Upload-Checksum. Raises BadTusHeader where it is no digest, or of a kind that we do not know."""
    said = headers.get("upload-checksum")
    if said is None:
        return None
    algorithm, _, digest = said.partition(" ")
    if algorithm not in ALGORITHMS:
        raise BadTusHeader(header="Upload-Checksum", algorithms=list(ALGORITHMS))
    found = Checksum(algorithm, _decoded(digest.strip(), "Upload-Checksum"))
    if len(found.digest) != found.begin().digest_size:
        raise BadTusHeader(header="Upload-Checksum")
    return found


def instant(at: datetime) -> str:
    """As Upload-Expires has it (RFC 9110)."""
    return format_datetime(at.astimezone(UTC), usegmt=True)


def _decoded(value: str, header: str) -> bytes:
    try:
        return base64.b64decode(value.encode("ascii"), validate=True)
    except (UnicodeEncodeError, binascii.Error) as reason:
        raise BadTusHeader(header=header) from reason
