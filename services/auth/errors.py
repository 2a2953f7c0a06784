"""Everything that can go wrong with accounts and sign-ins."""

from shared.errors import Conflict, Invalid, Malformed, NotFound, NotSignedIn, Problem, Refused, TooMany, Unavailable


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


class EmailUnconfirmed(Refused):
    """Your address is not confirmed yet. Open the link in the mail that was sent to you, or ask for another one."""


class NoAppToGoTo(Conflict):
    """This Tutti names no app to go on to. Its operator does so in APP_URLS; your link stays good."""


class WeakPassword(Malformed):
    """This password is too easy to guess. Choose another one."""


class TooManySignIns(Unavailable):
    """Many people are signing in just now. Try again in a moment."""

    headers = {"Retry-After": "1"}


class SigningKeyMissing(Unavailable):
    """Tokens cannot be signed just now: there is no key yet. Try again in a moment."""


class OneTimeTokenInvalid(Invalid):
    """This link or code does not count, or no longer. Ask for a new one."""


class AccountExists(Conflict):
    """There is an account with this e-mail address already. Sign in to it, confirm the address, and connect this provider."""


class AccountDisabled(Refused):
    """This account is disabled. Ask whoever runs this service."""


class IdentityTaken(Conflict):
    """This account of another provider belongs to somebody else here already."""


class LastWayIn(Conflict):
    """Without this you could sign in no more. Set a password or connect another provider first."""


class ProviderNotConfigured(Problem):
    """Signing in this way is not set up here. Choose another one."""

    status = 501


class ProviderUnavailable(Unavailable):
    """The provider you sign in with is not answering as it should. Try again in a moment."""


class ProviderRefused(Refused):
    """The provider did not let you in, or you chose not to. Try again."""


class AnswerUntrusted(Refused):
    """What the provider said of you could not be trusted. Try again."""


class StateInvalid(Invalid):
    """This sign-in was not begun in this browser, or too long ago, or is finished. Begin it again."""


class RedirectNotAllowed(Invalid):
    """A browser may not be sent there. The operator lists the addresses of apps in APP_URLS."""


class NotAnAdministrator(Refused):
    """This is for administrators alone."""


class SignInTooOld(Refused):
    """Administration needs a sign-in here of the last twelve hours. Sign in again."""


class AdministratorExists(Conflict):
    """There is an administrator already. Ask them to make you one."""


class LastAdministrator(Conflict):
    """There would be no administrator left. Make somebody else one first."""


class YourOwnAccount(Conflict):
    """An administrator cannot disable or delete their own account here. Another one can."""


class NotEnabled(Conflict):
    """This account is disabled. Enable it first."""


class ParameterNameInvalid(Malformed):
    """A parameter's name is lower-case letters, digits, dots, dashes and underscores, 100 at most, and begins with a letter."""


class NoSuchPlayer(NotFound):
    """There is no such player, or it is not yours."""


class PlayerUnknown(NotSignedIn):
    """No player has this key or this app password. Add one in your account, and use what is shown there."""


class TooManyPlayers(Conflict):
    """You have as many players as there may be. Remove one that you use no more."""


class SignInNotOurs(Refused):
    """Players are added by whoever has signed in here. Sign in, then add it."""


class SecondFactorNeeded(NotSignedIn):
    """A code is needed too. Send the challenge with one of your authenticator, or a recovery code, to
    /api/auth/second-factor within five minutes."""


class SecondFactorIsOn(Conflict):
    """The second factor is turned on already. Turn it off first to set up another one."""


class SecondFactorIsYours(Conflict):
    """Turn your own second factor off in your account, with your password and a code."""


class NoSecondFactor(NotFound):
    """There is no second factor to do this with. Set one up first."""


class CodeWrong(Invalid):
    """This code is not right, or was used before. Wait for the next one."""


class CurrentPasswordWrong(Invalid):
    """This is not your current password."""


class SignInNotFresh(Refused):
    """You signed in too long ago for this. Sign in again, then repeat it within five minutes."""


class NotLeaving(NotFound):
    """This account is not about to be deleted."""


class ExportUnderWay(Conflict):
    """Your archive is being put together. Ask again in a few minutes whether it is ready."""


class ExportTooSoon(TooMany):
    """You may ask for an archive once a day."""


class SubjectDiffers(Refused):
    """This says that you are somebody else than your token does. The token decides; send its own subject, or none."""


class SignInElsewhere(Invalid):
    """This sign-in happens in a browser. Open the address in begin_at there, with the address of your app in redirect_to."""
