"""Holding recordings against scores: one job an analysis, so many at once of everybody's."""

import tempfile
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session as Database

from services.sessions import peers
from services.sessions.errors import AnalysisGaveUp, NoRecording, NoScore, RecordingNotHeard, ScoreProblem, TooMuchToAnalyse
from services.sessions.peers import MediaRefused, Owner
from services.sessions.performances import analyses, asking
from services.sessions.performances.analyses import AnyRow, Outcome
from services.sessions.tasks.queue import Work, queue
from shared import db as database
from shared.errors import Problem
from shared.logs import log

MOST_ATTEMPTS = 3  # a performance that three children died of will have a fourth die too
MOST_TRIES = 6  # waits of 31 s in all for media, during which the analyses behind this one wait too


class Forgotten(Exception):
    """Nobody wants to know any more: the analysis, or its session, is gone."""


def enqueue(db: Database, analysis_id: UUID, *, user_id: UUID, at_once: int) -> None:
    """Have an analysis made once this transaction commits; only so many are made at once, and other jobs wait for none."""
    lock = f"analysis {analysis_id.int % at_once}"
    analyse.enqueue_with(db, lock=lock, analysis_id=str(analysis_id), user_id=str(user_id))


@queue.task(attempts=MOST_TRIES)
def analyse(work: Work, *, analysis_id: str, user_id: str) -> None:
    """Make an analysis and keep what comes of it. May be repeated, after any death.

    Raises MediaUnavailable, TookTooLong, ParsersDown, and is then repeated: only what was sent can make it fail.
    """
    which, who = UUID(analysis_id), UUID(user_id)
    with database.transaction(work.engine, user_id=who) as db:
        begun = analyses.begin(db, which, user_id=who)
    if begun is None:
        return
    try:
        if begun.attempts >= MOST_ATTEMPTS:
            raise AnalysisGaveUp
        with tempfile.TemporaryDirectory(dir=work.settings.data_dir, prefix="analysis-") as folder:
            result = _listened(work, which, who, begun, Path(folder))
    except (NoRecording, NoScore, RecordingNotHeard, ScoreProblem, TooMuchToAnalyse, AnalysisGaveUp) as reason:
        _fail(work, which, who, reason)
    except Forgotten:
        return
    else:
        with database.transaction(work.engine, user_id=who) as db:
            analyses.finish(db, which, Outcome(result), user_id=who)


@queue.task(every="* * * * *")
def tidy_analyses(work: Work) -> None:
    """End what no job takes up any more, and drop what nobody will ask for."""
    with database.transaction(work.engine) as db:
        left = analyses.give_up_orphans(db)
        analyses.drop_old(db)
    if left:
        log(__name__).warning("analyses.given_up", count=left)


def _listened(work: Work, which: UUID, who: UUID, begun: AnyRow, folder: Path) -> dict[str, Any]:
    def told(progress: int, step: str) -> None:
        with database.transaction(work.engine, user_id=who) as db:
            if not analyses.tell(db, which, user_id=who, progress=progress, step=step):
                raise Forgotten

    told(0, "fetching the recording")
    _gather(work, which, who, begun, folder)
    with database.transaction(work.engine, user_id=who) as db:
        analyses.count_attempt(db, which, user_id=who)
    fields = asking.OF_A_PERFORMANCE if begun.session_id is None else asking.OF_A_SESSION
    return asking.listen(folder, begun.asked, told, fields)


def _gather(work: Work, which: UUID, who: UUID, begun: AnyRow, folder: Path) -> None:
    """Write the recording and the score into the folder. Raises Forgotten, NoRecording, NoScore, MediaUnavailable."""
    if begun.session_id is None:
        with database.transaction(work.engine, user_id=who) as db:
            sent = analyses.what_was_sent(db, which, user_id=who)
        if sent is None:
            raise Forgotten
        (folder / "recording").write_bytes(sent[0])
        (folder / "score").write_text(sent[1], "utf-8")
        return
    if begun.recording_id is None:
        raise NoRecording
    if begun.xml_content is None:  # taken away since it was asked for
        raise NoScore
    (folder / "score").write_text(begun.xml_content, "utf-8")
    try:
        peers.fetch_recording(work.media, begun.recording_id, owner=Owner(who), into=folder / "recording")
    except MediaRefused as reason:
        raise RecordingNotHeard.because("is not there any more") from reason


def _fail(work: Work, which: UUID, who: UUID, reason: Problem) -> None:
    log(__name__).warning("analysis.failed", analysis_id=str(which), reason=reason.code())
    with database.transaction(work.engine, user_id=who) as db:
        analyses.fail(db, which, reason, user_id=who)
