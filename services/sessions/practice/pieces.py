"""What makes two sessions sessions of the same piece."""

import unicodedata


def folded(song_name: str) -> str:
    """The name of a piece without what people write one way today and another way tomorrow: case, spaces, forms of letters.

    >>> folded("  Minuet  in G") == folded("minuet in g")
    True
    >>> folded("Für Elise") == folded("Fu\\u0308r elise"), folded("Für Elise") == folded("Fur Elise")
    (True, False)
    """
    return " ".join(unicodedata.normalize("NFKC", song_name).casefold().split())
