"""Bytes on their way to whoever is signed in: streams, downloads, covers, and albums and playlists as a ZIP."""

from typing import Annotated, Any

from fastapi import Query, Request, Response

from services.media.library import bundles
from services.media.playing import covers, downloads, streams, transcodes
from services.media.playing.covers import Size
from services.media.routes.needs import PICTURE, FileId, FileName, Media
from services.media.schemas.files import CoversOut, Sound
from services.media.schemas.tracks import DeletedOut
from services.media.tasks import deleting
from shared import db as database
from shared.fastapi_app.app import router as new_router
from shared.fastapi_app.guards import Db, SignedIn, SignedInUncounted, shell

router = new_router()

AUDIO: dict[int | str, dict[str, Any]] = {200: {"content": {"audio/*": {}}}, 206: {"content": {"audio/*": {}}}, 304: {}}
ZIP: dict[int | str, dict[str, Any]] = {200: {"content": {downloads.MEDIA_TYPE: {}}}}


@router.head("/files/{file_id}/stream", include_in_schema=False)
@router.get("/files/{file_id}/stream", response_class=Response, responses=AUDIO, tags=["files"])
async def stream_file(
    request: Request, caller: SignedInUncounted, file_id: FileId, media: Media, sound: Annotated[Sound, Query()]
) -> Response:
    """The bytes of a file that you may hear, whole or one range of them, as they play best; or in another format.

    What is not kept in that format yet is sent while it is encoded, without ranges; a moment later it has them.
    """
    return await transcodes.play(request, file_id, media, user_id=caller.id, **dict(sound))


@router.head("/files/{file_id}/download", include_in_schema=False)
@router.get("/files/{file_id}/download", response_class=Response, responses=AUDIO, tags=["files"])
def download_file(request: Request, caller: SignedInUncounted, file_id: FileId, media: Media) -> Response:
    """The very bytes that were uploaded, under the name they had."""
    file = media.places.find(shell(request).engine, file_id, user_id=caller.id)
    return streams.answer(request, file, media, disposition="attachment", listener=caller.id)


@router.head("/files/audio/{filename}", include_in_schema=False)
@router.get("/files/audio/{filename}", response_class=Response, responses=AUDIO, tags=["files"])
def stream_by_name(request: Request, caller: SignedInUncounted, filename: FileName, media: Media) -> Response:
    """The same as `/files/{id}/stream`, by the last part of a `file_path`, as it is."""
    file = media.places.find(shell(request).engine, filename, user_id=caller.id)
    return streams.answer(request, streams.twin(file), media, listener=caller.id)


@router.delete("/files/audio/{filename}", tags=["files"])
def delete_by_name(caller: SignedIn, filename: FileName, db: Db, media: Media) -> DeletedOut:
    """The same as deleting `/files/{id}`, answered in JSON as Sinuzoid's client expects it."""
    file = deleting.delete_file(db, filename, user_id=caller.id)
    database.after_commit(db, lambda: media.drop(file))
    return DeletedOut(message="The track is deleted.", deleted_count=1)


@router.head("/files/{file_id}/cover", include_in_schema=False)
@router.get("/files/{file_id}/cover", response_class=Response, responses=PICTURE, tags=["files"])
def show_cover(
    request: Request, caller: SignedInUncounted, file_id: FileId, media: Media, size: Size | None = None
) -> Response:
    """The cover of a file: a JPEG of at most 1,000 pixels a side, or about `size`: 150, 300 or 600 (small, medium, large)."""
    file = media.places.find(shell(request).engine, file_id, user_id=caller.id)
    return covers.answer(request, file, media, side=covers.pixels(size))


@router.head("/files/cover/{filename}", include_in_schema=False)
@router.get("/files/cover/{filename}", response_class=Response, responses=PICTURE, tags=["files"])
def show_cover_by_name(request: Request, caller: SignedInUncounted, filename: FileName, media: Media) -> Response:
    """The same as `/files/{id}/cover`, by the last part of a `cover_path`."""
    return show_cover(request, caller, filename, media)


@router.head("/files/cover/{filename}/thumbnail/{size}", include_in_schema=False)
@router.get("/files/cover/{filename}/thumbnail/{size}", response_class=Response, responses=PICTURE, tags=["files"])
def show_thumbnail(request: Request, caller: SignedInUncounted, filename: FileName, size: Size, media: Media) -> Response:
    """The same in one of the small sizes."""
    return show_cover(request, caller, filename, media, size)


@router.get("/files/cover/{filename}/thumbnails", tags=["files"])
def list_thumbnails(request: Request, caller: SignedIn, filename: FileName, media: Media) -> CoversOut:
    """Addresses of a cover in every size, for `<img>`."""
    file = media.places.find(shell(request).engine, filename, user_id=caller.id)
    covers.must_have(file)
    urls = {
        what: media.playables.url(filename, what, user_id=caller.id, session_id=caller.session_id) for what in covers.PIXELS
    }
    return CoversOut.model_validate(urls)


@router.head("/files/albums/{album_id}/cover", include_in_schema=False)
@router.get("/files/albums/{album_id}/cover", response_class=Response, responses=PICTURE, tags=["files"])
def show_album_cover(
    request: Request, caller: SignedInUncounted, album_id: FileId, media: Media, size: Size | None = None
) -> Response:
    """The cover of an album: that of one of its tracks."""
    with database.transaction(shell(request).engine, user_id=caller.id) as db:
        file_id = bundles.cover_of_album(db, album_id, user_id=caller.id)
    return show_cover(request, caller, file_id, media, size)


@router.get("/files/albums/{album_id}/zip", response_class=Response, responses=ZIP, tags=["files"])
def download_album(request: Request, caller: SignedIn, album_id: FileId, media: Media) -> Response:
    """An album as a ZIP of the files that were uploaded."""
    with database.transaction(shell(request).engine, user_id=caller.id) as db:
        album = bundles.of_album(db, album_id, user_id=caller.id)
    return downloads.answer(album, media, user_id=caller.id)


@router.get("/playlists/{playlist_id}/zip", response_class=Response, responses=ZIP, tags=["playlists"])
def download_playlist(request: Request, caller: SignedIn, playlist_id: FileId, media: Media) -> Response:
    """A playlist, your own or a public one, as a ZIP of the files that were uploaded."""
    with database.transaction(shell(request).engine, user_id=caller.id) as db:
        playlist = bundles.of_playlist(db, playlist_id, user_id=caller.id)
    return downloads.answer(playlist, media, user_id=caller.id)
