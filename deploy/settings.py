"""What the operator chose: the environment, and below it the file `.env`."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from dotenv import dotenv_values

from deploy.processes import ROOT
from shared import addresses

LAST_PORT = 65_535


class Unusable(Exception):
    """A setting, or something on this machine, keeps Tutti from starting; the text is one line that says what to do."""


@dataclass(frozen=True)
class Settings:
    """The settings of a stack on this machine. `chosen` is everything the operator set, whoever reads it."""

    home: Path
    port: int
    alt_port: int
    bind: str
    reload: str | None
    trusted: tuple[str, ...]  # proxies before the gateway, whose word on a client's address counts
    chosen: Mapping[str, str]

    @classmethod
    def read(cls, environment: Mapping[str, str] = os.environ, file: Path = ROOT / ".env") -> "Settings":
        """Read everything; the environment wins. Raises Unusable where a value is none."""
        below = {name: value for name, value in dotenv_values(file, interpolate=False).items() if value is not None}
        chosen = {**below, **environment}
        return cls(
            home=(ROOT / (chosen.get("TUTTI_HOME") or ".tutti")).resolve(),
            port=_port(chosen, "TUTTI_PORT", 8000),
            alt_port=_port(chosen, "TUTTI_ALT_PORT", 9000),
            bind=chosen.get("TUTTI_BIND") or "127.0.0.1",
            reload=chosen.get("SERVICE") if chosen.get("RELOAD") == "1" else None,
            trusted=_addresses(chosen, "TRUSTED_PROXIES"),
            chosen=chosen,
        )

    @property
    def public_url(self) -> str:
        """The address by which clients know this stack, without a slash at the end."""
        return (self.chosen.get("PUBLIC_URL") or f"http://localhost:{self.port}").rstrip("/")


def _port(chosen: Mapping[str, str], name: str, default: int) -> int:
    text = chosen.get(name) or str(default)
    if not text.isdecimal() or int(text) > LAST_PORT:
        raise Unusable(f"{name} must be a port from 0 to {LAST_PORT}, not {text!r}.")
    return int(text)


def _addresses(chosen: Mapping[str, str], name: str) -> tuple[str, ...]:
    try:
        return tuple(str(each) for each in addresses.networks(chosen.get(name, "")))
    except ValueError as reason:
        raise Unusable(f"{name} must be addresses or CIDR blocks between commas: {reason}.") from reason
