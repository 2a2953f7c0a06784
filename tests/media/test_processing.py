"""What files are made to tell: tags, loudness, waveforms, covers and twins."""

import struct
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import av
import pytest
from PIL import Image

from services.media.processing import inspection
from shared import ids
from tests.media import make
from tests.people import Person
from tests.stack import Stack


def row(stack: Stack, file_id: str) -> dict[str, Any]:
    """Everything that is known of a file."""
    worker = stack.engine("media-worker")
    with worker.begin() as db:
        found = dict(db.exec_driver_sql("SELECT * FROM audio_files WHERE id = %s", (file_id,)).mappings().one())
    worker.dispose()
    return found


def measured(stack: Stack, file_id: str) -> dict[str, Any]:
    return make.until(lambda: row(stack, file_id), lambda file: file["measured_at"] is not None)


def frame(name: str, data: bytes) -> bytes:
    """A frame of ID3v2.3."""
    return name.encode() + struct.pack(">IH", len(data), 0) + data


def text(name: str, value: str) -> bytes:
    return frame(name, b"\x01" + value.encode("utf-16"))


def custom(name: str, value: str) -> bytes:
    return frame("TXXX", b"\x00" + name.encode() + b"\x00" + value.encode())


def tagged(*frames: bytes) -> bytes:
    """An MP3 with these frames."""
    body = b"".join(frames)
    size = bytes((len(body) >> shift) & 0x7F for shift in (21, 14, 7, 0))
    return b"ID3\x03\x00\x00" + size + body + make.encoded("mp3", "mp3", seconds=2)


RECORDING, RELEASE = "b1a9c0e9-d987-4042-ae91-78d6a3267d69", "7f2b9a5c-6a3e-4f4e-9d3b-1d2c3b4a5f60"
EVERYTHING = (
    text("TIT2", "Largo"),
    text("TPE1", "Dvořák"),
    text("TALB", "Z nového světa"),
    text("TPE2", "Česká filharmonie"),
    text("TCOM", "Antonín Dvořák"),
    text("TCON", "Classical"),
    text("TYER", "1893"),
    text("TRCK", "2/4"),
    text("TPOS", "1/2"),
    text("TBPM", "52"),
    text("TKEY", "Dbm"),
    text("TPE4", "A remixer"),
    text("TPUB", "A label"),
    text("TSRC", "CZA010900001"),
    frame("COMM", b"\x00eng\x00A comment"),
    frame("USLT", b"\x00eng\x00Going home\nGoing home"),
    frame("SYLT", b"\x00eng\x02\x01\x00" + b"Going home\x00" + struct.pack(">I", 1500)),
    frame("UFID", b"http://musicbrainz.org\x00" + RECORDING.encode()),
    custom("MusicBrainz Album Id", RELEASE),
    custom("CATALOGNUMBER", "SU 1"),
    custom("BARCODE", "099925000001"),
    custom("PRODUCER", "A producer"),
)


def test_everything_that_a_file_says_of_itself_is_known(stack: Stack, alice: Person) -> None:
    file = make.uploaded(alice, tagged(*EVERYTHING), "largo.mp3")

    found = row(stack, file["id"])
    assert {name: found[name] for name in EXPECTED} == EXPECTED
    assert (found["codec"], found["sample_rate_hz"], found["channels"], found["bit_depth"]) == ("mp3", 48_000, 1, None)
    assert 30 <= found["bit_rate_kbps"] <= 130
    assert 1_950 <= found["duration_ms"] <= 2_100


EXPECTED = {
    "title": "Largo",
    "artist": "Dvořák",
    "album": "Z nového světa",
    "album_artist": "Česká filharmonie",
    "composer": "Antonín Dvořák",
    "genre": "Classical",
    "date": "1893",
    "year": 1893,
    "track_number": 2,
    "track_total": 4,
    "disc_number": 1,
    "disc_total": 2,
    "bpm": 52.0,
    "musical_key": "Dbm",
    "remixer": "A remixer",
    "producer": "A producer",
    "label": "A label",
    "isrc": "CZA010900001",
    "comment": "A comment",
    "lyrics": "Going home\nGoing home",
    "synced_lyrics": "[00:01.50]Going home",
    "musicbrainz_id": RECORDING,
    "musicbrainz_album_id": RELEASE,
    "catalog_number": "SU 1",
    "barcode": "099925000001",
}


def test_a_compilation_that_names_nobody_is_by_various_artists(stack: Stack, alice: Person) -> None:
    file = make.uploaded(alice, tagged(text("TALB", "Hits"), text("TPE1", "One"), text("TCMP", "1")), "hit.mp3")

    assert row(stack, file["id"])["album_artist"] == "Various Artists"


