"""Commands of a service in a running Tutti: as `make` runs them, or in this process, where each takes no second to begin."""

import io
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from typing import Any

import pytest

from tests.stack import ROOT, Stack

Done = subprocess.CompletedProcess[str]


def run(stack: Stack, module: str, *words: str) -> Done:
    """What `make` runs: `deploy.inside` with a module of a service."""
    inherited = {name: value for name, value in os.environ.items() if not name.endswith("_URL") and name != "S3_ENDPOINT"}
    return subprocess.run(
        [sys.executable, "-m", "deploy.inside", module, *words],
        cwd=ROOT,
        env=inherited | {"TUTTI_HOME": str(stack.home)},
        capture_output=True,
        text=True,
        check=False,
    )


def worker(stack: Stack, service: str) -> dict[str, str]:
    """What a service's worker is told."""
    at = {"SECRETS_DIR": stack.home / "secrets" / f"{service}-worker", "DATA_DIR": stack.home / "data" / service}
    return {"SERVICE_NAME": service, "RUN_DIR": str(stack.home / "run")} | {name: str(path) for name, path in at.items()}


def call(stack: Stack, service: str, main: Callable[..., Any], *words: str) -> Done:
    """The same by its `main`, here, with what its worker is told. `main` takes its words in one list, or nothing."""
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as here, redirect_stdout(out), redirect_stderr(err):
        for name, value in worker(stack, service).items():
            here.setenv(name, value)
        status = main(list(words)) if words else main()
    return Done(list(words), status or 0, out.getvalue(), err.getvalue())
