"""A sealed value opens only where it belongs."""

import pytest

from shared import ids
from shared.sealing import CannotUnseal, Seals

ALICE, BOB, ROW = ids.new(), ids.new(), ids.new()
PLACE = {"table": "api_keys", "row": ROW, "user_id": ALICE}


def test_what_was_sealed_is_unsealed() -> None:
    seals = Seals({"1": b"a" * 32})

    assert seals.unseal(seals.seal(b"sk-1234", **PLACE), **PLACE) == b"sk-1234"


@pytest.mark.parametrize("elsewhere", [{"table": "others"}, {"row": ids.new()}, {"user_id": BOB}, {"user_id": None}])
def test_a_value_copied_elsewhere_does_not_open(elsewhere: dict[str, object]) -> None:
    seals = Seals({"1": b"a" * 32})
    sealed = seals.seal(b"sk-1234", **PLACE)

    with pytest.raises(CannotUnseal):
        seals.unseal(sealed, **(PLACE | elsewhere))


def test_every_changed_byte_is_noticed() -> None:
    seals = Seals({"1": b"a" * 32})
    sealed = seals.seal(b"sk-1234", **PLACE)

    for place in range(len(sealed)):
        with pytest.raises(CannotUnseal):
            seals.unseal(sealed[:place] + bytes([sealed[place] ^ 1]) + sealed[place + 1 :], **PLACE)
    with pytest.raises(CannotUnseal):
        seals.unseal(b"", **PLACE)


def test_old_keys_open_what_they_sealed_and_the_newest_seals() -> None:
    old = Seals({"9": b"a" * 32})
    both = Seals({"9": b"a" * 32, "10": b"b" * 32})
    sealed = old.seal(b"sk-1234", **PLACE)

    assert both.unseal(sealed, **PLACE) == b"sk-1234"
    assert both.newest == "10"
    with pytest.raises(CannotUnseal):
        old.unseal(both.seal(b"sk-1234", **PLACE), **PLACE)
