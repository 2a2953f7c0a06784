"""Uploads that must not be kept: each is refused with a clear problem, and leaves nothing behind."""

import os
import socket
import struct
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import people, wire
from tests.media import make
from tests.media.make import MINUET
from tests.people import Person
from tests.stack import Stack


@pytest.fixture(scope="module")
def someone(stack: Stack) -> Iterator[Person]:
    """Whoever sends what is refused: it leaves nothing behind, so one person can send it all."""
    person = people.sign_up(stack.url, "someone")
    yield person
    person.http.close()


@pytest.fixture(scope="module")
def musician(stack: Stack) -> Iterator[Person]:
    """Whoever sends odd names."""
    person = people.sign_up(stack.url, "musician")
    yield person
    person.http.close()


def png() -> bytes:
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + b"IHDR" + bytes(60)


BAD_FILES = [
    ("words.mp3", b"These are only words. " * 50, 415, "not_audio"),  # the name lies
    ("empty.mp3", b"", 422, "file_empty"),
    ("one.mp3", b"\xff", 415, "not_audio"),
    ("noise.mp3", bytes(range(1, 256)) * 400, 415, "not_audio"),
    ("picture.mp3", png(), 415, "not_audio"),
    ("program.flac", b"\x7fELF" + bytes(5000), 415, "not_audio"),
    ("page.m4a", b"<html><script>alert(1)</script></html>" * 20, 415, "not_audio"),
    ("archive.ogg", b"PK\x03\x04" + bytes(5000), 415, "not_audio"),
    ("tag only.mp3", b"ID3\x04\x00\x00\x00\x00\x00\x00" + b"x" * 5000, 415, "undecodable"),  # nothing after the tag is sound
    ("cut.flac", MINUET.read_bytes()[:1500], 415, "undecodable"),  # truncated before its first frame
    ("silent.wav", make.wav()[:44], 415, "undecodable"),  # a header and nothing else
    ("no channels.wav", make.wav()[:22] + b"\x00\x00" + make.wav()[24:], 415, "undecodable"),
    ("playlist.m3u", b"#EXTM3U\nfile:///etc/passwd\nhttp://169.254.169.254/\n", 415, "not_audio"),
    ("empty.ogg", b"OggS" + bytes(4000), 415, "undecodable"),
    ("nested.mp4", b"\x00\x00\x00\x18ftypM4A \x00\x00\x00\x00M4A mp42" + b"\x00\x00\x00\x08moov" * 3000, 415, "not_audio"),
]


@pytest.mark.parametrize(("name", "data", "status", "code"), BAD_FILES, ids=[row[0] for row in BAD_FILES])
def test_what_is_not_audio_is_refused_by_its_content(someone: Person, name: str, data: bytes, status: int, code: str) -> None:
    answer = make.upload(someone, data, name)

    assert (answer.status_code, answer.json()["code"], answer.json()["filename"]) == (status, code, name)
    assert someone.get("/files").json() == []


def test_a_file_cut_in_its_middle_is_kept_as_far_as_it_plays(alice: Person) -> None:
    file = make.uploaded(alice, MINUET.read_bytes()[:120_000], "cut.flac")

    assert file["status"] == "ready"


BAD_BODIES = [
    # content type, body, status, code
    ("multipart/form-data; boundary=x", b"--x\r\nbroken", 400, "broken_multipart"),
    ("multipart/form-data; boundary=x", b"", 400, "broken_multipart"),
    ("multipart/form-data; boundary=x", b"no boundary at all", 400, "broken_multipart"),
    ("multipart/form-data", b"--x--\r\n", 400, "broken_multipart"),  # it names no boundary
    ("multipart/form-data; boundary=" + "x" * 300, b"--x--\r\n", 400, "broken_multipart"),
    (
        "multipart/form-data; boundary=x",
        b'--x\r\nContent-Disposition: form-data; name="file"\r\n\r\nx\r\n--x--\r\n',
        422,
        "file_missing",
    ),
    (
        "multipart/form-data; boundary=x",
        b'--x\r\nContent-Disposition: form-data; name="f"; filename="f"\r\n\r\nx\r\n--x--\r\n',
        422,
        "file_missing",
    ),
    (
        "multipart/form-data; boundary=x",
        b'--x\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\ncut off',
        400,
        "broken_multipart",
    ),
    (
        "multipart/form-data; boundary=x",
        b"--x\r\n" + b"A: b\r\n" * 10_000 + b"\r\n\r\n--x--\r\n",
        400,
        "broken_multipart",
    ),  # CVE-2026-40347
    ("multipart/form-data; boundary=x", b"--x\r\nA: " + b"b" * 100_000 + b"\r\n\r\n--x--\r\n", 400, "broken_multipart"),
    ("multipart/form-data; boundary=x", b"--x\r\n\r\n\r\n" * 2_000 + b"--x--\r\n", 413, "too_many_parts"),
    ("application/json", b"{}", 415, "not_multipart"),
    ("audio/flac", b"fLaC", 415, "not_multipart"),
]


@pytest.mark.parametrize(("content_type", "body", "status", "code"), BAD_BODIES)
def test_a_body_that_is_not_good_multipart_is_refused(
    someone: Person, content_type: str, body: bytes, status: int, code: str
) -> None:
    answer = someone.post("/files/upload", content=body, headers={"Content-Type": content_type})

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert isinstance(answer.json()["detail"], str)


