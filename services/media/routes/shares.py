"""`/files/shares`: links to one's own music; `/s/{token}`: what they lead to, for anybody who has one."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, Request, Response
from pydantic import BeforeValidator

from services.media.errors import NoSuchShare, NotForDownload
from services.media.library import bundles
from services.media.library.files import Row
from services.media.playing import covers, downloads, streams, transcodes
from services.media.playing.covers import Size
from services.media.routes.needs import FileId, Media
from services.media.schemas import shares as shapes
from services.media.schemas.shares import NewShare, ShareChange, SharedOut, ShareOut
from services.media.sharing import links
from services.media.world import World
from shared import db as database
from shared import ids, json, paging
from shared.fastapi_app.app import router as new_router
from shared.fastapi_app.guards import Db, OpenDb, SignedIn, id_or, once, shell

router = new_router()

AUDIO: dict[int | str, dict[str, Any]] = {200: {"content": {"audio/*": {}}}, 206: {"content": {"audio/*": {}}}, 304: {}}
PICTURE: dict[int | str, dict[str, Any]] = {200: {"content": {"image/jpeg": {}}}, 304: {}}
ZIP: dict[int | str, dict[str, Any]] = {200: {"content": {downloads.MEDIA_TYPE: {}}}}
UNLISTED = {"X-Robots-Tag": "noindex, nofollow"}
ANYWHERE = "cross-origin"  # whoever has the link may put it on a page


def _share_id(text: str) -> UUID:
    return id_or(NoSuchShare, text)


ShareId = Annotated[UUID, BeforeValidator(_share_id)]


@router.post("/files/shares", status_code=201, response_model=ShareOut, dependencies=[once], tags=["shares"])
def create_share(new: NewShare, caller: SignedIn, db: Db, media: Media) -> Response:
    """Make a link to some tracks, an album or a playlist of yours, for anybody who has it, signed in or not."""
    facts = new.model_dump(exclude={"tracks"})
    row = links.create(db, user_id=caller.id, file_ids=list(dict.fromkeys(new.tracks)), **facts)
    return _json(shapes.share(row, media.shares.url(row["id"])), 201)


@router.get("/files/shares", response_model=list[ShareOut], tags=["shares"])
def list_shares(
    request: Request,
    caller: SignedIn,
    db: Db,
    media: Media,
    limit: Annotated[int, Query(ge=1, le=paging.MAX_LIMIT)] = paging.LIMIT,
    offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
) -> Response:
    """Your links, newest first, also those that have expired."""
    page = links.newest(db, user_id=caller.id, limit=limit, offset=offset)
    following = offset + limit if page.has_more else None
    query = request.query_params.multi_items()
    headers = paging.offset_headers("/files/shares", query, total=page.total, next_offset=following)
    return _json([shapes.share(row, media.shares.url(row["id"])) for row in page.rows], headers=headers)


@router.get("/files/shares/{share_id}", response_model=ShareOut, tags=["shares"])
def show_share(share_id: ShareId, caller: SignedIn, db: Db, media: Media) -> Response:
    """One of your links."""
    row = links.show(db, share_id, user_id=caller.id)
    return _json(shapes.share(row, media.shares.url(row["id"])))


@router.patch("/files/shares/{share_id}", response_model=ShareOut, tags=["shares"])
def change_share(share_id: ShareId, change: ShareChange, caller: SignedIn, db: Db, media: Media) -> Response:
    """Let it end at another time or not at all, allow downloads or not any more, describe it. What you do not name stays."""
    row = links.change(db, share_id, user_id=caller.id, **change.model_dump(exclude_unset=True))
    return _json(shapes.share(row, media.shares.url(row["id"])))


@router.delete("/files/shares/{share_id}", status_code=204, tags=["shares"])
def take_share_back(share_id: ShareId, caller: SignedIn, db: Db) -> None:
    """End a link at once: what it led to plays through it no more."""
    links.take_back(db, share_id, user_id=caller.id)


@router.get("/s/{token}", response_model=SharedOut, tags=["shares"])
def follow_link(token: str, db: OpenDb, media: Media) -> Response:
    """What a link leads to, each track with addresses that play without a sign-in. Looking counts as a visit."""
    link = links.follow(db, media.shares.open(token))
    tracks = links.tracks(db, link)
    document = shapes.shared(link, links.title(db, link, tracks), tracks, media.shares.url(link["id"]))
    links.visited(db, link)
    return _json(document, headers=streams.SAFE_HEADERS | UNLISTED | {"Cache-Control": "no-store"})


@router.get("/s/{token}/zip", response_class=Response, responses=ZIP, tags=["shares"])
def download_shared(request: Request, token: str, media: Media) -> Response:
    """All of it as a ZIP, where its owner lets it be downloaded."""
    with database.transaction(shell(request).engine) as db:
        link = _for_download(links.follow(db, media.shares.open(token)))
        tracks = links.tracks(db, link)
        bundle = bundles.gathered(links.title(db, link, tracks), tracks)
    followers = ids.named(link["user_id"], "share links")  # of all its owner's links together, and not their own
    return _unlisted(downloads.answer(bundle, media, user_id=followers))


@router.head("/s/{token}/{file_id}/stream", include_in_schema=False)
@router.get("/s/{token}/{file_id}/stream", response_class=Response, responses=AUDIO, tags=["shares"])
def stream_shared(request: Request, token: str, file_id: FileId, media: Media) -> Response:
    """The bytes of a track that the link leads to, whole or one range of them, in the format that its owner chose."""
    link, file = _found(request, media, token, file_id)
    sound = {"format": link["format"], "max_bit_rate_kbps": link["max_bit_rate_kbps"] or 0}
    return _unlisted(transcodes.answer(request, file, media, listener=link["id"], resources=ANYWHERE, **sound))


@router.head("/s/{token}/{file_id}/download", include_in_schema=False)
@router.get("/s/{token}/{file_id}/download", response_class=Response, responses=AUDIO, tags=["shares"])
def download_shared_file(request: Request, token: str, file_id: FileId, media: Media) -> Response:
    """The very bytes that were uploaded, where its owner lets them be downloaded."""
    link, file = _found(request, media, token, file_id)
    _for_download(link)
    kept = {"disposition": "attachment", "resources": ANYWHERE}
    return _unlisted(streams.answer(request, file, media, listener=link["id"], **kept))


@router.head("/s/{token}/{file_id}/cover", include_in_schema=False)
@router.get("/s/{token}/{file_id}/cover", response_class=Response, responses=PICTURE, tags=["shares"])
def show_shared_cover(request: Request, token: str, file_id: FileId, media: Media, size: Size | None = None) -> Response:
    """The cover of a track that the link leads to."""
    _, file = _found(request, media, token, file_id)
    return _unlisted(covers.answer(request, file, media, side=covers.pixels(size), resources=ANYWHERE))


def _found(request: Request, media: World, token: str, file_id: UUID) -> tuple[Row, Row]:
    """The link and where the bytes of a track of it are, in a transaction that is over when this returns."""
    with database.transaction(shell(request).engine) as db:
        link = links.follow(db, media.shares.open(token))
        return link, links.track(db, link, file_id)


def _for_download(link: Row) -> Row:
    if not link["can_download"]:
        raise NotForDownload
    return link


def _unlisted(response: Response) -> Response:
    response.headers.update(UNLISTED)
    return response


def _json(document: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(json.dumps(document), status, headers, "application/json")
