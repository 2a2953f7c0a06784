"""Fields that several models are made of."""

from typing import Annotated

from email_validator import EmailNotValidError, validate_email
from pydantic import AfterValidator, StringConstraints

from services.auth import passwords
from shared import clock
from shared.schemas import Line, Text

MAX_EMAIL_CHARACTERS = 255
MAX_TYPED_CHARACTERS = 1024  # of a password somebody types to sign in: beyond LONGEST it is merely wrong


def _email(text: str) -> str:
    try:
        return str(validate_email(text, check_deliverability=False, allow_smtputf8=False).ascii_email).lower()
    except EmailNotValidError as reason:
        raise ValueError(str(reason)) from reason


def _username(text: str) -> str:
    if "@" in text:
        raise ValueError("A username holds no @, so that it cannot be taken for an e-mail address")
    return text


def _zone(text: str) -> str:
    if text and not clock.is_zone(text):
        raise ValueError("This is no IANA time zone")
    return text


def _typed(name: str) -> str:
    """An address as it is kept, so that whoever registered in a script of their own signs in by it; a username as it is."""
    try:
        return _email(name) if "@" in name else name
    except ValueError:
        return name


Email = Annotated[Text, StringConstraints(max_length=MAX_EMAIL_CHARACTERS), AfterValidator(_email)]
Username = Annotated[Line, StringConstraints(max_length=50), AfterValidator(_username)]
NewPassword = Annotated[str, StringConstraints(min_length=passwords.SHORTEST, max_length=passwords.LONGEST)]
TypedName = Annotated[str, StringConstraints(max_length=MAX_EMAIL_CHARACTERS), AfterValidator(_typed)]
TypedPassword = Annotated[str, StringConstraints(max_length=MAX_TYPED_CHARACTERS)]
Zone = Annotated[str, AfterValidator(_zone)]
