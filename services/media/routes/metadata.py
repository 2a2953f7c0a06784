"""`/files/tracks/.../metadata` and `/lyrics`: what tracks say of themselves, and saying it better."""

from typing import Annotated, Any

from fastapi import Header, Response

from services.media.library import lyrics, metadata
from services.media.library.files import Row
from services.media.routes.needs import FileName
from services.media.schemas.tracks import (
    LineOut,
    LyricsOut,
    ManyChangedOut,
    ManyChanges,
    MetadataChange,
    MetadataOut,
    NewLyrics,
    tags,
)
from shared import json
from shared.fastapi_app.app import router as new_router
from shared.fastapi_app.guards import Db, SignedIn

router = new_router()

IfMatch = Annotated[str | None, Header(description="The ETag that your change is meant for; 412 where it has changed since.")]


@router.patch("/files/tracks/metadata", tags=["tracks"])
def change_metadata_of_many(new: ManyChanges, caller: SignedIn, db: Db) -> ManyChangedOut:
    """Say the same of many tracks: of all of them, or of none. Album, artist and genre follow at once."""
    wanted = list(dict.fromkeys(new.track_ids))
    metadata.edit(db, wanted, user_id=caller.id, **new.changes.model_dump(exclude_unset=True))
    return ManyChangedOut(message="These tracks are changed.", updated_count=len(wanted))


@router.get("/files/tracks/{track_id}/metadata", response_model=MetadataOut, tags=["tracks"])
def show_metadata(track_id: FileName, caller: SignedIn, db: Db) -> Response:
    """All that a track says of itself, lyrics too. Its ETag is for `If-Match` of a change."""
    return _told(metadata.show(db, track_id, user_id=caller.id))


@router.patch("/files/tracks/{track_id}/metadata", response_model=MetadataOut, tags=["tracks"])
def change_metadata(track_id: FileName, change: MetadataChange, caller: SignedIn, db: Db, if_match: IfMatch = None) -> Response:
    """Say something else of a track; the file itself stays as it is. Album, artist and genre follow at once."""
    facts = change.model_dump(exclude_unset=True)
    metadata.edit(db, [track_id], user_id=caller.id, versions=_versions(if_match), **facts)
    return _told(metadata.show(db, track_id, user_id=caller.id))


@router.get("/files/tracks/{track_id}/lyrics", response_model=LyricsOut, tags=["tracks"])
def show_lyrics(track_id: FileName, caller: SignedIn, db: Db) -> Response:
    """The lyrics of a track; where only synced ones are there, the plain ones are those without their times."""
    return _sung(metadata.show(db, track_id, user_id=caller.id))


@router.put("/files/tracks/{track_id}/lyrics", response_model=LyricsOut, tags=["tracks"])
def put_lyrics(track_id: FileName, new: NewLyrics, caller: SignedIn, db: Db, if_match: IfMatch = None) -> Response:
    """Lyrics in place of those that there were; lines that begin with their time, as LRC has them, are synced."""
    facts = lyrics.told_apart(new.lyrics, new.synced_lyrics)
    metadata.edit(db, [track_id], user_id=caller.id, versions=_versions(if_match), **facts)
    return _sung(metadata.show(db, track_id, user_id=caller.id))


def _told(row: Row) -> Response:
    return _json(tags(row), row)


def _sung(row: Row) -> Response:
    synced = row["synced_lyrics"]
    lines = [LineOut.model_validate(each).model_dump() for each in lyrics.lines(synced)] if synced else []
    words = row["lyrics"] or (lyrics.plain(synced) if synced else None)
    return _json({"track_id": row["id"], "lyrics": words, "synced_lyrics": synced, "lines": lines}, row)


def _json(body: dict[str, Any], row: Row) -> Response:
    headers = {"ETag": f'"{metadata.version(row)}"', "Cache-Control": "private, no-cache"}
    return Response(json.dumps(body), headers=headers, media_type="application/json")


def _versions(if_match: str | None) -> list[str] | None:
    """The versions that an If-Match names; None where any will do."""
    if if_match is None or if_match.strip() == "*":
        return None
    return [each.strip().removeprefix("W/").strip('"') for each in if_match.split(",")]
