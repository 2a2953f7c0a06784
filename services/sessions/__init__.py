"""Practice sessions: what was played, on what, for how long, with its score, its analysis and its recording.

It owns the sessions and their sections, the scores as MusicXML, the analyses, goals, streaks and stats. The bytes of a
recording, and every address that plays them, belong to media; who is calling is auth's. Scores and sound are read in child
processes (`commands.py`), never in this one.
"""
