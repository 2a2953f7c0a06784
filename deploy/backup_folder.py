"""What a backup is: a folder with everything of an installation that cannot be made again, and nothing else.

    manifest.json  what is in it         objects/  the buckets of the embedded store; none where S3_ENDPOINT names another
    database.dump  in pg_dump's format   secrets/  the master secrets, which open what is sealed in the database

Whoever has this folder has everything, so it is closed to others (0700).
"""

import asyncio
import hashlib
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from deploy.settings import Unusable

MANIFEST, DUMP, OBJECTS, SECRETS = "manifest.json", "database.dump", "objects", "secrets"
IN_FLIGHT = ".rclone_temp_"  # how the names begin of what the embedded store is in the middle of writing


class Objects(BaseModel):
    """How many objects there are, and their bytes together."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    count: int = 0
    size_bytes: int = 0


class Manifest(BaseModel):
    """What a backup says of itself. Another `format` is another way to lay out the folder."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    format: Literal[1] = 1
    tutti: str
    made_at: datetime
    services: dict[str, str]  # the Alembic revision of each service's schema
    objects: Objects | None  # None: they are in an S3 of the operator's own, and are not in here
    dump_sha256: str


def read(folder: Path) -> Manifest:
    """The manifest of a backup whose dump and objects are what it says. Raises Unusable, saying what is not."""
    try:
        manifest = Manifest.model_validate_json((folder / MANIFEST).read_bytes())
    except FileNotFoundError as reason:
        raise Unusable(f"{folder} is no backup: it holds no {MANIFEST}.") from reason
    except ValidationError as reason:
        raise Unusable(f"{folder}/{MANIFEST} is not of a format that this Tutti reads.") from reason
    if not (folder / DUMP).is_file() or sha256(folder / DUMP) != manifest.dump_sha256:
        raise Unusable(f"{folder}/{DUMP} is damaged: its SHA-256 is not the one in {MANIFEST}.")
    if manifest.objects is not None and (found := count(folder / OBJECTS)) != manifest.objects:
        raise Unusable(
            f"{folder}/{OBJECTS} is not whole: it holds {found.count} objects of {found.size_bytes} bytes, "
            f"and should hold {manifest.objects.count} of {manifest.objects.size_bytes}."
        )
    return manifest


def sha256(file: Path) -> str:
    """The SHA-256 of what is in `file`, in hexadecimal."""
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def count(folder: Path) -> Objects:
    """What objects there are below `folder`."""
    sizes = [file.stat().st_size for file in _files(folder)]
    return Objects(count=len(sizes), size_bytes=sum(sizes))


async def link(source: Path, target: Path) -> None:
    """Give every object below `source` a second name below `target`; on another file system, copy it.

    A second name is as good as a copy, because an object is never written to again. One that is deleted meanwhile is left out.
    """
    await _each(source, target, _link_or_copy)


async def copy(source: Path, target: Path) -> None:
    """Copy every object below `source` to `target`."""
    await _each(source, target, shutil.copy2)


async def _each(source: Path, target: Path, bring: Callable[[Path, Path], object]) -> None:
    target.mkdir(mode=0o700, exist_ok=True)
    for file in _files(source):
        there = target / file.relative_to(source)
        there.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        bring(file, there)
        await asyncio.sleep(0)  # so that a signal is heard between two objects


def _link_or_copy(source: Path, target: Path) -> None:
    with suppress(FileNotFoundError):
        try:
            os.link(source, target)
        except FileNotFoundError:
            raise
        except OSError:
            shutil.copy2(source, target)


def _files(folder: Path) -> Iterator[Path]:
    def refuse(reason: OSError) -> None:
        if not isinstance(reason, FileNotFoundError):  # a folder that was emptied meanwhile
            raise reason

    for inside, _, names in os.walk(folder, onerror=refuse):
        yield from (Path(inside) / name for name in names if not name.startswith(IN_FLIGHT))
