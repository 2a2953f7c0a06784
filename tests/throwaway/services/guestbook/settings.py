"""The settings of the guestbook: it has none of its own."""

import shared.config


class Settings(shared.config.Settings):
    """What every service reads."""
