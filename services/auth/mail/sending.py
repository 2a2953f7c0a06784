"""How a mail leaves: over SMTP, or into a folder where no server is set."""

import os
import smtplib
import ssl
from email.message import EmailMessage
from pathlib import Path
from urllib.parse import unquote, urlsplit

from services.auth.settings import Settings
from shared import ids

SMTP_SECONDS = 15
SUBMISSION_PORT, TLS_PORT = 587, 465


def send(mail: EmailMessage, settings: Settings) -> None:
    """Hand a mail over. Raises OSError, smtplib.SMTPException: the job is then repeated."""
    if settings.smtp_url is None:
        _put(mail, folder(settings))
        return
    url = urlsplit(settings.smtp_url.get_secret_value())
    context = ssl.create_default_context()
    host, is_tls = url.hostname or "localhost", url.scheme == "smtps"
    server = (
        smtplib.SMTP_SSL(host, url.port or TLS_PORT, timeout=SMTP_SECONDS, context=context)
        if is_tls
        else smtplib.SMTP(host, url.port or SUBMISSION_PORT, timeout=SMTP_SECONDS)
    )
    with server:
        if not is_tls and server.has_extn("starttls"):
            server.starttls(context=context)
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
