"""SECURITY P19 and P20: uploads that break off at any byte go on from there, and those that never do leave nothing."""

import hashlib
import os
import random
import signal
import socket
import struct
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from urllib.parse import urlsplit

import httpx2
import psutil
import pytest

from services.media import tasks
from services.media.proving import findings
from services.media.tasks import Work
from shared import clock
from tests.media import make
from tests.media.test_resumable import BYTES, TUS, became, begun, send, used
from tests.people import Person
from tests.stack import Stack

pytestmark = pytest.mark.nightly

MIB = 1024 * 1024
PART = 8 * MIB
RESETS, KILLS = 20, 5
ABORTED = 100
HEAD_SECONDS = 3  # that HEAD may take although the old PATCH still hangs
RESUMED_SECONDS = 20
RETRY_SECONDS = 1.0  # that a client waits, as tus-js-client does
RESET = struct.pack("ii", 1, 0)  # SO_LINGER: closing sends RST
SOUND = make.big_wav(64 * MIB)


def broken_off(stack: Stack, person: Person, head: str, body: bytes | memoryview, length: int) -> None:
    """A request that ends with a reset after `body`, of `length` bytes that it promised."""
    address = urlsplit(stack.url)
    talking = socket.create_connection((address.hostname, address.port), timeout=30)
    told = f"{head}Host: tutti\r\nContent-Length: {length}\r\nAuthorization: Bearer {person.token}\r\n\r\n"
    talking.sendall(told.encode())
    with suppress(ConnectionError):  # it was refused before: the request that broke off before this one came further meanwhile
        talking.sendall(body)
    talking.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    talking.close()


def patch_head(where: str, at: int) -> str:
    more = "".join(f"{name}: {value}\r\n" for name, value in (BYTES | {"Upload-Offset": str(at)}).items())
    return f"PATCH {where} HTTP/1.1\r\n{more}"


def come_so_far(person: Person, where: str, figure: list[float]) -> int:
    """Where the upload goes on, as a client asks that has lost its connection: again until it is told."""
    deadline = time.monotonic() + RESUMED_SECONDS
    while True:
        started = time.monotonic()
        try:
            answer = person.http.head(where, headers=TUS)
            if answer.status_code == 200:
                figure.append(time.monotonic() - started)
                return int(answer.headers["upload-offset"])
        except httpx2.TransportError:
            pass
        assert time.monotonic() < deadline
        time.sleep(0.1)


def whole(person: Person, where: str) -> bool:
    file = became(person, where)
    got = person.get(f"/files/{file['id']}/stream").content
    return file["status"] == "ready" and hashlib.sha256(got).digest() == hashlib.sha256(SOUND).digest()


def test_an_upload_goes_on_after_resets_at_twenty_random_bytes(
    stack: Stack, alice: Person, figures: Callable[[str], None]
) -> None:
    chance, where, heads, lost = random.Random(19), begun(alice, len(SOUND), "walk.wav"), list[float](), list[int]()
    at, faults = 0, sorted(chance.sample(range(1, len(SOUND)), RESETS))
    for fault in faults:
        if fault > at:
            broken_off(stack, alice, patch_head(where, at), memoryview(SOUND)[at:fault], len(SOUND) - at)
            time.sleep(RETRY_SECONDS)
            at = come_so_far(alice, where, heads)
            lost.append(max(0, fault - at))
    while at < len(SOUND):
        answer = send(alice, where, at, SOUND[at:])
        at = come_so_far(alice, where, heads) if answer.status_code != 204 else len(SOUND)

    figures(
        f"P19: {len(lost)} resets at random bytes of 64 MiB: at most {max(lost) / MIB:.1f} MiB sent again for one, "
        f"{sum(lost) / MIB:.1f} in all; HEAD at worst {max(heads) * 1000:.0f} ms"
    )
    assert whole(alice, where)
    assert max(lost) <= PART
    assert max(heads) <= HEAD_SECONDS


@pytest.mark.parametrize("victim", ["media", "store", "postgres", "gateway"])
def test_an_upload_goes_on_after_kills_at_random_moments(
    stack: Stack, alice: Person, victim: str, figures: Callable[[str], None]
) -> None:
    chance, where, heads = random.Random(victim), begun(alice, len(SOUND), "walk.wav"), list[float]()
    sent, at, kills = 0, 0, 0
    while at < len(SOUND):
        piece, has_arrived = SOUND[at : at + PART], False
        if kills < KILLS and at >= kills * len(SOUND) // (KILLS + 1):
            pid = make.until(lambda: stack.processes()[victim]["pid"], psutil.pid_exists)
            killing = threading.Timer(chance.random() * 0.1, os.kill, (pid, signal.SIGKILL))
            killing.start()
            kills += 1
        with suppress(httpx2.TransportError):
            has_arrived = send(alice, where, at, piece).status_code == 204
        sent += len(piece)
        killing.join()
        if not has_arrived:
            time.sleep(RETRY_SECONDS)
        at = come_so_far(alice, where, heads)

    again = sent - len(SOUND)
    figures(f"P19: {kills} kills of {victim} at random moments of 64 MiB: {again / MIB:.1f} MiB sent again; whole")
    stack.wait_until_healthy(30)
    assert kills == KILLS
    assert whole(alice, where)


def test_a_hundred_uploads_that_broke_off_leave_nothing(
    stack: Stack, alice: Person, work: Work, figures: Callable[[str], None]
) -> None:
    chance, size, spooled = random.Random(20), 9_000_000, set(make.spool(stack))
    sound = make.big_wav(size)
    opening = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\n'
    form = "POST /files/upload HTTP/1.1\r\nContent-Type: multipart/form-data; boundary=x\r\n"
    for number in range(ABORTED):
        end = chance.randrange(1, size)
        if number % 2:
            broken_off(stack, alice, form, opening + sound[:end], size + 200)
            continue
        where = begun(alice, size)
        broken_off(stack, alice, patch_head(where, 0), sound[:end], size)
        make.until(lambda at=where: alice.http.head(at, headers=TUS).headers["upload-offset"], lambda at: at != "0")
    left = len(make.objects(stack, alice))
    assert left >= ABORTED // 2  # a part of each resumable one, at least

    with clock.held(clock.now() + timedelta(hours=25)):
        tasks.joining.sweep_uploads.run(work)
        tasks.sweeping.sweep.run(work)
    make.until(lambda: len(make.objects(stack, alice)), lambda count: count == 0, seconds=60)
    found = findings.look(work.engine, work.store, work.settings, stored_before=clock.now())
    unclaimed = [each for each in found if str(alice.id) in each.key]
    figures(f"P20: {ABORTED} uploads broke off and left {left} objects; a day later there are {len(unclaimed)} without a row")
    assert unclaimed == []
    assert used(stack, alice) == 0
    assert alice.get("/files").json() == []
    assert set(make.spool(stack)) <= spooled
