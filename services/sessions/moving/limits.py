"""How much may move at once."""

MOST_ROWS = 10_000  # of one import: more than a session a day for twenty years
MOST_SECTIONS = 50_000  # of all of its rows together: five each
SCORES_SECONDS = 20  # of reading the scores of one import: its sender waits, and others; each takes up to half a second
MOST_REFUSED = 1_000  # that an answer names one by one
