"""Password hashes of other systems, by vectors that they publish and by what their libraries make."""

import base64
import hashlib
import time

import argon2
import bcrypt
import pytest
from argon2.low_level import Type, hash_secret

from services.auth import foreign_hashes, passwords
from services.auth.foreign_hashes import FirebaseProject, NotTaken

# The example of firebase/scrypt's README.
PROJECT = FirebaseProject(
    signer_key=base64.b64decode("jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA=="),
    salt_separator=base64.b64decode("Bw=="),
    rounds=8,
    memory_cost=14,
)
SALT = "42xEC+ixf3L2lw=="
HASH = "lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ=="


def django(password: str, salt: str, rounds: int, digest: str = "sha256") -> str:
    found = hashlib.pbkdf2_hmac(digest, password.encode(), salt.encode(), rounds)
    return f"pbkdf2_{digest}${rounds}${salt}${base64.b64encode(found).decode()}"


def werkzeug(password: str, salt: str, rounds: int) -> str:
    return f"pbkdf2:sha256:{rounds}${salt}${hashlib.pbkdf2_hmac('sha256', password.encode(), salt.encode(), rounds).hex()}"


def phc(password: str, salt: bytes, rounds: int, *, with_names: bool) -> str:
    found = base64.b64encode(hashlib.pbkdf2_hmac("sha256", password.encode(), salt, rounds)).decode().rstrip("=")
    salted = base64.b64encode(salt).decode().rstrip("=")
    if with_names:
        return f"$pbkdf2-sha256$i={rounds},l=32${salted}${found}"
    return f"$pbkdf2-sha256${rounds}${salted.replace('+', '.')}${found.replace('+', '.')}"  # passlib's


