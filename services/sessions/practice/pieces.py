"""What makes two sessions sessions of the same piece, or on the same instrument."""

import unicodedata
from collections.abc import Mapping
from typing import Any

COLUMNS = {"song_name": "piece", "instrument": "folded_instrument"}  # of sessions and goals: a name, and that name folded


def folded(name: str) -> str:
    """A name without what people write one way today and another way tomorrow: case, spaces, forms of letters.

    >>> folded("  Minuet  in G") == folded("minuet in g"), folded("ΑΥΛΟΣ") == folded("αυλος")
    (True, True)
    >>> folded("Für Elise") == folded("Fu\\u0308r elise"), folded("Für Elise") == folded("Fur Elise")
    (True, False)
    """
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


def columns(facts: Mapping[str, Any]) -> dict[str, str | None]:
    """The folded names that go with those that `facts` has, by column.

    >>> columns({"instrument": "Flute", "notes": "slowly"}), columns({"song_name": None})
    ({'folded_instrument': 'flute'}, {'piece': None})
    """
    return {column: facts[name] and folded(facts[name]) for name, column in COLUMNS.items() if name in facts}
