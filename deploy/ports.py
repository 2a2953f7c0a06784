"""Ports on this machine: which are free, which answer, and what an address says over HTTP."""

import asyncio
import random
import socket
from contextlib import closing

INNER_PORTS = range(
    20_000, 32_000
)  # below what Linux and macOS give to outgoing connections, which could take one while its owner restarts
LOOPBACK = "127.0.0.1"
ANSWER_SECONDS = 5  # for one question to one of our own processes
POLL_SECONDS = 0.05


def free(count: int) -> list[int]:
    """That many different ports nobody listens on, chosen at random so that copies started together do not meet."""
    found: list[int] = []
    for port in random.sample(INNER_PORTS, len(INNER_PORTS)):
        if len(found) == count:
            return found
        if is_free(LOOPBACK, port):
            found.append(port)
    raise OSError(f"there are no {count} free ports between {INNER_PORTS.start} and {INNER_PORTS.stop}")


def is_free(host: str, port: int) -> bool:
    """Whether a server could listen there now."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with closing(socket.socket(family)) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # what is left of closed connections is in nobody's way
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


async def until_open(port: int) -> None:
    """Return once something listens on `port`."""
    while True:
        try:
            _, writer = await asyncio.open_connection(LOOPBACK, port)
        except OSError:
            await asyncio.sleep(POLL_SECONDS)
        else:
            writer.close()
            return


async def get(host: str, port: int, path: str) -> tuple[int, str]:
    """Status and body of `GET path`; status 0 when nobody answers in time."""
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            reader, writer = await asyncio.open_connection(host, port)
            try:
                writer.write(f"GET {path} HTTP/1.0\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
                head, _, body = (await reader.read(-1)).partition(b"\r\n\r\n")
            finally:
                writer.close()
        return int(head.split(b" ", 2)[1]), body.decode(errors="replace")
    except (OSError, TimeoutError, IndexError, ValueError):
        return 0, ""
