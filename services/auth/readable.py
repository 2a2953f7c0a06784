"""Secrets that people type: recovery codes, and the passwords of players. Five groups of five letters, 113 random bits.

There is no digit, no capital and no letter that looks like another (i, l, o), so that one can be read aloud and typed on a
phone. Past 112 bits a plain digest of one is as good as a slow hash (ASVS 6.5.2).
"""

import hashlib
import secrets

LETTERS = "abcdefghjkmnpqrstuvwxyz"
GROUPS, GROUP_LETTERS = 5, 5


def new() -> str:
    """A fresh one, as it is shown."""
    return "-".join("".join(secrets.choice(LETTERS) for _ in range(GROUP_LETTERS)) for _ in range(GROUPS))


def bare(typed: str) -> str:
    """What was typed, without what people and keyboards add.

    >>> bare(" Abcde-fghjk mnpqr ")
    'abcdefghjkmnpqr'
    """
    return "".join(typed.replace("-", " ").split()).lower()


def digest(typed: str) -> bytes:
    """What is kept of one that is never shown again."""
    return hashlib.sha256(bare(typed).encode("utf-8", "surrogatepass")).digest()