BAD_NAMES = [
    ("../../../etc/passwd", "passwd"),
    ("..\\..\\boot.ini", "boot.ini"),
    ("C:\\music\\tune.wav", "tune.wav"),
    ("..", "untitled"),
    ("a\u202egnp.wav", "agnp.wav"),  # right-to-left override
    ("-i $(id);`id`.wav", "-i $(id);`id`.wav"),  # only ever data
    ("x" * 400 + ".wav", "x" * 255),
    ("Žluťoučký kůň.wav", "Žluťoučký kůň.wav"),
]


@pytest.mark.parametrize(("sent", "shown"), BAD_NAMES)
def test_a_name_is_only_ever_shown_and_never_a_path(stack: Stack, musician: Person, sent: str, shown: str) -> None:
    body = b'--x\r\nContent-Disposition: form-data; name="file"; filename="%b"\r\n\r\n%b\r\n--x--\r\n'
    content = body % (sent.replace("\\", "\\\\").encode(), make.wav(0.2))

    answer = musician.post("/files/upload", content=content, headers={"Content-Type": "multipart/form-data; boundary=x"})

    assert answer.json()[0]["filename"] == shown
    assert all(each.parent.name == str(musician.id) for each in make.objects(stack, musician))


def test_nobody_uploads(nobody: Person) -> None:
    assert make.upload(nobody).status_code == 401


def begin(stack: Stack, token: str | None, length: int | None) -> socket.socket:
    """An upload that has sent its head only."""
    return wire.begin(stack, "/files/upload", "multipart/form-data; boundary=x", token=token, length=length)


def test_a_hundred_megabytes_without_a_token_are_refused_within_the_first(stack: Stack) -> None:
    talking = begin(stack, None, 100_000_000)

    sent, answer = wire.sent_until_answered(talking, (bytes(65536) for _ in range(1600)))

    assert answer == b"HTTP/1.1 401 Unauthorized"
    assert sent <= 1_000_000


def test_a_body_that_says_it_is_over_the_cap_is_refused_at_once(stack: Stack, alice: Person) -> None:
    talking = begin(stack, alice.token, 5_000_000_000)

    sent, answer = wire.sent_until_answered(talking, (bytes(65536) for _ in range(1600)))

    assert answer == b"HTTP/1.1 413 Request Entity Too Large"
    assert sent <= 1_000_000


def test_a_full_quota_is_said_before_the_body_is_read(stack: Stack, alice: Person) -> None:
    with stack.engine("media-worker").begin() as db:
        db.exec_driver_sql("INSERT INTO storage_use (user_id, used_bytes) VALUES (%s, %s)", (alice.id, 1024**3))
    talking = begin(stack, alice.token, 50_000_000)

    sent, answer = wire.sent_until_answered(talking, (bytes(65536) for _ in range(1600)))

    assert answer == b"HTTP/1.1 413 Request Entity Too Large"
    assert sent <= 1_000_000


@pytest.mark.parametrize("share", [0.0, 0.01, 0.6], ids=["at once", "after little", "after most"])
@pytest.mark.parametrize("chunked", [False, True], ids=["declared", "chunked"])
def test_a_client_that_goes_away_leaves_nothing_behind(stack: Stack, alice: Person, share: float, chunked: bool) -> None:
    size = 8_000_000
    body = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\n' + os.urandom(int(size * share))
    talking = begin(stack, alice.token, None if chunked else size)
    talking.sendall(b"%x\r\n%b\r\n" % (len(body), body) if chunked else body)
    time.sleep(0.2)

    talking.close()

    make.until(lambda: make.spool(stack), lambda names: not names, seconds=5)
    assert alice.get("/files").json() == []
    assert make.objects(stack, alice) == []
    with stack.engine("media-worker").begin() as db:
        rows = make.until(
            lambda: db.exec_driver_sql("SELECT id FROM audio_files WHERE user_id = %s", (alice.id,)).all(),
            lambda found: not found,
            seconds=5,
        )
        used = db.exec_driver_sql("SELECT sum(used_bytes) FROM storage_use WHERE user_id = %s", (alice.id,)).scalar()
    assert (rows, used or 0) == ([], 0)


def test_a_hundred_megabytes_take_little_memory(stack: Stack, alice: Person) -> None:
    make.uploaded(alice, make.big_wav(10_000_000), "warm.wav")
    before = memory_mib(stack)

    answer = make.upload(alice, make.big_wav(100_000_000), "long.wav")

    assert answer.status_code == 201
    assert memory_mib(stack, peak=True) - before <= 64


def memory_mib(stack: Stack, *, peak: bool = False) -> float:
    """Resident memory of media's server process, or the most it ever had since it started."""
    main = stack.processes()["media"]["pid"]
    [child] = Path(f"/proc/{main}/task/{main}/children").read_text().split()[:1]
    status = Path(f"/proc/{child}/status").read_text()
    [line] = [line for line in status.splitlines() if line.startswith("VmHWM" if peak else "VmRSS")]
    return int(line.split()[1]) / 1024
