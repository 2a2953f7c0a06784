"""JSON in and out of auth, one module a noun; `fields` holds what several are made of."""
