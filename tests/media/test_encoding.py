"""Files in other formats, as the child makes them, and what becomes of the child."""

import resource
import time
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import av
import psutil
import pytest

from services.media.processing import encoding, inspection
from services.media.processing.encoding import Encoding, Format
from services.media.processing.parsers import parsers
from shared.children import ChildFailed, ParsersDown
from tests.media import make

FORMATS: list[tuple[Format, str, str]] = [("opus", "ogg", "opus"), ("aac", "aac", "aac"), ("mp3", "mp3", "mp3")]


def heard(data: bytes, container: str) -> tuple[str, float]:
    """Codec, and how many seconds decode."""
    with av.open(BytesIO(data), format=container) as read:
        codec = read.streams.audio[0].codec_context.codec.canonical_name
        return codec, sum(frame.samples / frame.sample_rate for frame in read.decode(audio=0))


def nursed() -> list[psutil.Process]:
    """The children at work just now."""
    return psutil.Process(parsers.pid).children() if parsers.pid else []


@pytest.mark.parametrize(("format", "container", "codec"), FORMATS, ids=[row[0] for row in FORMATS])
@pytest.mark.parametrize("start_seconds", [0.0, 15.0])
def test_a_file_in_another_format_sounds_from_the_second_that_was_asked_for(
    tmp_path: Path, format: Format, container: str, codec: str, start_seconds: float
) -> None:
    facts = {"mime_type": "audio/flac", "format": format, "bit_rate_kbps": 64, "start_seconds": start_seconds}
    seconds = encoding.encode(make.MINUET, tmp_path / "kept", **facts)  # type: ignore[arg-type]
    with Encoding(make.MINUET, **facts) as made:  # type: ignore[arg-type]
        streamed = b"".join(iter(lambda: made.read(65536), b""))

    assert seconds == pytest.approx(20.76 - start_seconds, abs=0.5)
    for data in ((tmp_path / "kept").read_bytes(), streamed):
        assert heard(data, container) == (codec, pytest.approx(seconds, abs=0.2))


def test_who_listens_no_more_ends_the_child(tmp_path: Path) -> None:
    (tmp_path / "long.wav").write_bytes(make.big_wav(60_000_000))
    with Encoding(tmp_path / "long.wav", mime_type="audio/wav", format="mp3", bit_rate_kbps=320) as made:
        made.read(10)
        [child] = nursed()
        time.sleep(0.2)
        used = sum(child.cpu_times()[:2])
        time.sleep(0.3)
        assert sum(child.cpu_times()[:2]) == used  # nobody reads, so nothing is made

    make.until(nursed, lambda found: not found, seconds=5)


def test_a_child_that_is_killed_is_said_and_the_next_one_works(tmp_path: Path) -> None:
    (tmp_path / "long.wav").write_bytes(make.big_wav(60_000_000))
    with Encoding(tmp_path / "long.wav", mime_type="audio/wav", format="mp3", bit_rate_kbps=320) as made:
        made.read(10)
        nursed()[0].kill()
        with pytest.raises(ChildFailed):
            while made.read(65536):
                pass

    assert encoding.encode(make.MINUET, tmp_path / "kept", mime_type="audio/flac", format="opus", bit_rate_kbps=64) > 20


def test_a_nursery_that_is_killed_is_started_again(tmp_path: Path) -> None:
    def works() -> float:
        return encoding.encode(make.MINUET, tmp_path / "kept", mime_type="audio/flac", format="opus", bit_rate_kbps=64)

    works()
    psutil.Process(parsers.pid).kill()

    assert works() > 20


def test_a_machine_without_room_for_a_child_says_nothing_of_a_file_and_ends_no_other_child(tmp_path: Path) -> None:
    (tmp_path / "long.wav").write_bytes(make.big_wav(10_000_000))
    with Encoding(tmp_path / "long.wav", mime_type="audio/wav", format="mp3", bit_rate_kbps=64) as made:
        made.read(10)
        nursery = parsers.pid
        assert nursery
        for room in (0, 1):  # for no descriptor of an order; for that, but for no child
            taken = {int(each.name) for each in Path(f"/proc/{nursery}/fd").iterdir()}
            full = [each for each in range(1000) if each not in taken][room]
            before = resource.prlimit(nursery, resource.RLIMIT_NOFILE)
            resource.prlimit(nursery, resource.RLIMIT_NOFILE, (full, before[1]))
            with pytest.raises(ParsersDown):
                inspection.probe(make.MINUET, filename="minuet.flac")
            with pytest.raises(ParsersDown):
                Encoding(make.MINUET, mime_type="audio/flac", format="mp3", bit_rate_kbps=64).read(10)
            resource.prlimit(nursery, resource.RLIMIT_NOFILE, before)
        assert inspection.probe(make.MINUET, filename="minuet.flac").mime_type == "audio/flac"
        while made.read(65536):  # to its end, and it is said where that is not whole
            pass


def test_a_stream_that_cannot_begin_again_closes_its_own_descriptors_and_no_others(tmp_path: Path) -> None:
    made = Encoding(make.MINUET, mime_type="audio/flac", format="mp3", bit_rate_kbps=64)
    made.close()
    with (tmp_path / "other").open("wb") as first, (tmp_path / "another").open("wb") as second:
        made.close()

        first.write(b"whole")
        second.write(b"whole")


@pytest.mark.parametrize("make_it", [lambda: b"", lambda: b"words" * 100, lambda: make.wav()[:44]])
def test_what_does_not_decode_is_said(tmp_path: Path, make_it: Callable[[], bytes]) -> None:
    (tmp_path / "bad").write_bytes(make_it())

    with pytest.raises(ChildFailed):
        encoding.encode(tmp_path / "bad", tmp_path / "kept", mime_type="audio/wav", format="opus", bit_rate_kbps=64)