KNOWN = {
    # John the Ripper's and OpenBSD's vectors, which every implementation of bcrypt is tried with.
    "bcrypt 2a": ("U*U", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"),
    "bcrypt 2a, eight bits": ("U*U*U", "$2a$05$XXXXXXXXXXXXXXXXXXXXXOAcXxm9kjPGEMsLznoKqmqw7tc8WCx4a"),
    "bcrypt 2b": ("correct horse", bcrypt.hashpw(b"correct horse", bcrypt.gensalt(5)).decode()),
    "bcrypt 2y, as PHP writes it": ("rasmuslerdorf", "$2y$07$BCryptRequires22Chrcte/VlQH0piJtjXl.0t1XkA8pw9dMXTpOq"),
    "argon2id at another cost": ("pässword", argon2.PasswordHasher(1, 1024, 1).hash("pässword")),
    "argon2i": ("password", hash_secret(b"password", b"somesalt", 2, 65536, 1, 32, Type.I).decode()),
    # The reference implementation's own test.
    "argon2i, published": (
        "password",
        "$argon2i$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$wWKIMhR9lyDFvRz9YTZweHKfbftvj+qf+YFY4NeBbtA",
    ),
    "argon2id, published": (
        "password",
        "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
    ),
    # django/tests/auth_tests/test_hashers.py
    "Django, published": ("lètmein", "pbkdf2_sha256$1500000$seasalt$P4UiMPVduVWIL/oS1GzH+IofsccjJNM5hUTikBvi5to="),
    "Django, sha1": ("lètmein", django("lètmein", "seasalt", 1000, "sha1")),
    "Django, old cost": ("lètmein", django("lètmein", "seasalt", 20_000)),
    "Werkzeug": ("lètmein", werkzeug("lètmein", "NaCl", 1000)),
    "PHC": ("lètmein", phc("lètmein", bytes(range(16)), 1000, with_names=True)),
    "passlib": ("lètmein", phc("lètmein", bytes([251] * 16), 1000, with_names=False)),
    "Firebase, published": ("user1password", foreign_hashes.of_firebase(PROJECT, salt=SALT, password_hash=HASH)),
}

GOOD_BCRYPT = KNOWN["bcrypt 2a"][1]


@pytest.mark.parametrize("name", KNOWN)
def test_a_hash_from_elsewhere_matches_its_password_and_no_other(name: str) -> None:
    password, kept = KNOWN[name]

    assert foreign_hashes.check(kept) == kept and len(kept) <= 255
    assert passwords.matches(password, kept) and passwords.is_outdated(kept)
    for other in (password[:-1], password.swapcase()) if "published" not in name else (password + "x",):
        assert not passwords.matches(other, kept)


@pytest.mark.parametrize(
    ("kept", "why"),
    [
        (GOOD_BCRYPT.replace("$05$", "$31$"), "cost"),  # 2**31 rounds are days
        (GOOD_BCRYPT[:-1], "cut short"),
        (GOOD_BCRYPT.replace("$2a$", "$2x$"), "no kind"),  # the flawed one of 2011
        ("$argon2id$v=19$m=4194304,t=2,p=1$c29tZXNhbHQ$wWKIMhR9lyDFvRz9YTZweHKfbftvj+qf+YFY4NeBbtA", "memory"),
        ("$argon2id$v=19$m=1024,t=4000000,p=1$c29tZXNhbHQ$wWKIMhR9lyDFvRz9YTZweHKfbftvj+qf+YFY4NeBbtA", "passes"),
        ("$argon2id$v=19$m=1024,t=1,p=200$c29tZXNhbHQ$wWKIMhR9lyDFvRz9YTZweHKfbftvj+qf+YFY4NeBbtA", "lanes"),
        ("$argon2d$v=19$m=1024,t=1,p=1$c29tZXNhbHQ$wWKIMhR9lyDFvRz9YTZweHKfbftvj+qf+YFY4NeBbtA", "no kind"),
        ("$argon2id$v=19$m=1024,t=1$c29tZXNhbHQ$wWKIMhR9lyDFvRz9YTZweHKfbftvj", "argon2"),
        ("pbkdf2_sha256$2147483647$salt$" + "A" * 43 + "=", "rounds"),
        ("pbkdf2_sha256$0$salt$" + "A" * 43 + "=", "rounds"),
        ("pbkdf2_md5$1000$salt$" + "A" * 43 + "=", "shape"),
        ("pbkdf2_sha256$1000$salt$QQ==", "length"),  # one byte: one guess in 256 is right
        ("pbkdf2:sha256:1000$salt$abc", "length"),
        ("$firebase-scrypt$m=30,r=8$42xEC+ixf3L2lwc=$" + "A" * 43 + "=", "memory"),
        ("$firebase-scrypt$m=14,r=99$42xEC+ixf3L2lwc=$" + "A" * 43 + "=", "rounds"),
        ("$2a$05$" + "é" * 53, "shape"),
        ("5f4dcc3b5aa765d61d8327deb882cf99", "no kind"),  # MD5
        ("password", "no kind"),
        ("$6$salt$" + "A" * 86, "no kind"),
        ("$argon2id$" + "A" * 300, "characters"),
    ],
)
def test_a_hash_that_cannot_be_matched_or_costs_too_much_is_refused(kept: str, why: str) -> None:
    with pytest.raises(NotTaken, match=why):
        foreign_hashes.check(kept)


def test_firebases_hash_of_another_length_than_the_signer_key_is_refused() -> None:
    for wrong in (HASH[:40], "%%%", ""):
        with pytest.raises(NotTaken):
            foreign_hashes.of_firebase(PROJECT, salt=SALT, password_hash=wrong)


def test_nothing_of_firebases_signer_key_is_kept() -> None:
    kept = foreign_hashes.of_firebase(PROJECT, salt=SALT, password_hash=HASH)

    key = base64.b64encode(PROJECT.signer_key).decode()
    assert not any(key[at : at + 8] in kept or HASH[at : at + 8] in kept for at in range(len(key) - 8))


def test_bcrypt_never_saw_more_than_72_bytes_and_neither_do_we() -> None:
    long = "ü" * 60  # 120 bytes
    kept = bcrypt.hashpw(long.encode()[:72], bcrypt.gensalt(4)).decode()

    assert passwords.matches(long, kept) and not passwords.matches("ü" * 35, kept)
    assert not passwords.matches("a\0b", kept)


@pytest.mark.nightly
@pytest.mark.parametrize(
    "kept",
    [
        bcrypt.hashpw(b"x", bcrypt.gensalt(14)).decode(),
        argon2.PasswordHasher(10, 131_072, 1).hash("x"),
        django("x", "salt", 2_000_000),
    ],
)
def test_the_dearest_hash_that_is_taken_takes_seconds_at_most(kept: str) -> None:
    foreign_hashes.check(kept)
    began = time.monotonic()

    passwords.matches("y", kept)

    assert time.monotonic() - began < 5
