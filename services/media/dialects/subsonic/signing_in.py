"""Whose player it is: an API key alone, or a user name with an app password, plain, in hex, or as token and salt."""

import binascii

from services.media.dialects.subsonic.failures import (
    ParameterMissing,
    PlayerTooOld,
    ServerTooOld,
    SeveralMechanisms,
    UnknownKey,
    WrongCredentials,
)
from services.media.dialects.subsonic.parameters import Parameters
from services.media.errors import PlayerRefused
from services.media.players import LetIn, Players

MAJOR_VERSION = 1
ENCODED = "enc:"


def let_in(players: Players, parameters: Parameters, *, address: str) -> LetIn:
    """The player that shows its credentials here. Raises what the protocol numbers 10, 20, 30, 40, 43, 44; TooMany's like."""
    _check_version(parameters.text("v", ""))
    shown = _shown(parameters)
    try:
        return players.let_in(shown, address=address)
    except PlayerRefused as reason:
        raise (UnknownKey if "api_key" in shown else WrongCredentials) from reason


def _shown(parameters: Parameters) -> dict[str, str]:
    by_name = [name for name in ("u", "p", "t", "s") if name in parameters]
    if "apiKey" in parameters:
        if by_name:
            raise SeveralMechanisms
        return {"api_key": parameters.text("apiKey")}
    username = parameters.text("u")
    if "t" in parameters or "s" in parameters:
        if "p" in parameters:
            raise SeveralMechanisms
        return {"username": username, "token": parameters.text("t").lower(), "salt": parameters.text("s")}
    if "p" not in parameters:
        raise ParameterMissing(parameter="apiKey, p, or t and s")
    return {"username": username, "password": _plain(parameters.text("p"))}


def _plain(password: str) -> str:
    if not password.startswith(ENCODED):
        return password
    try:
        return binascii.unhexlify(password.removeprefix(ENCODED)).decode()
    except ValueError as reason:
        raise WrongCredentials from reason


def _check_version(version: str) -> None:
    """Only what is before the first dot counts: players of 1.8 and of 1.16 get on with one another."""
    major = version.partition(".")[0]
    if major.isascii() and major.isdigit() and int(major[:9]) != MAJOR_VERSION:
        raise PlayerTooOld if int(major[:9]) < MAJOR_VERSION else ServerTooOld
