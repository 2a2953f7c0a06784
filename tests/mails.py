"""The mails that Tutti sends in tests: they land in a folder, one file each."""

import email
import email.policy
import re
import time
from email.message import EmailMessage
from functools import cache
from pathlib import Path

from tests.stack import Stack

WITHIN_SECONDS = 10  # a job starts within 100 ms; the machine may be busy
SECRET = re.compile(r"/api/auth/links/([a-z-]+)#([A-Za-z0-9_-]+)")


def to(stack: Stack, address: str) -> list[EmailMessage]:
    """Every mail to this address, the oldest first."""
    folder = stack.home / "data" / "auth" / "mail"
    opened = (_opened(path) for path in sorted(folder.glob("*.eml")))
    return [mail for reader, mail in opened if reader == address]


@cache  # a run has thousands, and whoever waits for one looks at all of them many times a second
def _opened(path: Path) -> tuple[str, EmailMessage]:
    mail = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    assert isinstance(mail, EmailMessage)
    return str(mail["To"]), mail


def wait_for(stack: Stack, address: str, purpose: str, *, besides: str = "") -> str:
    """The secret of the newest link of this purpose (`confirm-email`, `reset-password`, ...) that was mailed to an address."""
    deadline = time.monotonic() + WITHIN_SECONDS
    wanted = (purpose, besides)
    while not (
        found := [each[1] for mail in to(stack, address) for each in links(mail) if each[0] == purpose and each != wanted]
    ):
        assert time.monotonic() < deadline, f"no mail with a {purpose} link came to {address}"
        time.sleep(0.05)
    return found[-1]


def links(mail: EmailMessage) -> list[tuple[str, str]]:
    """Purpose and secret of each link in the text of a mail."""
    text = mail.get_body(("plain",))
    return SECRET.findall(text.get_content() if text else "")


def wait(stack: Stack, address: str, subject: str, *, number: int = 1) -> EmailMessage:
    """The n-th mail to this address with this subject, once it has come."""
    deadline = time.monotonic() + WITHIN_SECONDS
    while len(found := [mail for mail in to(stack, address) if mail["Subject"] == subject]) < number:
        assert time.monotonic() < deadline, f"{subject}: {[str(mail['Subject']) for mail in to(stack, address)]}"
        time.sleep(0.05)
    return found[number - 1]


def secret(mail: EmailMessage) -> str:
    """The secret of the one link in a mail."""
    ((_, found),) = links(mail)
    return found
