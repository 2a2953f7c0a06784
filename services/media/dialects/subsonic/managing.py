"""What players may not manage here: accounts are auth's, and radio stations and the jukebox there are none of."""

from services.media.dialects.subsonic.failures import NotYours
from services.media.dialects.subsonic.frame import Answer, Signed, method


@method("getInternetRadioStations")
def list_stations(_call: Signed) -> Answer:
    """None."""
    return {"internetRadioStations": {"internetRadioStation": []}}


@method(
    "createUser",
    "updateUser",
    "deleteUser",
    "changePassword",
    "createInternetRadioStation",
    "updateInternetRadioStation",
    "deleteInternetRadioStation",
    "jukeboxControl",
)
def refuse(_call: Signed) -> Answer:
    """A player is let in to listen, whoever its owner is."""
    raise NotYours