def tone(level_db: float, *, rate_hz: int = 48_000, seconds: int = 20) -> bytes:
    """A stereo sine of 1 kHz, as EBU Tech 3341 has it."""
    made = make.wav(1, rate_hz=rate_hz, pitch_hz=1_000)[44:]
    loudest = 9_000
    levels = [round(each * 32_767 * 10 ** (level_db / 20) / loudest) for each in memoryview(made).cast("h")]
    second = b"".join(struct.pack("<hh", each, each) for each in levels)
    size = len(second) * seconds
    head = struct.pack(
        "<4sI4s4sIHHIIHH4sI", b"RIFF", size + 36, b"WAVE", b"fmt ", 16, 1, 2, rate_hz, rate_hz * 4, 4, 16, b"data", size
    )
    return head + second * seconds


@pytest.mark.parametrize(("level_db", "lufs"), [(-23.0, -23.0), (-33.0, -33.0)], ids=["3341 case 1", "3341 case 2"])
def test_loudness_is_that_of_the_standard(tmp_path: Path, level_db: float, lufs: float) -> None:
    (tmp_path / "tone").write_bytes(tone(level_db))

    found = inspection.measure(tmp_path / "tone", mime_type="audio/wav", seconds=20)

    assert found.loudness["loudness_lufs"] == pytest.approx(lufs, abs=0.1)
    assert found.loudness["loudness_range_lu"] == pytest.approx(0, abs=0.1)
    assert found.loudness["true_peak_dbtp"] == pytest.approx(level_db, abs=0.3)
    peak = round(127 * 10 ** (level_db / 20))
    assert {abs(each) for each in memoryview(found.peaks).cast("b")} <= {peak - 1, peak, peak + 1}


def test_alice_sees_the_waveform_of_a_ready_file_and_a_stranger_cannot(stack: Stack, alice: Person, bob: Person) -> None:
    file = make.uploaded(alice)
    found = measured(stack, file["id"])

    drawn = alice.get(f"/files/{file['id']}/waveform").json()
    raw = alice.get(f"/files/{file['id']}/waveform", headers={"Accept": "application/octet-stream"})

    assert 900 <= drawn["buckets"] <= 1000
    assert len(drawn["peaks"]) == 2 * drawn["buckets"]
    assert memoryview(raw.content).cast("b").tolist() == drawn["peaks"]
    assert max(drawn["peaks"]) > 20 > -20 > min(drawn["peaks"])
    assert -30 < found["loudness_lufs"] < -5
    assert bob.get(f"/files/{file['id']}/waveform").status_code == 404
    assert bob.get(f"/files/{ids.new()}/waveform").status_code == 404


def test_silence_has_a_waveform_and_no_loudness(stack: Stack, alice: Person) -> None:
    file = make.uploaded(alice, make.wav()[:44] + bytes(16_000), "silence.wav")
    found = measured(stack, file["id"])

    assert (found["loudness_lufs"], found["true_peak_dbtp"]) == (None, None)
    assert set(alice.get(f"/files/{file['id']}/waveform").json()["peaks"]) == {0}


def seeks(data: bytes) -> tuple[float | None, float]:
    """The duration that a WebM names, and the second at which one lands that looks for its middle."""
    with av.open(BytesIO(data), format="matroska") as read:
        seconds = None if read.duration is None else read.duration / av.time_base
        read.seek(1_500_000)
        packet = next(read.demux(audio=0))
        return seconds, float(packet.pts * packet.time_base)


def test_a_browsers_recording_gets_a_twin_that_seeks_and_stays_what_it_was(stack: Stack, alice: Person) -> None:
    recorded = make.recorded()
    assert seeks(recorded)[0] is None
    file = make.uploaded(alice, recorded, "take.webm")

    played = alice.get(f"/files/{file['id']}/stream").content
    downloaded = alice.get(f"/files/{file['id']}/download").content
    alice.delete(f"/files/{file['id']}")

    assert file["duration"] == 3
    seconds, landed = seeks(played)
    assert seconds == pytest.approx(3, abs=0.1)
    assert 0.5 <= landed <= 1.6
    assert downloaded == recorded
    make.until(lambda: make.objects(stack, alice), lambda found: not found)


def test_a_practice_recording_gets_its_twin_too_beside_its_path(stack: Stack, alice: Person) -> None:
    recorded, session_id = make.recorded(), ids.new()
    with make.as_service(stack, alice) as sessions:
        kept = sessions.put(f"/internal/recordings/{session_id}", content=recorded).json()
        found = measured(stack, kept["id"])
        played = alice.get(f"/files/{kept['id']}/stream").content
        place = stack.home / "store" / "harmony-helper-recordings" / str(alice.id)
        stored = (place / f"{session_id}.webm").read_bytes()
        sessions.delete(f"/internal/recordings/{session_id}")

    assert stored == recorded
    assert (found["duration_ms"], found["playable_size"]) == (pytest.approx(3_000, abs=100), len(played))
    assert seeks(played)[0] == pytest.approx(3, abs=0.1)
    make.until(lambda: make.objects(stack, alice), lambda left: not left)


