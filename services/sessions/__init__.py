"""Practice sessions: what was played, on what, for how long, with its score, its analysis and its recording.

It owns the sessions, the stats of a week and the streak. The bytes of a recording, and every address that plays them, belong to
media; who is calling is auth's. MusicXML is kept as the text it came as.
"""
