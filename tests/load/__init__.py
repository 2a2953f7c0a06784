"""How fast Tutti is, beside what it could be: the speed table of DESIGN.md as ratios measured in one run.

`make bench`, or `tests/run_load_tests.sh seek job` for some rows alone. Every figure stands beside a reference that is
measured in turns with it on the same machine (A B, B A, ...; medians), because machines differ and are busy with other things.
A row that misses its bar is measured twice more, and the middle of the three counts; the exit status is 1 if that misses too.

A row is a module named for its noun with one function, `measure(ground)`, that yields `Row`s; `__main__.py` lists them. What
all of them stand on is `ground.py`: one Tutti in a temporary folder, without rate limits, whose gateway also leads to the
object store and to an nginx. The load comes from raw sockets (`client.py`) and, for requests per second, from `wrk` where it
is installed.
"""
