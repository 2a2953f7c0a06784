"""Every URL of sessions, one module a noun."""
