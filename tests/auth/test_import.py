"""Users who come from elsewhere with their passwords. SECURITY 8, 40."""

import csv
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bcrypt
import pytest
from sqlalchemy import text

from services.auth import import_users
from services.auth.imports import LONGEST_LINE
from shared import ids
from shared.db import transaction
from tests import errands
from tests.auth.administrators import run
from tests.auth.test_foreign_hashes import HASH, KNOWN, SALT
from tests.errands import Done
from tests.people import PASSWORD, Person
from tests.stack import Stack

BCRYPT = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()
MANY, MANY_SECONDS = 10_000, 60


def bring(stack: Stack, file: Path, *options: str) -> Done:
    """What `make import FROM=file` does."""
    return errands.call(stack, "auth", import_users.main, *options, str(file))


def address() -> str:
    return f"came-{ids.new()}@example.com"


def json_lines(folder: Path, *rows: Any) -> Path:
    file = folder / "users.jsonl"
    file.write_text("\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows))
    return file


def kept_hash(stack: Stack, email: str) -> str:
    with transaction(stack.engine("auth-worker")) as db:
        return str(db.scalar(text("SELECT password FROM users WHERE email = :email"), {"email": email}))


def sign_in(nobody: Person, email: str, password: str) -> int:
    return nobody.post("/api/auth/login", {"email": email, "password": password}).status_code


def test_people_come_with_every_kind_of_hash_sign_in_and_have_ours_from_then_on(
    stack: Stack, tmp_path: Path, nobody: Person
) -> None:
    came = [(address(), *KNOWN[name]) for name in KNOWN if name not in ("Firebase, published", "Django, published")]
    file = json_lines(tmp_path, *({"email": email, "password_hash": kept} for email, _, kept in came))

    done = errands.run(stack, "services.auth.import_users", str(file))

    assert done.returncode == 0 and f"{len(came)} imported, 0 here already, 0 refused" in done.stderr, done
    run(stack, "DELETE FROM rate_windows")
    for email, password, kept in came:
        assert sign_in(nobody, email, password + "x") == 401
        assert kept_hash(stack, email) == kept
        assert sign_in(nobody, email, password) == 200
        assert kept_hash(stack, email).startswith("$argon2id$v=19$m=19456,t=2,p=1$")
        assert sign_in(nobody, email, password) == 200
        run(stack, "DELETE FROM rate_windows")


def test_firebases_users_come_with_the_parameters_of_their_project(stack: Stack, tmp_path: Path, nobody: Person) -> None:
    email = address()
    file = json_lines(
        tmp_path,
        {"localId": "x1", "email": email, "emailVerified": True, "passwordHash": HASH, "salt": SALT,
         "displayName": "Ada", "createdAt": "1486324445000"},
    )  # fmt: skip
    project = tmp_path / "project.json"
    project.write_text(
        '{"algorithm": "SCRYPT", "base64_signer_key": "jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYU'
        'SDzZvpjeJ9WmXA==", "base64_salt_separator": "Bw==", "rounds": 8, "mem_cost": 14}'
    )

    assert "needs --firebase" in bring(stack, file).stdout
    assert bring(stack, file, "--firebase", str(project)).returncode == 0

    assert sign_in(nobody, email, "user1password") == 200
    with transaction(stack.engine("auth-worker")) as db:
        row = db.execute(text("SELECT name, created_at, email_confirmed_at FROM users WHERE email = :e"), {"e": email}).one()
    assert (row.name, row.created_at.year, row.email_confirmed_at is not None) == ("Ada", 2017, True)


def test_a_csv_with_a_head_is_read_whatever_order_its_columns_have(stack: Stack, tmp_path: Path, nobody: Person) -> None:
    mine, mark = address(), ids.new()
    file = tmp_path / "users.csv"
    with file.open("w", newline="", encoding="utf-8-sig") as out:
        writer = csv.writer(out)
        writer.writerow(["phone", "encrypted_password", "id", "email", "name", "created_at", "email_confirmed_at", "role"])
        writer.writerow(
            ["", BCRYPT, mark, mine.upper(), 'Ada "the, first"\nLovelace', "2020-01-02 03:04:05+00", "2020-01-03", "x"]
        )
        writer.writerow(["", "", "", address(), "", "", "", ""])

    done = bring(stack, file)

    assert done.returncode == 0 and "2 lines: 2 imported" in done.stderr, done
    assert sign_in(nobody, mine, PASSWORD) == 200
    with transaction(stack.engine("auth-worker")) as db:
        row = db.execute(text("SELECT id, name, roles, created_at FROM users WHERE email = :e"), {"e": mine}).one()
    assert (row.id, row.roles, row.created_at.year) == (mark, ["user"], 2020)


def test_a_file_may_be_repeated(stack: Stack, tmp_path: Path, nobody: Person) -> None:
    email = address()
    file = json_lines(tmp_path, {"email": email, "password_hash": BCRYPT})
    bring(stack, file)
    assert sign_in(nobody, email, PASSWORD) == 200
    ours = kept_hash(stack, email)

    again = bring(stack, file)

    assert again.returncode == 0 and "0 imported, 1 here already" in again.stderr and "line 1: is here already" in again.stdout
    assert kept_hash(stack, email) == ours


def test_a_rehearsal_keeps_nothing(stack: Stack, tmp_path: Path) -> None:
    email = address()

    done = bring(stack, json_lines(tmp_path, {"email": email, "password_hash": BCRYPT}), "--dry-run")

    assert "1 imported" in done.stderr and "Nothing was kept" in done.stderr and kept_hash(stack, email) == "None"


def test_roles_come_only_where_they_are_allowed(stack: Stack, tmp_path: Path, nobody: Person) -> None:
    email = address()
    file = json_lines(tmp_path, {"email": email, "password_hash": BCRYPT, "roles": ["ROLE_ADMIN"]})

    assert "line 1: roles: are taken with --allow-roles alone" in bring(stack, file).stdout
    bring(stack, file, "--allow-roles")

    answer = nobody.post("/api/auth/login", {"email": email, "password": PASSWORD}).json()
    assert answer["user"]["role"] == "admin"
    run(stack, "UPDATE users SET roles = '[\"user\"]' WHERE email = :email", email=email)


def test_bad_lines_are_told_and_left_out_and_the_rest_comes(stack: Stack, tmp_path: Path, nobody: Person, bob: Person) -> None:
    first, last, name, twice = address(), address(), f"Ada{ids.new().hex[-9:]}", str(ids.new())
    good: dict[str, Any] = {"password_hash": BCRYPT}
    bad: list[tuple[Any, str]] = [
        ("{", "no JSON"),
        ("[]", "no JSON object"),
        ('"text"', "no JSON object"),
        ('{"email": NaN}', "no JSON"),
        ('{"email": "a\\u0000@example.com"}', "no JSON"),
        ('{"email": "a\\ud800@example.com"}', "no JSON"),
        ("[" * 5000, "no JSON"),
        ("x" * (LONGEST_LINE + 10), "too long"),
        ({"password_hash": BCRYPT}, "email: Field required"),
        (good | {"email": "not an address"}, "email: "),
        (good | {"email": ["a@example.com"]}, "email: "),
        (good | {"email": f"{'x' * 300}@example.com"}, "email: "),
        (good | {"email": address(), "username": "a@b"}, "username: "),
        (good | {"email": address(), "username": "x" * 51}, "username: "),
        (good | {"email": address(), "username": name.upper()}, "username or id: is taken"),
        (good | {"email": address(), "name": "x\x07"}, "name: "),
        (good | {"email": address(), "created_at": "yesterday"}, "created_at: "),
        (good | {"email": address(), "created_at": "9999-12-31T23:59:59Z"}, "created_at: "),
        (good | {"email": address(), "email_confirmed": "maybe"}, "email_confirmed: "),
        (good | {"email": address(), "roles": ["root"]}, "roles"),
        (good | {"email": address(), "id": twice}, "id: is on another line too"),
        ({"email": address(), "password_hash": "plain text"}, "no kind that is known"),
        ({"email": address(), "password_hash": {"a": 1}}, "password_hash: "),
        ({"email": address(), "password_hash": BCRYPT.replace("$04$", "$31$")}, "bcrypt's cost is 31"),
        ({"email": address(), "password_hash": f"pbkdf2_sha256$2147483647$salt${'A' * 43}="}, "rounds"),
        ({"email": bob.email, "password_hash": BCRYPT, "roles": ["user"]}, "is here already"),
    ]
    begin = [good | {"email": first, "username": name}, good | {"email": address(), "id": twice}]
    file = json_lines(tmp_path, *begin, *(line for line, _ in bad), good | {"email": last})

    done = bring(stack, file)

    told = done.stdout.splitlines()
    assert done.returncode == 1 and f"3 imported, 1 here already, {len(bad) - 1} refused" in done.stderr, done
    assert len(told) == len(bad)
    for number, ((_, why), line) in enumerate(zip(bad, told, strict=True), start=len(begin) + 1):
        assert line.startswith(f"line {number}: ") and why in line, line
    assert "$2b$" not in done.stdout + done.stderr and "example.com" not in done.stdout
    assert sign_in(nobody, first, PASSWORD) == sign_in(nobody, last, PASSWORD) == 200
    assert sign_in(nobody, bob.email, PASSWORD) == 200  # bob's own: the file changed nothing of his


def test_bad_lines_of_a_csv_are_told_too(stack: Stack, tmp_path: Path) -> None:
    file = tmp_path / "users.csv"
    good = address().encode()
    lines = [b"email,name", b"a@example.com", b"a@example.com,b,c", b"\xff@example.com,x", b'a@example.com,"x"y',
             b"a@example.com,\x00", b"," + b"x" * (LONGEST_LINE + 1), good + b",Ada"]  # fmt: skip
    file.write_bytes(b"\r\n".join(lines))

    done = bring(stack, file)

    assert "7 lines: 1 imported, 0 here already, 6 refused" in done.stderr, done
    assert [line.split(":")[0] for line in done.stdout.splitlines()] == [f"line {number}" for number in range(2, 8)]


@pytest.mark.parametrize("words", [["nothing.csv"], ["--firebase", "nothing.json", "nothing.csv"]])
def test_a_file_that_is_not_there_is_one_line(stack: Stack, words: list[str]) -> None:
    done = bring(stack, Path(words[-1]), *words[:-1])

    assert done.returncode == 2 and "That was not done" in done.stderr


def test_whoever_came_without_a_password_cannot_sign_in_with_an_empty_one(stack: Stack, tmp_path: Path, nobody: Person) -> None:
    email = address()
    bring(stack, json_lines(tmp_path, {"email": email}))

    for guess in ("", " ", "None", "null"):
        assert sign_in(nobody, email, guess) == 401


@pytest.mark.nightly
def test_ten_thousand_people_come_in_reasonable_time(stack: Stack, tmp_path: Path, figures: Callable[[str], None]) -> None:
    file = json_lines(
        tmp_path, *({"email": address(), "username": f"n{ids.new()}", "password_hash": BCRYPT} for _ in range(MANY))
    )
    began = time.monotonic()

    done = bring(stack, file)

    took = time.monotonic() - began
    assert f"{MANY} imported" in done.stderr and took < MANY_SECONDS
    figures(f"import: {MANY} users in {took:.1f} s")
