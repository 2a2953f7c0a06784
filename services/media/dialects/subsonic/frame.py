"""What a method is handed, and the list of methods that the families fill."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from fastapi import Request, Response

from services.media.dialects.subsonic.parameters import Parameters
from services.media.players import LetIn
from services.media.world import World
from shared.shell import Shell

LONGEST_CLIENT = 100  # characters of a player's name, as `plays.client` has room for


@dataclass(frozen=True)
class Call:
    """One request of a method: what it asks, and the world to answer it from."""

    request: Request
    parameters: Parameters
    shell: Shell
    media: World


@dataclass(frozen=True)
class Signed(Call):
    """One request of a method by somebody's player."""

    by: LetIn

    @property
    def user_id(self) -> UUID:
        """Whose library this is about."""
        return self.by.caller.id

    @property
    def username(self) -> str:
        """What the player calls its owner."""
        return self.parameters.text("u", self.by.player.username or str(self.user_id))

    @property
    def client(self) -> str:
        """What the player calls itself, else what its owner calls it."""
        return self.parameters.text("c", self.by.player.name)[:LONGEST_CLIENT]

    def transaction(self) -> AbstractContextManager[Any]:
        """The database as the player's owner, who is no administrator here."""
        return self.shell.transaction(self.by.caller)

    @contextmanager
    def listening(self) -> Iterator[Any]:
        """The same, where it changes what was listened to or liked: what was added up of that is forgotten afterwards."""
        with self.transaction() as db:
            yield db
        self.media.answers.forget(self.user_id)


Answer = dict[str, Any] | Response  # the answer's tree under `subsonic-response`, or bytes as they are


@dataclass(frozen=True)
class Method:
    """A method of the protocol. What a player asks in bursts, such as covers and ranges, is not counted."""

    name: str
    answer: Callable[[Signed], Answer]
    is_counted: bool


METHODS: dict[str, Method] = {}
OPEN: dict[str, Callable[[Call], Answer]] = {}  # those that nobody need sign in for


def method(*names: str, is_counted: bool = True) -> Callable[[Callable[[Signed], Answer]], Callable[[Signed], Answer]]:
    """Register a function as the answer to a method, or to several that are alike."""

    def register(answer: Callable[[Signed], Answer]) -> Callable[[Signed], Answer]:
        METHODS.update({name: Method(name, answer, is_counted) for name in names})
        return answer

    return register


def open_method(name: str) -> Callable[[Callable[[Call], Answer]], Callable[[Call], Answer]]:
    """The same for a method that asks nobody who they are."""

    def register(answer: Callable[[Call], Answer]) -> Callable[[Call], Answer]:
        OPEN[name] = answer
        return answer

    return register
