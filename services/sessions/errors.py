"""Everything that can go wrong with a practice session, on one page."""

from typing import Self

from shared.errors import Conflict, Invalid, Malformed, NotFound, Outdated, TooLarge, TooMany, Unavailable


class SessionNotFound(NotFound):
    """There is no such practice session, or it is not yours."""


class SessionChanged(Outdated):
    """This session has changed since you read it. Read it again, then make your change to what it is now."""


class UnknownTimeZone(Invalid):
    """There is no such time zone. Send an IANA name such as Europe/Prague in tz."""


class DaysReversed(Invalid):
    """`from` is after `to`. Send the earlier day in from."""


class TooManyPeriods(Invalid):
    """These are more days than one answer holds. Ask for fewer at once, or per week or month."""


class GoalNotFound(NotFound):
    """There is no such goal, or it is not yours."""


class TooManyGoals(Conflict):
    """You have as many goals as one can have. Delete one that you no longer need."""


class GoalEndsBeforeItStarts(Malformed):
    """The goal ends before it starts. Send an ends_on that is no earlier than starts_on."""


class TableUnreadable(Malformed):
    """The file cannot be read. Send JSON or CSV in UTF-8, with a first row of names: song_name, instrument, date, minutes."""


class ImportRefused(Malformed):
    """Some rows are refused, so none was kept. Put them right, or import without all_or_nothing."""


class BodyTooLarge(TooLarge):
    """The body is larger than a practice session can be. Send a shorter recording."""


class ImportTooLarge(TooLarge):
    """The file is larger than one import takes. Export it in parts, by from and to, and import one after the other."""


class TooManyImports(TooMany):
    """Others are importing just now. Wait a moment, then send your file again."""


class RecordingTooLarge(TooLarge):
    """The recording is too large. Send a shorter one, or one of lower quality."""


class RecordingUnreadable(Malformed):
    """The recording could not be read. Send it as Base64, plain or as a data URL."""


class TooManyRecordings(TooMany):
    """Too many recordings are being saved just now. Wait a moment, then send yours again."""


class ScoreProblem(Malformed):
    """The score could not be taken. What is wrong with it is named in errors."""

    @classmethod
    def because(cls, why: str) -> Self:
        """The failure, with what is wrong in words."""
        return cls.named("xml_content", why)

    @classmethod
    def named(cls, field: str, why: str) -> Self:
        """The same of a field that has another name where it was sent."""
        return cls(errors=[{"field": field, "message": why}])

    @property
    def why(self) -> str:
        """What is wrong, in words."""
        return str(self.facts["errors"][0]["message"])


class ScoreUnreadable(ScoreProblem):
    """The score could not be read. Send MusicXML, as text or packed (.mxl)."""


class PartNotFound(ScoreProblem):
    """The score has no such part. Name one by its id, its name or its number from 1, or none for the first that has pitches."""


class ScoreRefused(ScoreProblem):
    """The score could do harm where it is read, or is larger than any real one. Nothing of it was kept."""


class ScoreTooLarge(TooLarge):
    """The score is larger than any real one. Send MusicXML of at most 5 MiB, or packed (.mxl)."""


class NoRecording(Conflict):
    """This session has no recording, so there is nothing to analyse. Save one with its recording."""


class NoScore(Conflict):
    """This session has no score to hold its recording against. Put one to it first, as MusicXML."""


class AnalysisNotFound(NotFound):
    """There is no such analysis, or it is not yours, or it is forgotten by now."""


class TooManyAnalyses(TooMany):
    """As many analyses of yours are waiting already as may. Wait until one of them is done."""


class RecordingNotHeard(Malformed):
    """The recording is no sound that can be decoded. Send WebM, Ogg, MP4, MP3, AAC, WAV, FLAC or AIFF."""

    @classmethod
    def because(cls, why: str) -> Self:
        """The failure, with what is wrong in words."""
        return cls(errors=[{"field": "Recording", "message": why}])


class TooMuchToAnalyse(Malformed):
    """This recording and this score are more than can be analysed. Send fewer minutes, or fewer measures."""


class AnalysisGaveUp(Unavailable):
    """The analysis was begun several times and never came to its end. Try again later."""


class ScoreNotFound(NotFound):
    """This session has no score."""


class ScoresBusy(Unavailable):
    """Too many scores are being read just now. Try again in a moment."""


class DayOutOfReach(Invalid):
    """This day is before 1970, or more than a year ahead."""


class RestDayNotFound(NotFound):
    """This is no day of rest of yours."""


class RunningSessionNotFound(NotFound):
    """There is no such session that goes on, or it is not yours."""


class SessionFinished(Conflict):
    """This session was finished, and takes no more chunks. Begin another one."""


class ChunkTaken(Conflict):
    """Another chunk has this number already. Send each with a number of its own; the same one again may keep its."""


class ChunkTooLarge(TooLarge):
    """The chunk is too large. Send shorter ones, more often."""


class RecordingFull(TooLarge):
    """This recording is as large as one may be. Go on without sound: send the next chunks empty."""


class RecordingApart(Malformed):
    """The sound of a running session is in its chunks. Finish it without audioBase64."""


class TooManyRunningSessions(TooMany):
    """You have too many sessions that go on. Finish one, or throw it away."""
