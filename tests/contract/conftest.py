"""A Tutti as a careful operator sets it: addresses are confirmed before anybody signs in, and Google is there."""

from collections.abc import Iterator

import pytest

from tests.stack import Stack


@pytest.fixture(scope="session")
def careful_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    google = {"GOOGLE_CLIENT_ID": "a-client-of-google", "GOOGLE_CLIENT_SECRET": "a-secret-of-google"}
    settings = {"EMAIL_CONFIRMATION_REQUIRED": "true", **google}
    running = Stack(tmp_path_factory.mktemp("careful"), **settings).start()
    yield running
    running.stop()
