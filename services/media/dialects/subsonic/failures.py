"""What can go wrong, as the protocol numbers it. A failure is an answer like any other: HTTP 200, `status` failed.

Every Problem of media has a number here, by its kind; those below are the protocol's own.
"""

from collections.abc import Mapping

from shared import errors
from shared.errors import Malformed, NotFound, NotSignedIn, Problem, Refused

GENERIC, MISSING, WRONG, NOT_AUTHORISED, NOT_FOUND = 0, 10, 40, 50, 70

NUMBERS: Mapping[type[Problem], int] = {
    errors.NotSignedIn: WRONG,
    errors.Refused: NOT_AUTHORISED,
    errors.NotFound: NOT_FOUND,
}


class SubsonicFailure(Problem):
    """The parent of failures that the protocol numbers itself; facts are told in the message."""

    number = GENERIC


class ParameterMissing(SubsonicFailure, Malformed):
    """A required parameter is missing"""

    number = MISSING


class ParameterWrong(SubsonicFailure, Malformed):
    """A parameter makes no sense"""


class NoSuchMethod(SubsonicFailure, NotFound):
    """There is no such method here"""


class NothingThere(SubsonicFailure, NotFound):
    """There is nothing with this id, or it is not yours"""

    number = NOT_FOUND


class PlayerTooOld(SubsonicFailure, Malformed):
    """This player speaks an older protocol than 1.x. Update it."""

    number = 20


class ServerTooOld(SubsonicFailure, Malformed):
    """This player speaks a newer protocol than 1.16.1."""

    number = 30


class WrongCredentials(SubsonicFailure, NotSignedIn):
    """Wrong user name or app password. Your account's own password does not work in players: make an app password for each of
    them in your account (/api/user/players).
    """

    number = WRONG


class SeveralMechanisms(SubsonicFailure, NotSignedIn):
    """Several ways to sign in at once. Send apiKey alone, or u with p, or u with t and s."""

    number = 43


class UnknownKey(SubsonicFailure, NotSignedIn):
    """No player has this API key. Make a new one in your account (/api/user/players)."""

    number = 44


class NotYours(SubsonicFailure, Refused):
    """You may not do this."""

    number = NOT_AUTHORISED


def number_of(problem: Problem) -> int:
    """The protocol's number of a problem.

    >>> number_of(errors.NotFound()), number_of(errors.TooMany()), number_of(ParameterMissing())
    (70, 0, 10)
    """
    if isinstance(problem, SubsonicFailure):
        return problem.number
    return next((number for kind, number in NUMBERS.items() if isinstance(problem, kind)), GENERIC)


def message_of(problem: Problem) -> str:
    """What happened, in words for a person.

    >>> message_of(ParameterMissing(parameter="id"))
    'A required parameter is missing: id'
    """
    said = str(problem.document()["detail"])
    return f"{said}: {problem.facts['parameter']}" if "parameter" in problem.facts else said
