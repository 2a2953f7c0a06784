"""Hashing is bounded: two at once, a dozen waiting, and the rest is told to come back."""

import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import argon2
import pytest

from services.auth import passwords
from services.auth.errors import TooManySignIns, WeakPassword
from shared import ids
from tests.people import PASSWORD, Person


def test_a_crowd_is_told_to_come_back() -> None:
    def attempt(_: int) -> str:
        try:
            return passwords.hashed("a quiet minuet")
        except TooManySignIns:
            return ""

    with ThreadPoolExecutor(60) as pool:
        answers = list(pool.map(attempt, range(60)))

    refused = answers.count("")
    assert refused > 0 and len(answers) - refused >= passwords.AT_ONCE + passwords.WAITING
    assert passwords.matches("a quiet minuet", next(filter(None, answers)))


@pytest.mark.parametrize("kept", ["", "plain text", "$argon2id$v=19$m=19456,t=2,p=1$", passwords.NOBODYS_HASH])
def test_what_is_no_hash_matches_nothing(kept: str) -> None:
    assert not passwords.matches("", kept) and not passwords.matches(kept, kept)


def test_a_hash_of_another_cost_is_made_anew() -> None:
    cheap = "$argon2id$v=19$m=8192,t=1,p=1$c29tZXNhbHRzb21lc2FsdA$Wwb0yyS6X6oLlXgIeTgKsGgpz2QpR5T0w0i8zbsPqOo"

    assert passwords.is_outdated(cheap) and not passwords.is_outdated(passwords.hashed("a quiet minuet"))


def test_the_list_of_common_passwords_holds_what_everybody_tries() -> None:
    common = (Path(passwords.__file__).parent / "common_passwords.txt").read_text().split()

    assert len(common) > 2_500 and {"password", "12345678", "qwertyuiop", "iloveyou1", "password123"} <= set(common)
    assert common == sorted(set(common)) and all(len(each) >= passwords.SHORTEST and each == each.lower() for each in common)


@pytest.mark.parametrize(("email", "password"), [("ada@example.com", "ADA1906"), ("grace@example.com", "my GRACE note")])
def test_only_a_telling_part_of_the_address_counts(email: str, password: str) -> None:
    if email.startswith("ada"):
        passwords.refuse_weak(password, email=email)  # three letters are in many good passwords
    else:
        with pytest.raises(WeakPassword):
            passwords.refuse_weak(password, email=email)


@pytest.mark.nightly
def test_a_known_and_an_unknown_person_take_as_long(alice: Person, nobody: Person) -> None:
    def took(name: str) -> float:
        started = time.perf_counter()
        nobody.post("/api/login_check", {"username": name, "password": "not that one"})
        return time.perf_counter() - started

    known = statistics.median(took(alice.email) for _ in range(9))
    unknown = statistics.median(took(f"{ids.new()}@example.com") for _ in range(9))

    print(f"sign-in refused: known {known * 1000:.1f} ms, unknown {unknown * 1000:.1f} ms")
    assert abs(known - unknown) < 0.25 * max(known, unknown)


@pytest.mark.parametrize("typed", ["a", PASSWORD, "\N{SNOWMAN} and 128 characters, ".ljust(128, "x")])
def test_hashes_in_memory_of_our_own_are_the_librarys(typed: str) -> None:
    hashed = passwords.hashed(typed)

    assert passwords.matches(typed, hashed) and not passwords.matches(typed + "x", hashed)
    assert not passwords.matches(typed, hashed[:-4]) and not passwords.matches(typed, hashed.replace("$argon2id", "$argon2i"))


@pytest.mark.parametrize(
    "cost",
    [
        {"memory_cost": 1024},  # another service made it, with less memory than our buffers
        {"memory_cost": 20_000},  # or with more
        {"time_cost": 3, "memory_cost": 19_456, "parallelism": 1},  # with more passes
        {"parallelism": 2},  # in more lanes
        {"type": argon2.Type.I},  # of another kind
    ],
)
def test_hashes_made_at_another_cost_match_too(cost: dict[str, Any]) -> None:
    hashed = argon2.PasswordHasher(**cost).hash(PASSWORD)

    assert passwords.matches(PASSWORD, hashed) and not passwords.matches("another", hashed)
    assert passwords.is_outdated(hashed)


def test_hashing_eight_at_once_mixes_nothing_up() -> None:
    kept = {f"password {number}": passwords.hashed(f"password {number}") for number in range(8)}

    with ThreadPoolExecutor(8) as pool:
        right = pool.map(lambda typed: passwords.matches(typed, kept[typed]), list(kept) * 3)
        wrong = pool.map(lambda typed: passwords.matches(typed + "!", kept[typed]), list(kept))
        assert all(right) and not any(wrong)
