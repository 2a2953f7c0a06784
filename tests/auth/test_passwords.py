"""Hashing is bounded: two at once, a dozen waiting, and the rest is told to come back."""

import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from services.auth import passwords
from services.auth.errors import TooManySignIns, WeakPassword
from shared import ids
from tests.people import Person


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
