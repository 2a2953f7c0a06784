"""What goes in where an address is confirmed, or a password or an address changes."""

from typing import Annotated

from pydantic import StringConstraints

from services.auth.schemas.fields import Email, NewPassword, TypedPassword
from shared.schemas import In, Out

Secret = Annotated[str, StringConstraints(min_length=1, max_length=512)]


class Address(In):
    """An e-mail address that a mail is asked for to."""

    email: Email


class MagicLinkRequest(Address):
    """A link to sign in by; its page goes on to `redirect_to`, one of the addresses in APP_URLS."""

    redirect_to: Annotated[str, StringConstraints(max_length=1024)] = ""


class LinkSecret(In):
    """What stands behind the # in a mail's link."""

    token: Secret


class PasswordReset(In):
    """A new password, with the secret of a mail's link."""

    token: Secret
    new_password: NewPassword


class PasswordChange(In):
    """A new password, with the present one where there is one. Other sign-ins end unless `end_others` is false."""

    current_password: TypedPassword | None = None
    new_password: NewPassword
    end_others: bool = True


class EmailChangeRequest(In):
    """A new address, with the present password where there is one."""

    new_email: Email
    current_password: TypedPassword | None = None


class EmailChangeOut(Out):
    """Whether both addresses have confirmed the change."""

    is_done: bool


class PlaceOut(Out):
    """Where the browser goes on to."""

    location: str
