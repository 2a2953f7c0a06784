"""Pictures as they are kept: JPEGs made anew by a child process, in fixed sizes, without anything that came along."""

from dataclasses import dataclass
from pathlib import Path

from services.media.errors import PictureUnusable
from services.media.processing.parsers import parsers
from services.media.processing.sizes import THUMBNAILS
from shared.children import ChildFailed, Limits

MIME_TYPE = "image/jpeg"
PAINTING = Limits(wall_seconds=20, cpu_seconds=15)


@dataclass(frozen=True, slots=True)
class Painted:
    """A picture in every size that was asked for, in that order: `(pixels, path)`; `width` and `height` of the largest."""

    width: int
    height: int
    files: list[tuple[int, Path]]


def reencode(path: Path, folder: Path, sizes: tuple[int, ...]) -> Painted:
    """A JPEG of each size in `folder`: the longer side is that many pixels at most, and nothing is enlarged.

    JPEG, PNG and WebP are taken, of 25 megapixels at most. Raises PictureUnusable.
    """
    try:
        answer = parsers.ask("paint", PAINTING, path=str(path), folder=str(folder), sizes=list(sizes))
    except ChildFailed as reason:
        raise PictureUnusable(why=str(reason)) from reason
    if "refused" in answer:
        raise PictureUnusable(why=answer["refused"])
    return Painted(answer["width"], answer["height"], files_in(folder, sizes))


def files_in(folder: Path, sizes: tuple[int, ...]) -> list[tuple[int, Path]]:
    """Where `reencode` put each size."""
    return [(size, folder / f"{size}.jpg") for size in sizes]


def keys(cover_key: str) -> list[str]:
    """A cover's object and those of its thumbnails.

    >>> keys("storage/cover/u/f.jpg")[:2]
    ['storage/cover/u/f.jpg', 'storage/cover/u/f-150.jpg']
    """
    return [cover_key, *(thumbnail_key(cover_key, pixels) for pixels in THUMBNAILS)]


def thumbnail_key(cover_key: str, pixels: int) -> str:
    """Where a smaller copy of a cover lies."""
    return f"{cover_key.removesuffix('.jpg')}-{pixels}.jpg"
