"""What can go wrong in the guestbook."""

from shared.errors import NotFound


class EntryNotFound(NotFound):
    """There is no such entry, or it is not yours."""
