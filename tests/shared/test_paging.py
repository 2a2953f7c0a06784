"""A cursor stands where the last page ended."""

from datetime import UTC, datetime

import pytest

from shared import ids, paging

AT, ROW = datetime(2026, 1, 31, 9, 30, 0, 123456, tzinfo=UTC), ids.new()


def test_a_cursor_reads_back_as_the_row_it_stands_after() -> None:
    assert paging.position(paging.cursor(AT, ROW)) == (AT, ROW)


@pytest.mark.parametrize("text", ["", "x", "!!!", "bnVsbA", "WzFd", "W251bGwsbnVsbF0", "é", "WyIyMDI2LTAxLTAxIiwieCJd"])
def test_a_made_up_cursor_is_refused(text: str) -> None:
    with pytest.raises(paging.BadCursor):
        paging.position(text)


def test_the_next_page_keeps_the_filters() -> None:
    found = paging.headers("/files", [("kind", "song"), ("cursor", "old"), ("skip", "5")], total=120, next_cursor="new")

    assert found == {"X-Total-Count": "120", "Link": '</files?kind=song&cursor=new>; rel="next"'}
