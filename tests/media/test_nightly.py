"""What takes long, or kills something: `make test-nightly`."""

import os
import signal
import time

import httpx2
import pytest

from tests.media import make
from tests.media.test_bad_uploads import begin
from tests.people import Person
from tests.stack import Stack

pytestmark = pytest.mark.nightly


def test_twenty_megabytes_at_one_megabit_a_second_arrive(stack: Stack, alice: Person) -> None:
    sound = make.big_wav(20_000_000)
    head = b'--x\r\nContent-Disposition: form-data; name="file"; filename="slow.wav"\r\n\r\n'
    body = head + sound + b"\r\n--x--\r\n"
    talking = begin(stack, alice.token, len(body))
    for at in range(0, len(body), 12_500):
        talking.sendall(body[at : at + 12_500])
        time.sleep(0.1)

    assert talking.recv(100).startswith(b"HTTP/1.1 201")


def test_a_body_slower_than_the_least_is_ended(stack: Stack, alice: Person) -> None:
    talking = begin(stack, alice.token, 1_000_000)
    talking.settimeout(0.5)
    started, answer = time.monotonic(), b""
    while not answer and time.monotonic() - started < 45:
        talking.send(b"x" * 100)
        try:
            answer = talking.recv(100)
        except TimeoutError:
            continue

    assert answer.startswith(b"HTTP/1.1 408")
    assert 29 <= time.monotonic() - started <= 35
    assert make.spool(stack) == []


def test_an_object_store_that_hangs_is_said_within_seconds(stack: Stack, alice: Person) -> None:
    file = make.uploaded(alice, make.big_wav(6_000_000), "a.wav")
    alice.get("/files")
    store = stack.processes()["store"]["pid"]
    os.kill(store, signal.SIGSTOP)
    try:
        slowest = 0.0
        for _ in range(8):
            started = time.monotonic()
            answer = make.upload(alice, make.wav(1), "b.wav")
            slowest = max(slowest, time.monotonic() - started)
            assert (answer.status_code, answer.json()["code"]) == (503, "store_unavailable")
        last = time.monotonic() - started
        assert httpx2.get(f"{stack.service_url('media')}/ready", timeout=10).status_code == 503
        assert [each["id"] for each in alice.get("/files").json()] == [file["id"]]
    finally:
        os.kill(store, signal.SIGCONT)

    assert slowest <= 12
    assert last <= 3  # the breaker has opened: nobody waits for the store any more, which takes five
    make.until(lambda: make.upload(alice, make.wav(1), "c.wav").status_code, lambda status: status == 201, seconds=20)
    make.until(lambda: len(make.objects(stack, alice)), lambda count: count == 2, seconds=90)  # the next attempt to delete


def test_a_killed_object_store_comes_back_and_nothing_acknowledged_is_lost(stack: Stack, alice: Person) -> None:
    kept, number, deadline = [], 0, time.monotonic() + 60
    while len(kept) < 30:
        assert time.monotonic() < deadline
        if number == 10:
            os.kill(stack.processes()["store"]["pid"], signal.SIGKILL)
        sound = make.wav(1, pitch_hz=300 + number)
        answer = make.upload(alice, sound, f"{number}.wav")
        assert answer.status_code in {201, 503}
        kept += [(answer.json()[0]["id"], sound)] if answer.status_code == 201 else []
        number += 1

    for file_id, sound in kept:
        assert alice.get(f"/files/{file_id}/stream").content == sound
    assert len(alice.get("/files").json()) == len(kept)


def test_a_media_killed_in_the_middle_of_an_upload_leaves_only_what_the_sweep_ends(stack: Stack, alice: Person) -> None:
    talking = begin(stack, alice.token, 10_000_000)
    talking.sendall(b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\n' + bytes(5_000_000))
    time.sleep(0.3)

    os.kill(stack.processes()["media"]["pid"], signal.SIGKILL)

    time.sleep(1)
    stack.wait_until_healthy()
    assert alice.get("/files").json() == []
    assert make.upload(alice).status_code == 201
