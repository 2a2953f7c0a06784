"""The package in `services/sessions/typescript`, copied beside its dependencies, so that nothing is written into the sources.

`python -m tests.sessions.typescript.package` makes its types anew.
"""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from tests import npm
from tests.stack import ROOT, Stack

HERE = ROOT / "services" / "sessions" / "typescript"
TYPES = Path("src") / "openapi.ts"
RUN_SECONDS = 120
PROGRAMS = {
    "tsc": "typescript/bin/tsc",
    "vitest": "vitest/vitest.mjs",
    "openapi-typescript": "openapi-typescript/bin/cli.js",
}


def copied(folder: Path) -> Path:
    """The package with what it needs, in `folder`, which is made."""
    modules = npm.node_modules(HERE, "TypeScript and vitest") / "node_modules"
    shutil.copytree(HERE, folder, ignore=shutil.ignore_patterns("node_modules"))
    (folder / "node_modules").symlink_to(modules)
    return folder


def begin(package: Path, program: str, *arguments: str, **environment: str) -> subprocess.Popen[str]:
    """Start a program of the package, with its output in a pipe."""
    return subprocess.Popen(
        [npm.NODE, package / "node_modules" / PROGRAMS[program], *arguments],
        cwd=package,
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def ended(program: subprocess.Popen[str]) -> str:
    """What a program said until it ended. One that does not end is killed."""
    try:
        return program.communicate(timeout=RUN_SECONDS)[0]
    except subprocess.TimeoutExpired:
        program.kill()
        raise


def begin_types(package: Path, url: str) -> subprocess.Popen[str]:
    """Write the types of what the Tutti at `url` documents over those in the copy."""
    return begin(package, "openapi-typescript", f"{url}/openapi/sessions.json", "--alphabetize", "--output", str(TYPES))


def main() -> None:
    """Start a Tutti for as long as it takes to ask it, and keep what comes out."""
    with tempfile.TemporaryDirectory() as folder:
        package = copied(Path(folder) / "package")
        stack = Stack(Path(folder) / "tutti").start()
        try:
            generating = begin_types(package, stack.url)
            print(ended(generating))
        finally:
            stack.stop()
        if generating.returncode == 0:
            shutil.copy(package / TYPES, HERE / TYPES)


if __name__ == "__main__":
    main()
