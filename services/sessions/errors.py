"""Everything that can go wrong with a practice session, on one page."""

from shared.errors import Invalid, Malformed, NotFound, TooLarge, TooMany


class SessionNotFound(NotFound):
    """There is no such practice session, or it is not yours."""


class UnknownTimeZone(Invalid):
    """There is no such time zone. Send an IANA name such as Europe/Prague in tz."""


class BodyTooLarge(TooLarge):
    """The body is larger than a practice session can be. Send a shorter recording."""


class RecordingTooLarge(TooLarge):
    """The recording is too large. Send a shorter one, or one of lower quality."""


class RecordingUnreadable(Malformed):
    """The recording could not be read. Send it as Base64, plain or as a data URL."""


class TooManyRecordings(TooMany):
    """Too many recordings are being saved just now. Wait a moment, then send yours again."""
