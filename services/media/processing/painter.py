"""Pictures made anew, so that nothing of what was sent is served; runs in a child of the nursery, and nowhere else."""

from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image, ImageOps

from services.media.processing import sizes

MAX_PIXELS = 25_000_000  # of a picture, from its header
MAX_BYTES = 10 * 1024 * 1024
QUALITY = 85
FORMATS = ("JPEG", "PNG", "WEBP")
PAPER = (255, 255, 255)  # under what is transparent

BROKEN = (OSError, ValueError, SyntaxError, Image.DecompressionBombError, EOFError, MemoryError, OverflowError)


def paint(*, path: str, folder: str, sizes: list[int]) -> dict[str, Any]:
    """A JPEG of each size, `{size}.jpg` in `folder`: the longer side is that many pixels at most; nothing is enlarged.

    Width and height of the first, or `{"refused": ...}`.
    """
    if Path(path).stat().st_size > MAX_BYTES:
        return {"refused": "it is too large"}
    try:
        width, height = _paint(Path(path).read_bytes(), [(size, Path(folder) / f"{size}.jpg") for size in sizes])
    except BROKEN as reason:
        return {"refused": f"{type(reason).__name__}: {reason}"[:200]}
    return {"width": width, "height": height}


def covers(data: bytes, folder: Path) -> bool:
    """A cover and its thumbnails, `{size}.jpg` each; whether it could be made of this."""
    if len(data) > MAX_BYTES:
        return False
    try:
        _paint(data, [(size, folder / f"{size}.jpg") for size in sizes.COVERS])
    except BROKEN:
        return False
    return True


def _paint(data: bytes, wanted: list[tuple[int, Path]]) -> tuple[int, int]:
    largest_first = sorted(wanted, reverse=True)
    with Image.open(BytesIO(data), formats=FORMATS) as picture:
        if picture.width * picture.height > MAX_PIXELS:
            raise ValueError("it has too many pixels")
        largest = largest_first[0][0]
        picture.draft("RGB", (largest, largest))
        shown = picture.convert("RGBA") if picture.mode == "P" else picture  # colours of a palette have no means
        shown.thumbnail((largest, largest))
        clean = _upright(shown)
    made: list[tuple[int, int]] = []
    for size, path in largest_first:
        clean.thumbnail((size, size))
        clean.save(path, "JPEG", quality=QUALITY, optimize=True)
        made.append(clean.size)
    return made[0]


def _upright(picture: Any) -> Any:
    """A new picture as it is to be seen, so that no EXIF block comes along."""
    upright = ImageOps.exif_transpose(picture)
    clean = Image.new("RGB", upright.size, PAPER)
    if upright.mode in ("RGBA", "LA", "PA") or "transparency" in upright.info:
        upright = upright.convert("RGBA")
        clean.paste(upright, mask=upright)
    else:
        clean.paste(upright.convert("RGB"))
    return clean
