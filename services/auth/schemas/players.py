"""Players, and what they show to be let in."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import Field, RootModel, StringConstraints, model_validator

from services.auth.schemas.fields import TypedName, TypedPassword
from shared.schemas import In, Line, Out

MAX_NAME_CHARACTERS = 100
Shown = Annotated[str, StringConstraints(max_length=255)]


class NewPlayer(In):
    """A player that is to be let in; the name tells it from others."""

    name: Annotated[Line, StringConstraints(max_length=MAX_NAME_CHARACTERS)] = Field(examples=["Phone"])


class PlayerOut(Out):
    """A player, without its secrets. `last_used_at` is true to the minute."""

    id: UUID
    name: str
    created_at: datetime
    last_used_at: datetime | None


class PlayersOut(RootModel[list[PlayerOut]]):
    """Somebody's players, the newest first."""


class AddedPlayerOut(Out):
    """A new player with its secrets, shown this once: an API key, and a password for players that know no keys."""

    id: UUID
    name: str
    api_key: str
    app_password: str
    created_at: datetime


class ShownByPlayer(In):
    """What a player showed to another service: a key; or a name with an app password, or with Subsonic's token and salt.

    `address` is where the player is.
    """

    api_key: Shown | None = None
    username: TypedName | None = None
    password: TypedPassword | None = None
    token: Shown | None = None
    salt: Shown | None = None
    address: Annotated[str, StringConstraints(max_length=64)] = ""

    @model_validator(mode="after")
    def _is_one_of_three(self) -> Self:
        shown = frozenset(self.model_fields_set - {"address"})
        if shown not in ({"api_key"}, {"username", "password"}, {"username", "token", "salt"}):
            raise ValueError("Send api_key, or username and password, or username, token and salt")
        return self


class VerifiedPlayerOut(Out):
    """Whose player it is. `credential_id` stands where a token names its sign-in: revocations name it."""

    user_id: UUID
    username: str | None
    roles: list[str]
    zoneinfo: str
    credential_id: UUID
    name: str
