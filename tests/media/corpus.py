"""Files that are not what they seem: made here, none downloaded. SECURITY.md 3.3 lists them.

Each is a name and what makes it, so that only what is asked for is made.
"""

import functools
import os
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BytesIO

from PIL import Image

from tests.media import make

MIB = 1024 * 1024
CONTAINERS = {
    "mp3": ("mp3", "mp3"),
    "flac": ("flac", "flac"),
    "opus": ("ogg", "libopus"),
    "m4a": ("mp4", "aac"),
    "aiff": ("aiff", "pcm_s16be"),
    "webm": ("webm", "libopus"),
}
CUTS = (0.002, 0.01, 0.03, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99, 0.999)  # of a file, that are left of it
PLAYLISTS = {
    "list.m3u": b"#EXTM3U\nfile:///etc/passwd\nhttp://169.254.169.254/latest/meta-data/\n",
    "list.m3u8": b"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n",
    "list.pls": b"[playlist]\nFile1=file:///etc/passwd\nFile2=../../etc/passwd\nNumberOfEntries=2\n",
    "list.cue": b'FILE "../../etc/passwd" WAVE\n  TRACK 01 AUDIO\n    INDEX 01 00:00:00\n',
    "list.ffconcat": b"ffconcat version 1.0\nfile /etc/passwd\n",
}
NAMES = (
    *("../../x", "..\\..\\x", "/etc/passwd", "C:\\x", "a\x00b", "%00", "%2e%2e%2f", "x" * 255, "x" * 4000),
    *("-i", "$(id)", ";id", "CON", "a\u202egnp.exe", "🎵.wav", "Kůň.wav", "Ku\u030an\u030c.wav", ".htaccess"),
)


@dataclass(frozen=True)
class Bad:
    """One file; `must_play` where its sound is good, so that it must be ready, with or without what is bad in it."""

    name: str
    data: Callable[[], bytes]
    must_play: bool = False


def files() -> Iterator[Bad]:
    """All of them."""
    yield from _not_audio()
    yield from _truncated()
    yield from _wavs()
    yield from _id3()
    yield from _flacs()
    yield from _mp4s()
    yield from _oggs()
    yield from _covers()
    for name in NAMES:
        yield Bad(name, functools.partial(make.wav, 0.2), must_play=True)


def some() -> Iterator[Bad]:
    """A dozen, one of each sort."""
    wanted = {
        *("random", "polyglot.html", "cut at 0.5.mp3", "cut at 0.1.m4a", "a list.m3u8", "packets of one byte, tag 17.wav"),
        *("65535 channels.wav", "a cover by address.mp3", "3000 seek points beyond.flac"),
        *("nested moov.m4a", "chained.opus", "cover: png of 144 megapixels", "cover: svg"),
    }
    found = [each for each in files() if each.name in wanted]
    assert len(found) == len(wanted), wanted - {each.name for each in found}
    yield from found


@functools.cache
def sound(kind: str) -> bytes:
    """A second that plays."""
    return make.wav(1, rate_hz=44_100) if kind == "wav" else make.encoded(*CONTAINERS[kind])


