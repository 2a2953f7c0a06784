"""What a child of the nursery of sessions can be told to do. The nursery alone loads this, and with it the parsers."""

from collections.abc import Callable, Mapping
from typing import Any

COMMANDS: Mapping[str, Callable[..., dict[str, Any]]] = {}
