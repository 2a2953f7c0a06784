"""JSON in and out of media, one module a noun."""
