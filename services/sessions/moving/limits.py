"""How much may move at once."""

MOST_ROWS = 10_000  # of one import: more than a session a day for twenty years
SCORES_SECONDS = 20  # of reading the scores of one import: its sender waits, and others; each takes up to half a second
MOST_REFUSED = 1_000  # that an answer names one by one
