"""The FastAPI shell: what every FastAPI service gets around its own routes.

app.py        create(...): errors, health, docs, events, in one place
edge.py       what happens to a request before and after routing
strict.py     JSON that refuses what breaks things later
guards.py     what an endpoint may ask for: SignedIn, Db, Once, Internal, costly
reception.py  large bodies, taken as they arrive
lingering.py  answers that arrive although the body was not read
"""
