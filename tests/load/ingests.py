"""Taking a library in: many small files through the gateway, each looked at whole, until all of them are ready."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import text

from shared import db, json
from tests.load.ground import Ground
from tests.load.rows import Row
from tests.media import make

FILES = 500
AT_ONCE = 4  # connections; a browser opens six
SECONDS_OF_SOUND = 2.5  # as MP3 20 KB
BAR = 10  # files a second, on two cores that do everything: clients, gateway, services, database, store
PATIENCE_SECONDS = 300
BOUNDARY = "a-line-that-no-file-holds"
UNREADY = text("SELECT count(*) FROM audio_files WHERE user_id = :user_id AND state <> 'ready'")


def measure(ground: Ground) -> Iterator[Row]:
    """Files a second, from the first byte that is sent until the last file is ready."""
    somebody = ground.person("collector")
    own, sound = threading.local(), make.encoded("mp3", "mp3", seconds=SECONDS_OF_SOUND)
    bodies = [_body(number, sound) for number in range(FILES)]

    def send(body: bytes) -> None:
        if not hasattr(own, "client"):
            own.client = ground.client(somebody)
        kind = f"multipart/form-data; boundary={BOUNDARY}"
        assert json.loads(own.client.post("/files/upload", body, kind=kind, expect=(201,)).body)

    started = time.perf_counter()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(send, bodies))
    sent = time.perf_counter() - started
    while _unready(ground, somebody.id) and time.perf_counter() - started < PATIENCE_SECONDS:
        time.sleep(0.1)
    a_second = FILES / (time.perf_counter() - started)
    work = f"ingest of {FILES} real files of 20 KB, sent in {sent:.0f} s"
    yield Row(work, f"{a_second:.1f} files/s", "-", a_second, BAR, "at least", " files/s")


def _unready(ground: Ground, user_id: object) -> int:
    with db.transaction(ground.system) as session:
        return session.scalar(UNREADY, {"user_id": user_id}) or 0


def _body(number: int, sound: bytes) -> bytes:
    """One file of its own, as a browser sends it."""
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="{number}.mp3"\r\n\r\n'.encode()
    return head + _tag(number) + sound + f"\r\n--{BOUNDARY}--\r\n".encode()


def _tag(number: int) -> bytes:
    """Title, artist and album: 50 albums of ten artists."""
    facts = {b"TIT2": f"Track {number}", b"TPE1": f"Artist {number // 50}", b"TALB": f"Album {number // 10}"}
    frames = b"".join(name + (len(said) + 1).to_bytes(4) + b"\0\0\0" + said.encode() for name, said in facts.items())
    return b"ID3\x03\0\0" + bytes((0, 0, len(frames) >> 7, len(frames) & 0x7F)) + frames
