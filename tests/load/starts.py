"""Starting again, and what all of it holds in memory when nobody asks for anything."""

import time
from collections.abc import Iterator

import psutil

from shared import services
from tests.load.ground import Ground
from tests.load.rows import Row

GB = 1_000_000_000
BARS = {True: (15, 1.0), False: (30, 1.8)}  # seconds and GB with three services at most, and with more
REQUESTS = 20
SETTLE_SECONDS = 2
ASKED = {"auth": "/api/user/profile", "media": "/files", "sessions": "/api/sessions"}


def measure(ground: Ground) -> Iterator[Row]:
    """The second start with everything made by the first; then, after some requests to each service, every process of it."""
    stack = ground.stack
    seconds_bar, memory_bar = BARS[len(services.names()) <= 3]
    stack.stop()
    began = time.monotonic()
    stack.start()
    stack.wait_until_healthy()
    seconds = time.monotonic() - began
    yield Row("second start -> every service answers", f"{seconds:.1f} s", "-", seconds, seconds_bar, "at most", " s")
    client = ground.client(ground.alice)
    for name in services.names():
        for _ in range(REQUESTS):
            client.get(ASKED.get(name, f"/health/{name}"))
    time.sleep(SETTLE_SECONDS)
    supervisor = psutil.Process(stack.processes()["gateway"]["pid"]).parent()
    held = sum(each.memory_full_info().pss for each in (supervisor, *supervisor.children(recursive=True))) / GB
    yield Row("memory of the idle stack, proportional", f"{held:.2f} GB", "-", held, memory_bar, "at most", " GB")
