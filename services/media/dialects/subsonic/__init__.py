"""OpenSubsonic at `/rest/*`: any player of the last twenty years, in XML (their default), JSON or JSONP.

rest.py        the one URL, and what every request goes through
frame.py       what a method is handed, and the list of methods
parameters.py  query and form, read strictly
signing_in.py  whose player it is
answers.py     an answer in the format that was asked for
failures.py    what can go wrong, as the protocol numbers it
shapes.py      songs, albums and artists as the protocol has them
system.py, browsing.py, ...  the methods, one module a family
"""
