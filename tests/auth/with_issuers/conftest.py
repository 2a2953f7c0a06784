"""Whatever an issuer was made to say in one test, it is honest again in the next."""

from collections.abc import Iterator

import pytest

from tests.issuer import Elsewhere


@pytest.fixture(autouse=True)
def honest_again(elsewhere: Elsewhere) -> Iterator[None]:
    yield
    for each in (elsewhere.auth0, elsewhere.clerk, elsewhere.supabase):
        each.lies.clear()
