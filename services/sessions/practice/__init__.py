"""Practice sessions themselves: how they arrive, what is kept of them, how they are found again."""
