"""Every URL of auth that is Tutti's own, one module a noun; seed 004's are in `dialects/sinuzoid.py`."""
