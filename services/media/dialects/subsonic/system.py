"""The server itself, and the one user that a player knows: its owner."""

from services.media.dialects.subsonic.failures import NotYours
from services.media.dialects.subsonic.frame import Answer, Call, Signed, method, open_method
from services.media.library import tracks

MUSIC_FOLDER = {"id": 1, "name": "Music"}  # the only one: a library has no folders
EXTENSIONS = {
    "formPost": [1],
    "apiKeyAuthentication": [1],
    "songLyrics": [1],
    "transcodeOffset": [1],
    "topSongsByArtistId": [1],
    "indexBasedQueue": [1],
    "playbackReport": [1],
    "getPodcastEpisode": [1],
}


@open_method("getOpenSubsonicExtensions")
def list_extensions(_call: Call) -> Answer:
    """What this server can beyond the protocol."""
    return {"openSubsonicExtensions": [{"name": name, "versions": versions} for name, versions in EXTENSIONS.items()]}


@method("ping")
def ping(_call: Signed) -> Answer:
    """Whether the server is there, and the credentials are good."""
    return {}


@method("getLicense")
def show_license(_call: Signed) -> Answer:
    """There is nothing to license."""
    return {"license": {"valid": True}}


@method("getMusicFolders")
def list_music_folders(_call: Signed) -> Answer:
    """The one that everything is in."""
    return {"musicFolders": {"musicFolder": [MUSIC_FOLDER]}}


@method("getScanStatus", "startScan")
def show_scan(call: Signed) -> Answer:
    """Nothing is ever scanned: what is uploaded is in the library once it is ready."""
    with call.transaction() as db:
        count = tracks.count(db, user_id=call.user_id)
    return {"scanStatus": {"scanning": False, "count": count}}


@method("tokenInfo")
def show_token(call: Signed) -> Answer:
    """Whose API key this is."""
    return {"tokenInfo": {"username": call.username}}


@method("getUser")
def show_user(call: Signed) -> Answer:
    """The player's owner; nobody else is shown."""
    if call.parameters.text("username", call.username) != call.username:
        raise NotYours
    return {"user": _user(call)}


@method("getUsers")
def list_users(call: Signed) -> Answer:
    """The same as a list of one."""
    return {"users": {"user": [_user(call)]}}


def _user(call: Signed) -> dict[str, object]:
    may = ("scrobblingEnabled", "downloadRole", "playlistRole", "commentRole", "podcastRole", "streamRole", "shareRole")
    may_not = ("adminRole", "settingsRole", "uploadRole", "coverArtRole", "jukeboxRole", "videoConversionRole")
    rights = dict.fromkeys(may, True) | dict.fromkeys(may_not, False)
    return {"username": call.username, **rights, "folder": [MUSIC_FOLDER["id"]]}
