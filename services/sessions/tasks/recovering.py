"""Saving the sessions that nobody finished: a browser that crashed, a phone whose battery ran out, a process of ours killed."""

from services.sessions.practice import finishing, running
from services.sessions.practice.finishing import Places
from services.sessions.tasks.queue import Work, queue
from shared import db as database
from shared.errors import Problem
from shared.logs import log


@queue.task(every="* * * * *")
def recover_sessions(work: Work) -> None:
    """Save what has arrived of sessions that are left alone, each in transactions of its own."""
    idle_minutes = work.settings.running_idle_minutes
    with database.transaction(work.engine) as db:
        found = running.left_alone(db, idle_since=running.idle_since(idle_minutes))
    places = Places(work.engine, work.media, work.settings.data_dir)
    for row in found:
        try:
            finishing.recover(places, row.id, user_id=row.user_id, idle_minutes=idle_minutes)
        except Problem as reason:  # finished meanwhile; or media, or what reads scores, is away: in a minute, then
            log(__name__).warning("session.not_recovered", session_id=str(row.id), reason=type(reason).__name__)
        except Exception:  # whatever is wrong with one session is not wrong with the next
            log(__name__).exception("session.not_recovered", session_id=str(row.id))
