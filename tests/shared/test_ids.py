"""Ids sort by the time they were made."""

import time
from concurrent.futures import ThreadPoolExecutor

from shared import ids


def test_ids_are_uuid7_unique_and_in_order() -> None:
    made = [ids.new() for _ in range(20_000)]

    assert made == sorted(made) and len(set(made)) == len(made)
    assert {each.version for each in made} == {7} and {each.variant for each in made} == {"specified in RFC 4122"}


def test_threads_never_make_the_same_id() -> None:
    with ThreadPoolExecutor(8) as pool:
        batches = pool.map(lambda _: [ids.new() for _ in range(2_000)], range(8))

    assert len({each for batch in batches for each in batch}) == 16_000


def test_an_id_holds_its_time_in_milliseconds() -> None:
    before = time.time_ns() // 1_000_000

    assert before - 5 <= ids.new().int >> 80 <= before + 1_000
