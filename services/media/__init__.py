"""media owns every stored byte, the library that is made of them, and every address from which they are played.

It alone speaks to the object store, decides by content what a file is, and counts quotas; it keeps artists, albums, playlists,
what was listened to and what was shown to whom, and speaks OpenSubsonic to phone players. It knows nothing of sign-in (auth
vouches for the caller) and nothing of practice: `sessions` hands it recordings and asks for addresses, as any service may hand
it songs and episodes. Parsers of users' files run in child processes (`processing/commands.py`), never in this one.
"""
