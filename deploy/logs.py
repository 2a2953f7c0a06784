"""What every process says: kept whole in one file each, and shown together as one readable stream."""

import json
import os
import sys
from contextlib import suppress
from datetime import datetime
from io import TextIOWrapper
from pathlib import Path

ROTATE_BYTES = 10 * 1024 * 1024  # about a week of a busy household; one older file is kept
COLOURS = (36, 32, 33, 35, 34, 96, 92, 93, 95, 94)  # of names on a terminal, in the order in which they first speak
HIDDEN = {
    "event",
    "message",
    "msg",
    "level",
    "timestamp",
    "time",
    "service",
    "source",
    "logger",
}  # said elsewhere on the line, or noise there
KEPT_ONLY = {"initdb"}  # its exit status tells how it went
NAME_WIDTH = 15  # `sessions-worker`, the longest there is


class Logs:
    """Files in `folder`, one a process, rotated by size when they are opened; and standard output."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._files: dict[str, TextIOWrapper] = {}
        self._colourful = sys.stdout.isatty()

    def write(self, name: str, line: str) -> None:
        """Keep the line whole, and show it.

        What initdb says is only kept, and so is the gateway's access log: services tell of requests themselves.
        """
        line = line.rstrip()
        with suppress(OSError):  # a full disk loses lines, and not the process whose pipe nobody would read any more
            self._file(name).write(f"{line}\n" if line.startswith("{") else f"{datetime.now():%Y-%m-%d %H:%M:%S} {line}\n")
        shown = _readable(line)
        if shown is not None and name not in KEPT_ONLY:
            self.show(f"{self._painted(name)} | {shown}")

    def show(self, text: str) -> None:
        """Say something on standard output alone. Nobody reading it any more is no reason to stop."""
        try:
            print(text, flush=True)
        except BrokenPipeError:
            sys.stdout = Path(os.devnull).open("w")  # noqa: SIM115 -- it lives as long as the process
        except (OSError, UnicodeError):
            pass  # a full disk behind it, or a terminal that lacks a letter: the line is in its file

    def _file(self, name: str) -> TextIOWrapper:
        if name not in self._files:
            file = self._folder / f"{name}.log"
            if file.exists() and file.stat().st_size > ROTATE_BYTES:
                file.replace(file.with_suffix(".log.1"))
            self._files[name] = file.open("a", buffering=1)
        return self._files[name]

    def _painted(self, name: str) -> str:
        padded = name.ljust(NAME_WIDTH)
        if not self._colourful:
            return padded
        spoken = list(self._files)
        colour = COLOURS[spoken.index(name) % len(COLOURS)] if name in spoken else COLOURS[0]
        return f"\033[{colour}m{padded}\033[0m"


def _readable(line: str) -> str | None:
    """An event as `name key=value ...`; any other line as it is; None for what is not to be shown.

    >>> _readable('{"event": "file.stored", "level": "info", "size_bytes": 12}')
    'file.stored size_bytes=12'
    """
    if not line.startswith("{"):
        return line or None
    try:
        event = json.loads(line)
    except ValueError:
        return line
    if "RouterName" in event or "DownstreamStatus" in event:
        return None
    level = event.get("level", "info")
    words = [] if level in ("info", "debug") else [level.upper()]
    words.append(str(event.get("event") or event.get("message") or event.get("msg") or ""))
    words += [f"{key}={value}" for key, value in event.items() if key not in HIDDEN and value is not None]
    return " ".join(words)
