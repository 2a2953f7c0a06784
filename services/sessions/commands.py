"""What a child of the nursery of sessions can be told to do. The nursery alone loads this, and what it needs."""

from collections.abc import Callable, Mapping
from typing import Any

from services.sessions.analysis import listening

COMMANDS: Mapping[str, Callable[..., dict[str, Any]]] = {"analyse": listening.analyse}
