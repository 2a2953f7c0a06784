"""The list of services. Everything that lists services reads it here: the folders in `services/` that hold an app."""

import importlib
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "services"


def names() -> list[str]:
    """Every service that exists, by name, in alphabetical order."""
    return sorted(folder.parent.name for folder in FOLDER.glob("*/app.py"))


def module(service: str, part: str) -> ModuleType:
    """One part of a service by name: `module("media", "models")` is `services.media.models`."""
    return importlib.import_module(f"services.{service}.{part}")
