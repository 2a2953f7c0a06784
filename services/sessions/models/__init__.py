"""The tables of sessions, one module a noun. Names that seed 001 gives (`sessions`, `song_name`) are kept."""

from services.sessions.models import analyses, calendars, goals, practice
from services.sessions.models.base import Base

__all__ = ["Base", "analyses", "calendars", "goals", "practice"]
