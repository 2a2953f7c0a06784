"""Mails as jobs. The secret of a link is made by the job that sends it, so that none waits in the queue for anybody to read."""

from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.auth import one_time
from services.auth.mail import sending, writing
from services.auth.mail.writing import Letter
from services.auth.models import User, receives_no_mail
from services.auth.one_time import DAY, MINUTE, Purpose
from services.auth.tasks.queue import queue
from shared.db import transaction
from shared.work import Work

LIFETIMES = {
    Purpose.CONFIRM_EMAIL: DAY,
    Purpose.MAGIC_LINK: 15 * MINUTE,
    Purpose.RESET_PASSWORD: 30 * MINUTE,
    Purpose.CHANGE_EMAIL_OLD: DAY,
    Purpose.CHANGE_EMAIL_NEW: DAY,
    Purpose.INVITATION: 7 * DAY,
}
LINKS = "api/auth/links"  # the page that a mail's link opens: the purpose in its path, the secret behind its #


def send(db: Session, letter: str, *, user_id: UUID, to: str = "", link: Purpose | None = None, **facts: str) -> None:
    """Have a letter sent to a user, at the address of the account or at `to`, once this transaction commits.

    With `link`, it carries a fresh secret of that purpose in its link.
    """
    purpose = link.value if link else ""
    send_mail.enqueue(db, letter=letter, user_id=str(user_id), to=to, purpose=purpose, facts=dict(facts))


def send_if_known(db: Session, letter: str, *, to: str, link: Purpose | None = None, **facts: str) -> None:
    """The same for an address that somebody typed: whether there is an account with it is found out by the worker, so that
    the request does as much work either way.
    """
    purpose = link.value if link else ""
    send_mail.enqueue(db, letter=letter, user_id="", to=to, purpose=purpose, facts=dict(facts))


def notify(db: Session, *, user_id: UUID, title: str, lines: list[str], path: str | None) -> None:
    """Have a user told something in so many lines; with `path`, a link under the public URL stands below."""
    facts = {"title": title, "lines": lines, "path": path or ""}
    send_mail.enqueue(db, letter="notice", user_id=str(user_id), to="", purpose="", facts=facts)


@queue.task(attempts=20)
def send_mail(work: Work, *, letter: str, user_id: str, to: str, purpose: str, facts: dict[str, Any]) -> None:
    """Write and send one mail; none where the account is gone or disabled. Sent again where it cannot be told if it left."""
    who = User.id == UUID(user_id) if user_id else User.email == to
    with transaction(work.engine) as db:
        found = db.execute(select(User.id, User.email, User.email_confirmed_at).where(who, User.is_active)).one_or_none()
        if found is None or receives_no_mail(to or found.email):
            return
        if purpose == Purpose.CONFIRM_EMAIL and found.email_confirmed_at:
            return
        told = {**facts, "email": to or found.email}
        link = _link(db, Purpose(purpose), found.id, work.settings.public_url, told) if purpose else ""
    if facts.get("path"):
        link = work.settings.public_url.rstrip("/") + facts["path"]
    said = {**facts, "link": link, "place": work.settings.public_url}
    mail = writing.message(Letter(letter, said), sender=work.settings.mail_from, to=to or found.email)
    sending.send(mail, work.settings)


def _link(db: Session, purpose: Purpose, user_id: UUID, public_url: str, facts: dict[str, Any]) -> str:
    """The secret stands behind the #, so that it is in no log of any server and in no Referer."""
    secret = one_time.issue(db, purpose, user_id=user_id, seconds=LIFETIMES[purpose], **facts)
    return f"{public_url.rstrip('/')}/{LINKS}/{purpose.value.replace('_', '-')}#{secret}"