def _not_audio() -> Iterator[Bad]:
    page = b"<!doctype html><script>alert(document.domain)</script>"
    yield Bad("nothing", bytes)
    yield Bad("one byte", lambda: b"\xff")
    yield Bad("random", lambda: os.urandom(100_000))
    yield Bad("zeros.mp3", lambda: bytes(1_000_000))
    yield Bad("png.mp3", lambda: picture("PNG"))
    yield Bad("elf.flac", lambda: b"\x7fELF\x02\x01\x01" + bytes(5000))
    yield Bad("page.m4a", lambda: page * 100)
    yield Bad("drawing.mp3", lambda: b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>" * 10)
    yield Bad("polyglot.html", lambda: sound("mp3") + page, must_play=True)
    yield Bad("polyglot the other way.mp3", lambda: page + sound("mp3"))
    yield Bad("archive.ogg", lambda: zipped({"a": b"a" * 1000}))
    yield Bad("bomb.zip", lambda: zipped({"a": bytes(200 * MIB)}))
    yield Bad("bombs in a bomb.zip", lambda: zipped({str(n): zipped({"a": bytes(MIB)}) for n in range(20)}))
    yield Bad("many.zip", lambda: zipped({f"../../{n}": b"" for n in range(10_000)}))
    for name, data in PLAYLISTS.items():
        yield Bad(f"a {name}", functools.partial(bytes, data))


def _truncated() -> Iterator[Bad]:
    for kind in ("wav", *CONTAINERS):
        for cut in CUTS:
            yield Bad(
                f"cut at {cut}.{kind}",
                functools.partial(lambda kind, cut: sound(kind)[: int(len(sound(kind)) * cut)], kind, cut),
            )


def wav(
    *,
    tag: int = 1,
    channels: int = 1,
    rate_hz: int = 44_100,
    align: int = 2,
    bits: int = 16,
    size: int | None = None,
    data: bytes,
) -> bytes:
    """A WAV that says what it is told to."""
    claimed = len(data) if size is None else size
    form = struct.pack("<HHIIHH", tag, channels, rate_hz, rate_hz * align & 0xFFFFFFFF, align, bits)
    head = struct.pack("<4sI4s4sI", b"RIFF", claimed + 36 & 0xFFFFFFFF, b"WAVE", b"fmt ", len(form)) + form
    return head + struct.pack("<4sI", b"data", claimed) + data


def _wavs() -> Iterator[Bad]:
    second = functools.partial(os.urandom, 88_200)
    yield Bad("endless.wav", lambda: wav(size=0xFFFFFFFF, data=second()), must_play=True)
    yield Bad("no channels.wav", lambda: wav(channels=0, data=second()))
    yield Bad("65535 channels.wav", lambda: wav(channels=65_535, align=65_534, data=second()))
    yield Bad("no rate.wav", lambda: wav(rate_hz=0, data=second()))
    yield Bad("4 GHz.wav", lambda: wav(rate_hz=4_000_000_000, data=second()))
    yield Bad("1 Hz.wav", lambda: wav(rate_hz=1, align=1, bits=8, data=second()))
    yield Bad("rf64.wav", lambda: b"RF64" + wav(data=second())[4:])
    for tag in (1, 2, 6, 7, 17, 0x31, 0x50, 0x55, 0x161, 0xFFFE):
        yield Bad(
            f"packets of one byte, tag {tag}.wav",
            functools.partial(lambda tag: wav(tag=tag, align=1, bits=4, data=bytes(32 * MIB)), tag),
        )


def tag(*frames: bytes, version: int = 4, flags: int = 0, size: int | None = None) -> bytes:
    """An ID3 tag."""
    body = b"".join(frames)
    return b"ID3" + bytes((version, 0, flags)) + synchsafe(len(body) if size is None else size) + body


def synchsafe(number: int) -> bytes:
    """Seven bits a byte."""
    return bytes((number >> shift) & 0x7F for shift in (21, 14, 7, 0))


def frame(name: str, data: bytes) -> bytes:
    """A frame of ID3v2.4."""
    return name.encode() + synchsafe(len(data)) + b"\0\0" + data


def bomb(name: str, head: bytes, size_bytes: int) -> bytes:
    """A frame that unpacks to so many bytes."""
    packer = zlib.compressobj(9)
    packed = packer.compress(head)
    for _ in range(size_bytes // MIB):
        packed += packer.compress(bytes(MIB))
    packed += packer.flush()
    return name.encode() + synchsafe(len(packed) + 4) + b"\0\x09" + synchsafe(min(size_bytes, 2**28 - 1)) + packed


def _id3() -> Iterator[Bad]:
    def before(*frames: bytes, **more: int) -> bytes:
        return tag(*frames, **more) + sound("mp3")

    yield Bad("a tag that says 256 MB.mp3", lambda: before(size=2**28 - 1))
    yield Bad("zlib APIC of 200 MB.mp3", lambda: before(bomb("APIC", b"\0image/png\0\x03\0", 200 * MIB)), must_play=True)
    yield Bad("zlib TXXX of 300 MB.mp3", lambda: before(bomb("TXXX", b"\0a\0", 300 * MIB)), must_play=True)
    yield Bad("zlib TXXX of 900 MB.mp3", lambda: before(bomb("TXXX", b"\0a\0", 900 * MIB)), must_play=True)
    yield Bad("10000 frames.mp3", lambda: before(*(frame("TXXX", b"\0%d\0x" % n) for n in range(10_000))), must_play=True)
    yield Bad(
        "utf-16 without its mark.mp3", lambda: before(frame("TIT2", b"\x01" + "Largo".encode("utf-16-le"))), must_play=True
    )
    yield Bad("nul and bidi.mp3", lambda: before(frame("TIT2", "\x03a\0b\u202egnp".encode())), must_play=True)
    yield Bad("a title of 1 MB.mp3", lambda: before(frame("TIT2", b"\x03" + b"t" * MIB)), must_play=True)
    yield Bad("unsynchronised in name.mp3", lambda: before(frame("TIT2", b"\x03\xff\0\xff"), flags=0x80))
    yield Bad("two tags.mp3", lambda: tag(frame("TIT2", b"\x03one")) + before(frame("TIT2", b"\x03two")), must_play=True)
    by_address = b"\0-->\0\x03\0http://127.0.0.1:1/cover.png"
    yield Bad("a cover by address.mp3", lambda: before(frame("APIC", by_address)), must_play=True)
    yield Bad(
        "numbers.mp3",
        lambda: before(frame("TRCK", b"\x03" + b"9" * 5000), frame("TBPM", b"\x03nan"), frame("TDRC", b"\x03-1")),
        must_play=True,
    )
    yield Bad("lyrics of 5 MB.mp3", lambda: before(frame("USLT", b"\x03eng\0" + b"[00:01.00]la\n" * 400_000)), must_play=True)


def _flacs() -> Iterator[Bad]:
    def block(kind: int, data: bytes, size: int | None = None) -> bytes:
        return bytes((kind,)) + struct.pack(">I", len(data) if size is None else size)[1:] + data

    def after(*blocks: bytes) -> bytes:
        plain = sound("flac")
        return plain[:4] + bytes((plain[4] & 0x7F,)) + plain[5:42] + b"".join(blocks) + plain[42:]

    def changed(at: int, by: bytes) -> bytes:
        plain = bytearray(sound("flac"))
        plain[at : at + len(by)] = by
        return bytes(plain)

    yield Bad(
        "a picture of 4 GB.flac", lambda: after(block(6, struct.pack(">II", 3, 9) + b"image/png" + bytes(20) + b"\xff" * 4))
    )
    yield Bad("a block of 16 MB.flac", lambda: after(block(4, bytes(10), size=0xFFFFFF)))
    yield Bad("rate 0.flac", lambda: changed(18, b"\0\0\x0f"))
    yield Bad("md5 wrong.flac", lambda: changed(26, b"\1" * 16), must_play=True)
    yield Bad("3000 seek points beyond.flac", lambda: after(block(3, b"\xff" * 18 * 3000)))
    yield Bad(
        "100000 comments.flac", lambda: after(block(4, struct.pack("<II", 0, 100_000) + struct.pack("<I", 3) * 1 + b"A=B"))
    )


def atom(name: bytes, data: bytes, size: int | None = None) -> bytes:
    """An atom of MP4."""
    return struct.pack(">I", len(data) + 8 if size is None else size) + name + data


def _mp4s() -> Iterator[Bad]:
    head = atom(b"ftyp", b"M4A \0\0\0\0M4A mp42")
    for size in (0, 1, 4):
        yield Bad(f"atom of size {size}.m4a", functools.partial(lambda size: head + atom(b"moov", bytes(100), size=size), size))
    yield Bad("nested moov.m4a", lambda: head + _nested(3000))

    def chunks_beyond() -> bytes:
        plain = sound("m4a")
        at = plain.index(b"stco")
        return plain[: at + 12] + b"\xff\xff\xff\xf0" + plain[at + 16 :]

    yield Bad("chunks beyond.m4a", chunks_beyond)

    def large_cover() -> bytes:
        cover = atom(b"covr", atom(b"data", b"\0\0\0\x0d\0\0\0\0" + b"\x89PNG" * 10, size=100 * MIB), size=100 * MIB)
        return sound("m4a") + atom(b"udta", atom(b"meta", bytes(4) + atom(b"ilst", cover)))

    yield Bad("a cover of 100 MB.m4a", large_cover, must_play=True)
    yield Bad("an edit list of 2 billion seconds.m4a", lambda: sound("m4a").replace(b"mvhd\0\0\0\0", b"mvhd\0\0\0\1", 1))


def _nested(depth: int) -> bytes:
    made = b""
    for _ in range(depth):
        made = atom(b"moov", made)
    return made


def _oggs() -> Iterator[Bad]:
    yield Bad("segments that lie.opus", lambda: sound("opus")[:26] + b"\xff" + sound("opus")[27:])
    yield Bad("chained.opus", lambda: make.encoded("ogg", "libopus", seconds=0.05) * 3_000)
    yield Bad("page without end.ogg", lambda: b"OggS\0\x02" + bytes(20) + b"\xff" + b"\xff" * 255 + bytes(70_000))


@functools.cache
def picture(kind: str = "PNG", *, width: int = 64, height: int = 64, mode: str = "RGB") -> bytes:
    """A picture that is as it seems."""
    made = BytesIO()
    Image.new(mode, (width, height)).save(made, kind)
    return made.getvalue()


def covered(image: bytes, mime_type: str = "image/png") -> bytes:
    """Sound with this cover."""
    return tag(frame("APIC", b"\0" + mime_type.encode() + b"\0\x03\0" + image)) + sound("mp3")


def _covers() -> Iterator[Bad]:
    def many_frames(kind: str, count: int) -> bytes:
        made, frames = BytesIO(), [Image.new("P", (2, 2), n % 2) for n in range(count)]
        frames[0].save(made, kind, save_all=True, append_images=frames[1:])
        return made.getvalue()

    def huge_jpeg() -> bytes:
        plain = picture("JPEG")
        at = plain.index(b"\xff\xc0") + 5
        return plain[:at] + struct.pack(">HH", 65_500, 65_500) + plain[at + 4 :]

    def many_scans() -> bytes:
        made = BytesIO()
        Image.new("RGB", (2000, 2000)).save(made, "JPEG", progressive=True)
        plain = made.getvalue()
        at = plain.rindex(b"\xff\xda")
        return plain[:at] + plain[at:-2] * 1000 + plain[-2:]

    images: dict[str, Callable[[], bytes]] = {
        "png of 144 megapixels": lambda: picture(width=12_000, height=12_000, mode="1"),
        "png of 900 megapixels": lambda: picture(width=30_000, height=30_000, mode="1"),
        "png of 24 megapixels": lambda: picture(width=6_000, height=4_000, mode="RGBA"),
        "apng of 2000 frames": lambda: many_frames("PNG", 2_000),
        "jpeg of 4290 megapixels": huge_jpeg,
        "jpeg of 1000 scans": many_scans,
        "gif of 2000 frames": lambda: many_frames("GIF", 2_000),
        "tiff": lambda: picture("TIFF"),
        "pdf": lambda: b"%PDF-1.7\n1 0 obj<</OpenAction<</S/JavaScript/JS(app.alert(1))>>>>endobj",
        "eps": lambda: b"%!PS-Adobe-3.0 EPSF-3.0\n(%pipe%id) (w) file",
        "psd": lambda: b"8BPS\0\1" + bytes(100),
        "svg": lambda: b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        "cut png": lambda: picture(width=500, height=500)[:200],
        "png that lies": lambda: picture()[:16] + struct.pack(">II", 5_000, 5_000) + picture()[24:],
        "nothing": bytes,
    }
    for name, image in images.items():
        yield Bad(f"cover: {name}", functools.partial(lambda image: covered(image()), image), must_play=True)


def zipped(entries: dict[str, bytes]) -> bytes:
    """An archive."""
    made = BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    return made.getvalue()
