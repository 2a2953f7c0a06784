"""A list of 50 rows: requests per second of media's one process, without the gateway."""

import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

from shared import processes
from tests.load.client import Client
from tests.load.ground import Ground
from tests.load.rows import Row, in_turns
from tests.stack import ROOT, free_ports

CONNECTIONS = 4
SECONDS = 3  # of one measurement
ROUNDS = 3
STOP_SECONDS = 10  # of the empty server, before it is killed
BAR = 0.2
EMPTY = "granian --interface asgi --loop uvloop --workers 1 --no-ws --host 127.0.0.1 --port {port} tests.load.empty:app"


def measure(ground: Ground) -> Iterator[Row]:
    """The first page of a library of 1,000, against an empty endpoint of the same server with the same client."""
    person, _ = ground.libraries
    path = "/files?limit=50"
    port = free_ports(1)[0]
    command = [sys.executable, "-m", *EMPTY.format(port=port).split()]
    empty = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    try:
        while not processes.answers("127.0.0.1", port):
            time.sleep(0.05)
        ours, other = in_turns(
            ROUNDS,
            lambda: per_second(ground.stack.service_url("media") + path, person.token),
            lambda: per_second(f"http://127.0.0.1:{port}/", ""),
        )
    finally:
        empty.terminate()
        try:
            empty.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            empty.kill()
    work = "list of 50 rows, one process, against an empty endpoint"
    yield Row(work, f"{ours:.0f}/s", f"{other:.0f}/s", ours / other, BAR, "at least")


def client_name() -> str:
    """What asks as fast as it can."""
    return "wrk" if shutil.which("wrk") else "threads of our own, which are slower than wrk"


def per_second(url: str, token: str) -> float:
    """Requests answered with 200 per second, by wrk, or without it by threads of our own (which are slower)."""
    if not shutil.which("wrk"):
        return _by_threads(url, token)
    header = f"Authorization: Bearer {token}"
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}s", "-H", header, url]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "Non-2xx" not in said and "Socket errors" not in said, said
    return float(re.search(r"Requests/sec:\s+([0-9.]+)", said)[1])


def _by_threads(url: str, token: str) -> float:
    origin, path = re.fullmatch(r"(http://[^/]+)(/.*)", url).groups()
    counts = [0] * CONNECTIONS
    ends_at = time.monotonic() + SECONDS

    def ask(number: int) -> None:
        with Client(origin, token) as client:
            while time.monotonic() < ends_at:
                client.get(path)
                counts[number] += 1

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / SECONDS
