"""What media's endpoints need of the world outside, made once at start."""

from dataclasses import dataclass
from pathlib import Path

from anyio import CapacityLimiter

from services.media.errors import UploadTooLarge
from services.media.library.files import Row
from services.media.listening.answers import Answers
from services.media.players import Players
from services.media.playing.cache import Cache
from services.media.playing.places import Places
from services.media.playing.playable import Playables
from services.media.playing.turns import Turns
from services.media.settings import Settings
from services.media.sharing.tokens import ShareTokens
from services.media.store import Store
from shared.fastapi_app.reception import Arrivals, Bounds


@dataclass(frozen=True)
class World:
    """The object store and what stands around it."""

    settings: Settings
    store: Store
    cache: Cache
    playables: Playables
    shares: ShareTokens
    places: Places
    players: Players
    arrivals: Arrivals
    zipping: Turns
    encoding: Turns
    streaming: Turns
    finishing: CapacityLimiter  # who waits for the inspector or the store waits here, not in a thread that lists need
    storing: CapacityLimiter  # the same for parts of resumable uploads
    answers: Answers
    spool: Path  # where bodies wait until they are stored

    def bounds(self, at_most: int) -> Bounds:
        """How large and how slow a body of audio may be."""
        mine = self.settings
        too_large = UploadTooLarge(at_most_bytes=at_most)
        return Bounds(at_most, too_large, mine.slowest_bytes_per_second, mine.patience_seconds)

    def drop(self, *deleted: Row) -> None:
        """Forget files that were deleted; rows of `files.bytes_of`."""
        gone = [each["id"] for each in deleted]
        self.places.forget(gone)
        self.cache.drop(gone)
