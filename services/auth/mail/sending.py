"""How a mail leaves: over SMTP, or into a folder where no server is set."""

import os
import smtplib
import ssl
from email.message import EmailMessage
from pathlib import Path
from urllib.parse import unquote, urlsplit

from pydantic import SecretStr

from services.auth.settings import Settings
from shared import ids
from shared.logs import log

ON_THIS_MACHINE = frozenset({"localhost", "127.0.0.1", "::1"})
REFUSED_FOR_GOOD = 500  # RFC 5321: 4xx may be tried again, 5xx not
SMTP_SECONDS = 15
SUBMISSION_PORT, TLS_PORT = 587, 465


class MailNotSent(Exception):
    """A mail did not leave; the job is repeated."""


def send(mail: EmailMessage, settings: Settings) -> None:
    """Hand a mail over. Raises MailNotSent where it may be tried again; what the server refuses for good is logged."""
    if settings.smtp_url is None:
        _put(mail, folder(settings))
        return
    try:
        _deliver(mail, settings.smtp_url)
    except smtplib.SMTPRecipientsRefused as reason:
        codes = [code for code, _ in reason.recipients.values()]
        if not all(code >= REFUSED_FOR_GOOD for code in codes):
            raise MailNotSent(f"{type(reason).__name__} {codes}") from None
        log(__name__).warning("mail.refused", codes=codes)
    except (OSError, smtplib.SMTPException) as reason:
        # Not the exception itself: what a server says of a mail may name its address, and that belongs in no log.
        said = getattr(reason, "smtp_code", None) or getattr(reason, "errno", None)
        raise MailNotSent(f"{type(reason).__name__} {said}") from None


def _deliver(mail: EmailMessage, smtp_url: SecretStr) -> None:
    url = urlsplit(smtp_url.get_secret_value())
    context = ssl.create_default_context()
    host, is_tls = url.hostname or "localhost", url.scheme == "smtps"
    server = (
        smtplib.SMTP_SSL(host, url.port or TLS_PORT, timeout=SMTP_SECONDS, context=context)
        if is_tls
        else smtplib.SMTP(host, url.port or SUBMISSION_PORT, timeout=SMTP_SECONDS)
    )
    with server:
        server.ehlo_or_helo_if_needed()
        if not is_tls and server.has_extn("starttls"):
            server.starttls(context=context)
            is_tls = True
        if url.username and not is_tls and host not in ON_THIS_MACHINE:
            raise MailNotSent("the server offers no TLS, so it is not told the password")
        if url.username:
            server.login(unquote(url.username), unquote(url.password or ""))
        server.send_message(mail)


def folder(settings: Settings) -> Path:
    """Where mails land without a server: one file each, named so that they sort by time."""
    return settings.data_dir / "mail"


def _put(mail: EmailMessage, into: Path) -> None:
    into.mkdir(mode=0o700, parents=True, exist_ok=True)
    named = into / f"{ids.new()}.eml"
    part = named.with_suffix(".part")
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        out.write(mail.as_bytes())
    part.replace(named)