def picture(kind: str = "PNG", *, width: int = 1400, height: int = 700, **more: Any) -> bytes:
    made = BytesIO()
    Image.new("RGB", (width, height), (200, 30, 30)).save(made, kind, **more)
    return made.getvalue()


def send_cover(person: Person, data: bytes, key: str | None = None, **target: str) -> Any:
    headers = {"Idempotency-Key": key} if key else None
    return person.post("/files/upload/cover", files={"file": ("cover.png", data)}, data=target, headers=headers)


def test_alice_puts_a_cover_on_a_track_and_then_on_its_album(stack: Stack, alice: Person, bob: Person) -> None:
    album = [tagged(text("TALB", "Takes"), text("TPE1", "Alice"), text("TIT2", name)) for name in ("one", "two")]
    first, second = (make.uploaded(alice, data, f"{number}.mp3") for number, data in enumerate(album))
    exif = Image.Exif()
    exif[0x010F] = "a secret maker"

    answer = send_cover(alice, picture("JPEG", exif=exif), track_id=first["id"])

    assert answer.status_code == 201, answer.text
    cover = alice.get(f"/files/{first['id']}/cover").content
    assert Image.open(BytesIO(cover)).size == (1000, 500)
    assert b"secret" not in cover
    small = alice.get(f"/files/{first['id']}/cover?size=small").content
    assert Image.open(BytesIO(small)).size == (150, 75)
    assert alice.get(f"/files/{second['id']}/cover").status_code == 404

    album_id = row(stack, first["id"])["album_id"]
    answer = send_cover(alice, picture(), album_id=str(album_id))

    assert sorted(answer.json()["file_ids"]) == sorted([first["id"], second["id"]])
    assert alice.get(f"/files/{second['id']}/cover").status_code == 200
    make.until(lambda: [each for each in make.objects(stack, alice) if "cover" in str(each)], lambda left: len(left) == 8)
    assert send_cover(bob, picture(), track_id=first["id"]).status_code == 404
    assert send_cover(bob, picture(), album_id=str(album_id)).status_code == 404
    for each in (first, second):
        alice.delete(f"/files/{each['id']}")
    make.until(lambda: make.objects(stack, alice), lambda left: not left)


def test_a_cover_sent_again_under_its_key_is_put_once(stack: Stack, alice: Person, bob: Person) -> None:
    track, other = (make.uploaded(alice, make.wav(0.2, pitch_hz=pitch), "a.wav")["id"] for pitch in (300, 400))

    first = send_cover(alice, picture(), "front", track_id=track)
    covers = [each for each in make.objects(stack, alice) if "cover" in str(each)]
    again = send_cover(alice, picture(), "front", track_id=track)

    assert (first.status_code, again.status_code, again.json()["file_ids"]) == (201, 201, [track])
    assert [each for each in make.objects(stack, alice) if "cover" in str(each)] == covers
    assert send_cover(alice, picture(), "front", track_id=other).json()["code"] == "key_reused"
    assert send_cover(alice, picture(), "f" * 300, track_id=track).json()["code"] == "bad_key"
    assert send_cover(alice, b"words", "back", track_id=other).status_code == 415
    assert send_cover(alice, picture(), "back", track_id=other).status_code == 201  # what failed may be sent again
    assert send_cover(bob, picture(), "front", track_id=track).status_code == 404  # keys are everybody's own
    for each in (track, other):
        alice.delete(f"/files/{each}")


BAD_COVERS: list[tuple[str, Callable[[], bytes], int, str]] = [
    ("words", lambda: b"words" * 100, 415, "picture_unusable"),
    ("svg", lambda: b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", 415, "picture_unusable"),
    ("gif", lambda: picture("GIF"), 415, "picture_unusable"),
    ("144 megapixels", lambda: picture(width=12_000, height=12_000), 415, "picture_unusable"),
    ("cut", lambda: picture()[:300], 415, "picture_unusable"),
    ("empty", lambda: b"", 422, "file_empty"),
]


def test_what_is_no_picture_becomes_no_cover(stack: Stack, alice: Person, nobody: Person) -> None:
    file = make.uploaded(alice, make.wav(0.2), "a.wav")
    for name, data, status, code in BAD_COVERS:
        answer = send_cover(alice, data(), track_id=file["id"])
        assert (answer.status_code, answer.json()["code"]) == (status, code), name
    for target in ({}, {"track_id": "x"}, {"track_id": file["id"], "album_id": file["id"]}):
        assert send_cover(alice, picture(), **target).json()["code"] == "cover_of_what"

    assert send_cover(nobody, picture(), track_id=file["id"]).status_code == 401
    assert len(make.objects(stack, alice)) == 1
    assert make.spool(stack) == []
