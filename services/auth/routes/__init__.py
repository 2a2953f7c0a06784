"""Every URL of auth that is Tutti's own, one module a noun; those of one app are in `dialects/`."""
