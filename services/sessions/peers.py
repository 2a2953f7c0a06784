"""What sessions asks of other services: media keeps the recordings and mints the addresses that play them."""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from shared import trust
from shared.calls import Peer, PeerRefused, PeerUnavailable
from shared.config import Settings
from shared.errors import Problem
from shared.logs import log

STORING_SECONDS = 90  # media has this long to probe and store 64 MiB
MINTING_SECONDS = 3  # a list does not wait longer for addresses: it answers without
FETCHED_BYTES = 256 * 1024 * 1024  # no recording is larger, whatever the settings say
ANY_TYPE = "application/octet-stream"
NOT_JOINED = frozenset({404, 413, 415, 422})  # what asking again does not change
PASSED_ON = frozenset({402, 413, 415, 422, 429})  # what media may say to the person who sent the recording

MediaRefused = PeerRefused
MediaUnavailable = PeerUnavailable


def all_of(settings: Settings) -> trust.Peers:
    """Every other service, by name: auth says who is calling, and events go to whoever asked for them."""
    return trust.peers(settings)


@dataclass(frozen=True)
class Media:
    """The two ways in which media is asked: with patience, and without."""

    storing: Peer
    minting: Peer

    def close(self) -> None:
        """Close the connections."""
        self.storing.close()
        self.minting.close()


@dataclass(frozen=True, slots=True)
class Owner:
    """The person and the sign-in that a call to media is made for. A job acts for a person alone."""

    user_id: UUID
    sign_in_id: UUID | None = None


def media(settings: Settings) -> Media:
    """Media, as the settings name it."""

    def peer(read_seconds: float) -> Peer:
        return Peer(
            settings.service_name,
            "media",
            url=settings.peer_urls["media"],
            key=settings.internal_keys["media"],
            read_seconds=read_seconds,
        )

    return Media(storing=peer(STORING_SECONDS), minting=peer(MINTING_SECONDS))


def store_recording(media: Media, session_id: UUID, content: bytes, *, declared_type: str, owner: Owner) -> UUID:
    """Have media keep the recording of a session; the id of its file. May be repeated: the last one counts.

    Raises PeerRefused with media's own words where it is no audio, too large or over the quota; else PeerUnavailable.
    """
    try:
        stored = media.storing.put(
            f"/recordings/{session_id}",
            content,
            content_type=declared_type,
            user_id=owner.user_id,
            session_id=owner.sign_in_id,
        )
    except PeerRefused as refused:
        if refused.status in PASSED_ON:
            raise
        raise PeerUnavailable(peer="media") from refused
    return UUID(stored["id"])


def store_chunk(media: Media, session_id: UUID, number: int, content: bytes, *, owner: Owner) -> None:
    """Have media keep a piece of the recording of a session that goes on. May be repeated. Raises as `store_recording` does."""
    try:
        media.storing.put(f"/recordings/{session_id}/chunks/{number}", content, content_type=ANY_TYPE, user_id=owner.user_id)
    except PeerRefused as refused:
        if refused.status in PASSED_ON:
            raise
        raise PeerUnavailable(peer="media") from refused


def join_recording(media: Media, session_id: UUID, *, owner: Owner) -> UUID:
    """Have media make one recording of the pieces of a session; the id of its file. May be repeated: it is made once.

    Raises MediaRefused where the pieces make no audio, or there are none; else MediaUnavailable.
    """
    try:
        joined = media.storing.post(f"/recordings/{session_id}/join", {}, user_id=owner.user_id)
    except PeerRefused as refused:
        if refused.status in NOT_JOINED:
            raise
        raise PeerUnavailable(peer="media") from refused
    return UUID(joined["id"])


def drop_chunks(media: Media, session_id: UUID, *, owner: Owner) -> None:
    """Have media throw the pieces of a recording away. May be repeated; where media is away, it does so itself in two days."""
    try:
        media.storing.delete(f"/recordings/{session_id}/chunks", user_id=owner.user_id)
    except Problem as reason:
        log(__name__).warning("chunks.left_to_media", reason=type(reason).__name__)


def fetch_recording(media: Media, recording_id: UUID, *, owner: Owner, into: Path) -> None:
    """Write a recording to `into`, byte for byte as it was played in.

    Raises MediaRefused with status 404 where there is none any more, MediaUnavailable; then `into` holds a part at most.
    """
    with into.open("wb") as file:
        media.storing.fetch(f"/recordings/{recording_id}/bytes", file, at_most=FETCHED_BYTES, user_id=owner.user_id)


def playable(media: Media, file_ids: Collection[UUID], *, owner: Owner) -> dict[UUID, str]:
    """Addresses that play these files, for this sign-in; one call for a whole list. Empty while media is not answering."""
    if not file_ids:
        return {}
    wanted = {"file_ids": [str(each) for each in file_ids]}
    try:
        found = media.minting.post("/playable", wanted, user_id=owner.user_id, session_id=owner.sign_in_id)
    except Problem as reason:
        log(__name__).warning("recordings.not_playable", reason=type(reason).__name__)
        return {}
    return {UUID(file_id): url for file_id, url in found.items() if url}
