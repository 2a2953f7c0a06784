"""Every URL of media, one module a noun."""
