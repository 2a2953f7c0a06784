"""JSON in and out of sessions, one module a noun."""
