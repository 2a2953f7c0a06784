"""The tables of media, one module a noun. Names that the apps give (`audio_files`, `playlists`, `media`) are kept."""

from services.media.models import catalogue, files, listening, pictures, playlists, receiving, sharing
from services.media.models.base import Base

__all__ = ["Base", "catalogue", "files", "listening", "pictures", "playlists", "receiving", "sharing"]
