"""Our own object store: `rclone serve s3` over a folder.

It never calls fsync, so a power failure may take what was stored last; S3_ENDPOINT names a store for data that matters more.
"""

import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from deploy import ports
from deploy.processes import Process, Supervisor
from deploy.settings import Unusable

NAME = "store"


@dataclass(frozen=True)
class ObjectStore:
    """One store, its buckets the folders below `folder`. `auth_key` is rclone's own form of the key and its secret."""

    folder: Path
    port: int
    auth_key: str

    @property
    def url(self) -> str:
        """Where it speaks S3."""
        return f"http://{ports.LOOPBACK}:{self.port}"

    async def start(self, supervisor: Supervisor) -> None:
        """Start it. Returns when it listens."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        await supervisor.start(
            Process(
                name=NAME,
                command=[
                    program("rclone"),
                    *("serve", "s3", "--addr", f"{ports.LOOPBACK}:{self.port}"),
                    *("--buffer-size", "0"),  # measured: 90 MiB with 200 open reads, where the default took 2 GB
                    *("--etag-hash", ""),  # else the first look at an object after a start reads it whole
                    *("--no-cleanup", "--vfs-cache-mode", "off", str(self.folder)),
                ],
                # In the environment, because every user can read the arguments of a process.
                environment={
                    "PATH": os.defpath,
                    "HOME": str(self.folder.parent),
                    "RCLONE_CONFIG": "/dev/null",
                    "RCLONE_AUTH_KEY": self.auth_key,
                },
                port=self.port,
                heal=self._sweep,
                stop_seconds=5,
            )
        )
        await ports.until_open(self.port)

    async def _sweep(self) -> None:
        """Remove what a killed store was in the middle of writing. Nothing is in flight while it is down."""
        for left in self.folder.rglob(".rclone_temp_*"):
            left.unlink(missing_ok=True)


def program(name: str) -> str:
    """The path of a program that a wheel installed beside this Python. Raises Unusable where there is none."""
    found = shutil.which(name, path=str(Path(sys.executable).parent)) or shutil.which(name)
    if found is None:
        raise Unusable(f"{name} is not installed; run `make run`, which installs it.")
    return found
