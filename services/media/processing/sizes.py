"""How large pictures are kept: pixels of the longer side, at most. Nothing is enlarged."""

from typing import Final

COVER: Final = 1000
SMALL, MEDIUM, LARGE = 150, 300, 600
THUMBNAILS: Final = (SMALL, MEDIUM, LARGE)
COVERS: Final = (COVER, *THUMBNAILS)
PICTURES: Final = (1600, *THUMBNAILS)
