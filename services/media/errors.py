"""Everything that can go wrong in media."""

from shared.errors import (
    Conflict,
    Gone,
    Invalid,
    Malformed,
    NotFound,
    NotSatisfiable,
    NotSignedIn,
    Outdated,
    Problem,
    Refused,
    TooLarge,
    TooMany,
    Unavailable,
    Unsupported,
)


class NoSuchFile(NotFound):
    """There is no such file, or it is not yours."""


class StillProcessing(Conflict):
    """This file is still being looked at; it can be played in a moment."""

    headers = {"Retry-After": "1"}


class NoSuchBookmark(NotFound):
    """This track has no bookmark of yours."""


class NoSuchPodcast(NotFound):
    """There is no such podcast, or it is not yours."""


class NoSuchAlbum(NotFound):
    """There is no such album in your library."""


class NoSuchArtist(NotFound):
    """There is no such artist in your library."""


class NoSuchArchive(NotFound):
    """There is no such archive, it is not yours, it is not ready yet, or its seven days are over."""


class NoSuchPicture(NotFound):
    """There is no such picture, or it is not yours to see."""


class OneFileOnly(Malformed):
    """Send one file at a time here."""


class PictureTooLarge(TooLarge):
    """A picture has at most this many bytes. Send a smaller one."""


class NoCover(NotFound):
    """This file has no cover."""


class NoWaveform(NotFound):
    """There is no waveform of this file: it has not been measured yet, or could not be."""


class NothingToGather(NotFound):
    """There is no such album or playlist, or nothing in it can be played."""


class TooManyZips(TooMany):
    """You are downloading too much at once already. Wait until one of those has ended."""


class TooManyEncodings(TooMany):
    """Too much is being put into another format just now. Ask again in a moment, or for the original."""


class EncodingFailed(Unavailable):
    """This file could not be put into another format. Ask for the original."""


class TooManyStreams(TooMany):
    """You are playing too much at once already. Stop something first."""


class BytesLost(NotFound):
    """The object store does not have the bytes of this file any more. Upload it again."""


class NotMultipart(Unsupported):
    """Send multipart/form-data with the audio in the field named file."""


class BrokenMultipart(Invalid):
    """The multipart body is broken or ends too early. Send it again."""


class AlbumTooLarge(TooLarge):
    """An album of more tracks than this takes no cover as a whole. Put it on its tracks."""


class TooManyParts(TooLarge):
    """There are too many parts in this body. Send fewer files at a time."""


class FileMissing(Malformed):
    """There is no field named file that carries a file."""


class FileEmpty(Malformed):
    """This file is empty."""


class NotAudio(Unsupported):
    """This file is not audio of a kind that is taken: mp3, flac, wav, aiff, m4a, aac, ogg, opus or webm."""


class Undecodable(Unsupported):
    """This file looks like audio, but nothing in it can be decoded. It may be damaged."""


class CoverOfWhat(Malformed):
    """Say what this is the cover of: one field named track_id or album_id, with an id of yours."""


class PictureUnusable(Unsupported):
    """This is no picture of a kind that is taken: JPEG, PNG or WebP, of at most 25 megapixels."""


class UploadTooLarge(TooLarge):
    """An upload carries at most this many bytes. Send files one at a time, or a smaller file."""


class QuotaExceeded(TooLarge):
    """Your storage is full. Delete something first."""


class TooManyUploads(TooMany):
    """Too many large uploads are on their way just now. Wait until one has ended, then send this one again."""


class NoSuchUpload(NotFound):
    """There is no such upload, it is not yours, or its time is over. Begin again."""


class OtherTusVersion(Problem):
    """This server speaks tus 1.0.0. Send Tus-Resumable: 1.0.0."""

    status = 412
    headers = {"Tus-Version": "1.0.0"}


class BadTusHeader(Invalid):
    """A header of this upload is missing, or is not what tus 1.0 has there."""


class NotOffsetStream(Unsupported):
    """Send the bytes of a resumable upload as application/offset+octet-stream."""


class OffsetMismatch(Conflict):
    """These bytes do not begin where those that are here end. Ask with HEAD how far the upload has come."""


class UploadTakenOver(Conflict):
    """A newer request sends the bytes of this upload, or it has ended. Ask with HEAD how far it has come."""


class LengthExceeded(TooLarge):
    """These are more bytes than this upload was to have."""


class ChecksumMismatch(Problem):
    """The bytes that arrived are not those that were sent: their checksum is another. Send them again."""

    status = 460  # tus 1.0's own


class UploadLocked(Problem):
    """This upload cannot go on just now. Nothing of it is lost; ask again in a moment."""

    status = 423
    headers = {"Retry-After": "2"}


class UploadDone(Conflict):
    """This upload has become a file. Delete that instead."""


class AnotherRecording(Conflict):
    """This practice session has a recording already, and these bytes are others. Save them as a new session."""


class AnotherFile(Conflict):
    """This was handed over before with other bytes, or is just being deleted. Make it under a new id."""


class DataUrlUnreadable(Malformed):
    """The audio is no data URL in Base64."""


class OwnedBySession(Conflict):
    """This recording belongs to a practice session. Delete the session instead."""


class RangeOutside(NotSatisfiable):
    """The range begins after the end of the file."""


class AddressEnded(Refused):
    """This address has expired, or the sign-in that made it has ended. Ask for a fresh one."""


class StoreUnavailable(Unavailable):
    """The object store is not answering just now. Nothing was changed; try again in a moment."""


class PlayerRefused(NotSignedIn):
    """No player has this key or this app password."""


class UnknownTimeZone(Invalid):
    """There is no such time zone. Send an IANA name such as Europe/Prague in tz."""


class PlayedInFuture(Malformed):
    """This play is still to come. Send when it began, or leave `played_at` out."""


class NoSuchPlaylist(NotFound):
    """There is no such playlist, or it is neither yours nor public."""


class NotInPlaylist(NotFound):
    """This track is not in this playlist."""


class NotSynced(Malformed):
    """Synced lyrics have the time of each line before it, as in [01:23.45]. Send plain ones as lyrics."""


class MetadataChanged(Outdated):
    """This track says something else of itself since you read it. Read it again, then make your change to what it is now."""


class PlaylistChanged(Outdated):
    """This playlist has changed since you read it. Read it again, then make your change to what it is now."""


class PlaylistFull(Conflict):
    """A playlist holds at most this many tracks. Start another one."""


class MadeByRules(Conflict):
    """This playlist is made by its rules: change those, or start a playlist without rules."""


class OrderedByHand(Conflict):
    """This playlist is ordered by hand: start another one for rules."""


class RulesArePrivate(Conflict):
    """A playlist with rules cannot be public: what it holds changes with your library, unseen by you."""


class BadRules(Malformed):
    """These rules cannot be read. The condition that is wrong is named in errors."""


class NoSuchShare(NotFound):
    """There is no such link, it was taken back, or it is not yours."""

    headers = {"Cache-Control": "no-store"}


class ShareOver(Gone):
    """This link has expired."""

    headers = {"Cache-Control": "no-store"}


class NotForDownload(Refused):
    """Whoever made this link lets you listen, not download."""
