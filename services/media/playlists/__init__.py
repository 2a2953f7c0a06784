"""Playlists: tracks in an order of their owner's, or whatever meets some rules."""
