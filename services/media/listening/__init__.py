"""Listening: what was played, what a listener thinks of it, and where they stopped."""
