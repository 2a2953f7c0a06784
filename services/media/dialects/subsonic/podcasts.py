"""Podcasts: those that are made here, and managed where they are made. Feeds from elsewhere are not followed."""

from typing import Any

from services.media.dialects.subsonic import shapes
from services.media.dialects.subsonic.failures import NotYours
from services.media.dialects.subsonic.frame import Answer, Signed, method
from services.media.errors import NoSuchPodcast
from services.media.library import episodes
from services.media.library.files import Row
from shared import clock

COMPLETED = "completed"  # of the protocol: the bytes are here
NEWEST = 20
MOST = 500


@method("getPodcasts")
def list_podcasts(call: Signed) -> Answer:
    """One's podcasts, with their episodes unless `includeEpisodes` says no."""
    only, is_whole = call.parameters.maybe_id("id"), call.parameters.flag("includeEpisodes", default=True)
    with call.transaction() as db:
        found = [each for each in episodes.podcasts(db, user_id=call.user_id) if only in (None, each.id)]
        shown = _episodes(call, db, [row for each in found for row in each.episodes]) if is_whole else []
    if only and not found:
        raise NoSuchPodcast
    return {"podcasts": {"channel": [_channel(call, each, shown, is_whole=is_whole) for each in found]}}


@method("getNewestPodcasts")
def list_newest(call: Signed) -> Answer:
    """The newest episodes of all of them."""
    count = call.parameters.number("count", NEWEST, least=0, most=MOST)
    with call.transaction() as db:
        shown = _episodes(call, db, episodes.newest(db, user_id=call.user_id, limit=count))
    return {"newestPodcasts": {"episode": shown}}


@method("getPodcastEpisode")
def show_episode(call: Signed) -> Answer:
    """One episode."""
    with call.transaction() as db:
        [shown] = _episodes(call, db, [episodes.show(db, call.parameters.id(), user_id=call.user_id)])
    return {"podcastEpisode": shown}


@method("refreshPodcasts")
def refresh(_call: Signed) -> Answer:
    """There is nothing to fetch: an episode is here as soon as it is made."""
    return {}


@method("downloadPodcastEpisode")
def download_episode(call: Signed) -> Answer:
    """The server has every episode already."""
    with call.transaction() as db:
        episodes.show(db, call.parameters.id(), user_id=call.user_id)
    return {}


@method("createPodcastChannel", "deletePodcastChannel", "deletePodcastEpisode")
def refuse(_call: Signed) -> Answer:
    """Feeds from elsewhere are not followed, and what is made here is deleted where it is made."""
    raise NotYours


def _channel(call: Signed, podcast: episodes.Podcast, shown: list[dict[str, Any]], *, is_whole: bool) -> dict[str, Any]:
    channel = {
        "id": str(podcast.id),
        "url": call.media.settings.public_url,
        "title": podcast.title,
        "coverArt": str(podcast.episodes[0]["id"]),
        "status": COMPLETED,
    }
    mine = [episode for episode in shown if episode["channelId"] == channel["id"]]
    return {**channel, "episode": mine} if is_whole else channel


def _episodes(call: Signed, db: Any, rows: list[Row]) -> list[dict[str, Any]]:
    songs = shapes.by_id(db, [row["id"] for row in rows], user_id=call.user_id)
    return [
        {
            **songs[row["id"]],
            "type": "podcast",
            "streamId": str(row["id"]),
            "channelId": str(row["podcast_id"]),
            "description": row["comment"],
            "status": COMPLETED,
            "publishDate": clock.iso(row["created_at"]),
        }
        for row in rows
        if row["id"] in songs
    ]
