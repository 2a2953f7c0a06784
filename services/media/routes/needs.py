"""What media's endpoints ask for besides what every service's may."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Request
from pydantic import BeforeValidator

from services.media.errors import NoSuchFile
from services.media.world import World
from shared.fastapi_app.guards import id_or, shell

ID_CHARACTERS = 36


async def _world(request: Request) -> World:
    # No I/O, so no thread of its own.
    world: World = shell(request).world
    return world


def _file_id(text: str) -> UUID:
    return id_or(NoSuchFile, text)


def _named(text: str) -> UUID:
    """The file of a name that the server made: its id, then what sort of object it is."""
    if text[ID_CHARACTERS : ID_CHARACTERS + 1] not in ("", ".", "-"):
        raise NoSuchFile
    return _file_id(text[:ID_CHARACTERS])


FileName = Annotated[UUID, BeforeValidator(_named)]  # such as {id}.flac
FileId = Annotated[UUID, BeforeValidator(_file_id)]  # read after the caller is known, and without a thread of its own
Media = Annotated[World, Depends(_world)]

PICTURE: dict[int | str, dict[str, Any]] = {200: {"content": {"image/jpeg": {}}}, 304: {}}  # of an endpoint that sends one
