"""Every method of the minimum set is there, and whatever a player gets wrong is answered in the protocol's own form."""

from collections.abc import Iterator

import pytest

from services.media.dialects.subsonic.frame import METHODS, OPEN
from services.media.dialects.subsonic.rest import FAMILIES
from services.media.dialects.subsonic.system import EXTENSIONS
from tests import people
from tests.media.subsonic import conformance
from tests.media.subsonic.player import Player
from tests.stack import Stack

# What airsonic-refix and supersonic call, and what costs little besides (the union of two current clients and three servers).
PROMISED = frozenset(
    [
        "ping",
        "getLicense",
        "getOpenSubsonicExtensions",
        "getMusicFolders",
        "getIndexes",
        "getMusicDirectory",
        "getArtists",
        "getArtist",
        "getAlbum",
        "getSong",
        "getGenres",
        "getAlbumList2",
        "getRandomSongs",
        "getSongsByGenre",
        "getStarred2",
        "getTopSongs",
        "getSimilarSongs",
        "getSimilarSongs2",
        "getArtistInfo",
        "getArtistInfo2",
        "getAlbumInfo",
        "getAlbumInfo2",
        "search3",
        "getPlaylists",
        "getPlaylist",
        "createPlaylist",
        "updatePlaylist",
        "deletePlaylist",
        "stream",
        "download",
        "getCoverArt",
        "getLyrics",
        "getLyricsBySongId",
        "star",
        "unstar",
        "setRating",
        "scrobble",
        "getPlayQueue",
        "savePlayQueue",
        "getScanStatus",
        "startScan",
        "getInternetRadioStations",
        "getPodcasts",
        "refreshPodcasts",
        "createPodcastChannel",
        "deletePodcastChannel",
        "createShare",
        "getUser",
        "getAlbumList",
        "getStarred",
        "search2",
        "getNowPlaying",
        "getBookmarks",
        "createBookmark",
        "deleteBookmark",
        "getAvatar",
        "tokenInfo",
        "getNewestPodcasts",
        "getPodcastEpisode",
        "getShares",
        "updateShare",
        "deleteShare",
    ]
)
OF_EXTENSIONS = {
    "songLyrics": ("getLyricsBySongId",),
    "indexBasedQueue": ("savePlayQueueByIndex", "getPlayQueueByIndex"),
    "playbackReport": ("reportPlayback",),
    "getPodcastEpisode": ("getPodcastEpisode",),
    "topSongsByArtistId": ("getTopSongs",),
}


@pytest.fixture(scope="module")
def phone(stack: Stack) -> Iterator[Player]:
    """Of somebody who has nothing at all."""
    person = people.sign_up(stack.url, "carol")
    yield Player(person)
    person.http.close()


def test_every_promised_method_is_there_and_every_declared_extension_too() -> None:
    there = METHODS.keys() | OPEN.keys()

    assert FAMILIES and there >= PROMISED
    assert there - {"jukeboxControl"} <= conformance.ANSWERS.keys(), "a method that the specification does not know"
    for extension in EXTENSIONS:
        assert set(OF_EXTENSIONS.get(extension, ())) <= there, extension


@pytest.mark.parametrize("method", sorted(PROMISED - {"createPodcastChannel", "deletePodcastChannel"}))
def test_whatever_a_method_answers_holds_in_both_formats(phone: Player, method: str) -> None:
    """With nothing asked, with an id of nothing, and with one that is none."""
    for asked in ({}, {"id": "00000000-0000-7000-8000-000000000000"}, {"id": "../../etc/passwd", "size": "-1", "type": "x"}):
        for form in ("json", "xml"):
            answer = phone.get(method, f=form, **asked)
            if not answer.headers["content-type"].startswith("image/"):
                conformance.held(method, answer)


def test_a_form_that_is_too_large_is_refused_in_the_protocols_words(phone: Player) -> None:
    answer = phone.http.post("/rest/stream", data={"f": "json", "x": "y" * 2_000_000}, headers={"Authorization": ""})

    assert conformance.held("stream", answer)["error"]["code"] == 0
