"""`python -m services.media.fsck [repair] [quick]`: whether what the rows say is in the object store, and nothing else.

It reads every byte and compares it with what was stored; `quick` compares names and lengths alone. `repair` deletes what no row
names, has made anew what can be, and tells the owners of the rest. It runs beside everything else, with the settings of media's
worker, and ends with status 1 where something is wrong and was left so.
"""

import sys
from collections.abc import Sequence
from datetime import timedelta

from services.media import tasks
from services.media.proving import findings, repairs
from services.media.tasks.proving import ON_ITS_WAY
from services.media.tasks.queue import Work
from shared import clock


def main(words: Sequence[str]) -> int:
    """Look, say what is wrong, and put it right where that was asked for; how many things are left wrong."""
    unknown = set(words) - {"repair", "quick"}
    if unknown:
        sys.stderr.write(f"There is no {', '.join(sorted(unknown))}; there are repair and quick.\n")
        return len(unknown)
    return check(tasks.start(), repairing="repair" in words, reads_all="quick" not in words)


def check(work: Work, *, repairing: bool, reads_all: bool, on_its_way: timedelta = ON_ITS_WAY) -> int:
    """One line for each thing that is wrong, and one in the end; how many are left."""
    found = left = 0
    before = clock.now() - on_its_way
    for each in findings.look(work.engine, work.store, work.settings, stored_before=before, reads_all=reads_all):
        done = repairs.repair(work, each) if repairing else "left as it is"
        noun = f" of {each.claim.noun} {each.claim.id}" if each.claim else ""
        sys.stdout.write(f"{each.wrong}: {each.bucket}/{each.key}{noun}: {done}\n")
        found, left = found + 1, left + (not repairing)
    for miscount in repairs.recount(work.engine, repairing=repairing):
        done = "counted anew" if repairing else "left as it is"
        sys.stdout.write(
            f"miscounted: {miscount.user_id} takes {miscount.true_bytes} bytes, not {miscount.used_bytes}: {done}\n"
        )
        found, left = found + 1, left + (not repairing)
    sys.stdout.write(f"{found} wrong, {left} left so.\n" if found else "Rows and objects agree.\n")
    return left


if __name__ == "__main__":
    sys.exit(min(1, main(sys.argv[1:])))
