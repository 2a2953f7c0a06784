"""What a listener makes of a song, an album or an artist, what they heard, and what they hear just now."""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from services.media.dialects.subsonic import shapes
from services.media.dialects.subsonic.failures import ParameterMissing, ParameterWrong
from services.media.dialects.subsonic.frame import Answer, Signed, method
from services.media.library import files
from services.media.listening import annotations, now_playing, scrobbles
from services.media.listening.now_playing import Playing
from services.media.models.catalogue import Found
from shared import clock, ids

NAMED = {Found.ALBUM: "albumId", Found.ARTIST: "artistId"}
MOST_STARS = 5
AT_ONCE = 1_000  # songs of one request; what a phone has heard offline is less
MINUTE_SECONDS = 60
MEDIA_TYPES = ("song", "podcast")
PLAYER_NUMBERS = 2**31  # `playerId` is an int in the protocol


@method("star")
def star(call: Signed) -> Answer:
    """Star songs, albums and artists: all of them, or none."""
    return _with_each(call, annotations.star)


@method("unstar")
def unstar(call: Signed) -> Answer:
    """Take the stars away again."""
    return _with_each(call, annotations.unstar)


@method("setRating")
def rate(call: Signed) -> Answer:
    """Rate a song, an album or an artist with 1 to 5; 0 takes the rating away."""
    target_id, rating = call.parameters.id(), call.parameters.number("rating", least=0)
    if rating > MOST_STARS:
        raise ParameterWrong(parameter=f"rating is more than {MOST_STARS}")
    with call.listening() as db:
        target = annotations.what(db, target_id, user_id=call.user_id) or Found.TRACK
        annotations.rate(db, target, target_id, rating or None, user_id=call.user_id)
    return {}


@method("scrobble")
def scrobble(call: Signed) -> Answer:
    """Songs were listened to, each at its `time`; with `submission=false` one is being listened to now."""
    heard = _heard(call)
    with call.listening() as db:
        if call.parameters.flag("submission", default=True):
            scrobbles.submit(db, heard, user_id=call.user_id, client=call.client)
        else:
            for file_id, _ in heard:
                now_playing.say(db, file_id, user_id=call.user_id, client=call.client)
    return {}


@method("reportPlayback")
def report_playback(call: Signed) -> Answer:
    """How far a player is in a song, and whether it goes on. One that was heard to its end, or for four minutes, is a play."""
    asked = call.parameters
    if asked.text("mediaType") not in MEDIA_TYPES:
        raise ParameterWrong(parameter="mediaType is neither song nor podcast")
    if asked.text("state") not in tuple(Playing):
        raise ParameterWrong(parameter=f"state is none of {', '.join(Playing)}")
    _report(call, asked.id("mediaId"), Playing(asked.text("state")), asked.number("positionMs", least=0))
    return {}


@method("getNowPlaying")
def list_now_playing(call: Signed) -> Answer:
    """What the players of this player's owner play. What others listen to is their own."""
    now = clock.now()
    with call.transaction() as db:
        playing = now_playing.of(db, user_id=call.user_id)
        songs = shapes.by_id(db, [row["file_id"] for row in playing], user_id=call.user_id)
    return {
        "nowPlaying": {
            "entry": [
                {
                    **songs[row["file_id"]],
                    "username": call.username,
                    "minutesAgo": int((now - row["started_at"]).total_seconds()) // MINUTE_SECONDS,
                    "playerId": ids.named(call.user_id, "player", row["client"]).int % PLAYER_NUMBERS,
                    "playerName": row["client"],
                    "state": row["state"],
                    "positionMs": row["position_ms"],
                }
                for row in playing
                if row["file_id"] in songs
            ]
        }
    }


def _report(call: Signed, file_id: UUID, state: Playing, position_ms: int) -> None:
    user_id, client = call.user_id, call.client
    is_counted = not call.parameters.flag("ignoreScrobble", default=False)
    with call.listening() as db:
        if state != Playing.STOPPED:
            now_playing.say(db, file_id, user_id=user_id, client=client, position_ms=position_ms, state=state)
            return
        at = now_playing.stop(db, file_id, user_id=user_id, client=client)
        if at and is_counted:
            scrobbles.finish(db, file_id, user_id=user_id, client=client, started_at=at, position_ms=position_ms)


def _heard(call: Signed) -> list[tuple[UUID, datetime | None]]:
    file_ids, times = call.parameters.ids("id"), call.parameters.instants("time")
    if not file_ids:
        raise ParameterMissing(parameter="id")
    if len(file_ids) > AT_ONCE:
        raise ParameterWrong(parameter=f"more than {AT_ONCE} ids")
    return list(zip(file_ids, [*times, *[None] * len(file_ids)], strict=False))


def _with_each(call: Signed, mark: Callable[..., None]) -> Answer:
    named = {each: call.parameters.ids(name) for each, name in NAMED.items()}
    loose = call.parameters.ids("id")
    if not loose and not any(named.values()):
        raise ParameterMissing(parameter="id, albumId or artistId")
    if len(loose) + sum(map(len, named.values())) > AT_ONCE:
        raise ParameterWrong(parameter=f"more than {AT_ONCE} ids")
    with call.listening() as db:
        songs = set(files.playable(db, loose, user_id=call.user_id))
        for each in loose:  # an album or an artist, of a player that browses folders
            target = Found.TRACK if each in songs else annotations.what(db, each, user_id=call.user_id)
            named.setdefault(target or Found.TRACK, []).append(each)
        for target, target_ids in named.items():
            if target_ids:
                mark(db, target, target_ids, user_id=call.user_id)
    return {}
