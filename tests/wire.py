"""Talking to the front door byte by byte, for what no HTTP client would send."""

import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

from tests.stack import Stack

TALK_SECONDS = 20


def begin(stack: Stack, path: str, content_type: str, *, token: str | None, length: int | None) -> socket.socket:
    """A POST that has sent its head only; `length` None is a chunked one."""
    address = urlsplit(stack.url)
    talking = socket.create_connection((address.hostname, address.port), timeout=TALK_SECONDS)
    head = [f"POST {path} HTTP/1.1", "Host: tutti", f"Content-Type: {content_type}"]
    head += [f"Authorization: Bearer {token}"] if token else []
    head += [f"Content-Length: {length}"] if length is not None else ["Transfer-Encoding: chunked"]
    talking.sendall(("\r\n".join(head) + "\r\n\r\n").encode())
    return talking


def sent_until_answered(talking: socket.socket, pieces: Iterator[bytes]) -> tuple[int, bytes]:
    """How many bytes went out before the answer came, sending a piece every 5 ms; and the answer's first line."""
    sent, answer = 0, b""
    talking.settimeout(0.005)
    for piece in pieces:
        try:
            sent += talking.send(piece)
            answer = talking.recv(200)
            break
        except TimeoutError:
            continue
    return sent, answer.partition(b"\r\n")[0]
