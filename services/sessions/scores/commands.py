"""What a child that reads scores can be told to do. It needs the standard library alone, so that saving waits for no start."""

from collections.abc import Callable, Mapping
from typing import Any

from services.sessions.scores import documents

COMMANDS: Mapping[str, Callable[..., dict[str, Any]]] = {"read_score": documents.read_score}
