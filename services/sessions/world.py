"""What the endpoints of sessions need of the world outside, made once at start."""

from dataclasses import dataclass

from services.sessions.peers import Media
from services.sessions.practice.bodies import Bodies
from services.sessions.settings import Settings


@dataclass(frozen=True)
class World:
    """Media, and the places where large bodies wait."""

    settings: Settings
    media: Media
    bodies: Bodies
    scores: Bodies
    imports: Bodies
    chunks: Bodies
    endings: Bodies  # what is said of running sessions as they are finished
