"""What the process that parses users' files cannot do."""

import os
import socket
import subprocess
import sys

import pytest

from shared import services

CONFINED = """
from shared import confinement
left = confinement.leave_the_network()
confinement.limit(cpu_seconds=30, write_bytes=16 * 1024**2, memory_bytes=512 * 1024**2)
"""


def said(code: str, *arguments: str) -> str:
    """What a confined process prints."""
    command = [sys.executable, "-s", "-c", CONFINED + code, *arguments]
    return subprocess.run(command, cwd=services.ROOT, env={}, capture_output=True, text=True, check=True, timeout=20).stdout


def test_it_reaches_no_network() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        code = f"""
import socket
try:
    socket.create_connection(("127.0.0.1", {listening.getsockname()[1]}), timeout=5)
    print("connected" if left else "stayed")
except OSError as reason:
    print(reason.errno)
"""
        answer = said(code).strip()

    if answer == "stayed":
        pytest.skip("this machine gives nobody a network of its own")
    assert answer == "101"  # ENETUNREACH


@pytest.mark.skipif(os.geteuid() == 0, reason="the kernel exempts root from this limit")
def test_it_starts_nothing() -> None:
    assert said("import os\ntry:\n    os.fork()\nexcept BlockingIOError:\n    print('refused')") == "refused\n"


def test_its_limits_are_as_written() -> None:
    code = """
import resource
names = ("AS", "CPU", "FSIZE", "NOFILE", "NPROC", "CORE")
print([resource.getrlimit(getattr(resource, f"RLIMIT_{name}")) for name in names])
try:
    bytearray(600 * 1024 * 1024)
except MemoryError:
    print("refused")
"""
    limits, memory = said(code).splitlines()

    assert limits == str([(each, each) for each in (512 * 1024**2, 30, 16 * 1024**2, 64, 0, 0)])
    assert memory == "refused"
