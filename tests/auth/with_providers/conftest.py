"""A Tutti that knows Google, Apple and Facebook, and two browsers."""

from collections.abc import Iterator

import pytest

from tests.auth.outside import Browser, Others
from tests.issuer import Elsewhere
from tests.stack import Stack


@pytest.fixture
def others(providers: Others) -> Others:
    if providers.missing:
        pytest.skip(providers.missing)
    return providers


@pytest.fixture
def stack(elsewhere: Elsewhere) -> Stack:
    return elsewhere.stack


@pytest.fixture
def browser(stack: Stack) -> Iterator[Browser]:
    opened = Browser(stack.url)
    yield opened
    opened.close()


@pytest.fixture
def another_browser(stack: Stack) -> Iterator[Browser]:
    opened = Browser(stack.url)
    yield opened
    opened.close()
