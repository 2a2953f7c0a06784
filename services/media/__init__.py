"""media owns every stored byte: uploads, audio files, recordings, covers, and every address from which they are played.

It alone speaks to the object store, decides by content what a file is, reads its tags, counts quotas and makes playable
addresses. It knows nothing of sign-in (auth vouches for the caller) and nothing of practice: `sessions` hands it recordings and
asks for addresses. Parsers of users' files run in a child process (`processing/inspector.py`), never in this one.
"""
