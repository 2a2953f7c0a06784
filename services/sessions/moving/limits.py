"""How much may move at once."""

MOST_ROWS = 10_000  # of one import: more than a session a day for twenty years
MOST_SCORES = 100  # different ones of one import: each is read by a child, in up to half a second
MOST_REFUSED = 1_000  # that an answer names one by one
