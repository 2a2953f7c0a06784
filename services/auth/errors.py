"""Everything that can go wrong with accounts and sign-ins."""

from shared.errors import Conflict, Invalid, Malformed, NotSignedIn, Unavailable


class InvalidCredentials(NotSignedIn):
    """This name and this password do not belong together. Check both and try again."""


class RefreshTokenInvalid(NotSignedIn):
    """This refresh token does not count, or no longer. Sign in again."""


class RefreshTokenReused(NotSignedIn):
    """This refresh token was used before, so the whole sign-in has been ended to be safe. Sign in again."""


class EmailTaken(Conflict):
    """There is an account with this e-mail address. Sign in, or use another address."""


class UsernameTaken(Conflict):
    """This username is taken. Choose another one."""


class WeakPassword(Malformed):
    """This password is too easy to guess. Choose another one."""


class TooManySignIns(Unavailable):
    """Many people are signing in just now. Try again in a moment."""

    headers = {"Retry-After": "1"}


class SigningKeyMissing(Unavailable):
    """Tokens cannot be signed just now: there is no key yet. Try again in a moment."""


class OneTimeTokenInvalid(Invalid):
    """This link or code does not count, or no longer. Ask for a new one."""
