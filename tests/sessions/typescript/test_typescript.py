"""Harmony Helper's frontend contract (seed 001, section 3): one interface, two storages, and nothing that tells them apart."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.people import Person
from tests.sessions import make
from tests.sessions.typescript import package
from tests.stack import Stack

COMMENTS = re.compile(r"^ *(/\*\*|\*).*\n", re.MULTILINE)
ORIGIN = "http://localhost:5173"  # where Vite serves an app
ZONE = "Asia/Kathmandu"  # no whole hours from UTC, no clock changes; and browsers spell it otherwise


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return package.copied(tmp_path_factory.mktemp("typescript") / "package")


def test_both_storages_pass_one_suite_and_their_types_check(
    stack: Stack, alice: Person, copy: Path, tmp_path: Path, figures: Callable[[str], None]
) -> None:
    (tmp_path / "recording.webm").write_bytes(make.recording())
    told = {"TUTTI_URL": stack.url, "TUTTI_TOKEN": alice.token, "TUTTI_RECORDING": str(tmp_path / "recording.webm")}
    results = tmp_path / "results.json"
    wanted = ("--reporter=dot", "--reporter=json", f"--outputFile={results}")

    suite = package.begin(copy, "vitest", "run", *wanted, TZ=ZONE, **told)
    check = package.begin(copy, "tsc", "--noEmit")

    said = package.ended(suite)
    assert package.ended(check) == ""
    assert results.exists(), said[-6000:]
    found = json.loads(results.read_text())
    tests = [test for file in found["testResults"] for test in file["assertionResults"]]
    assert {test["fullName"]: test["failureMessages"] for test in tests if test["status"] != "passed"} == {}
    assert suite.returncode == 0, said[-6000:]
    titles = [(test["ancestorTitles"][0], test["title"]) for test in tests]
    of = {name: {title for each, title in titles if each == name} for name in ("LocalStorageService", "ApiStorageService")}
    assert len(of["LocalStorageService"]) > 30
    assert of["LocalStorageService"] <= of["ApiStorageService"]
    assert found["numPassedTests"] == found["numTotalTests"] == len(titles)
    figures(f"TypeScript: {len(of['LocalStorageService'])} tests hold of both storages, {len(titles)} tests in all")


def test_the_committed_types_are_those_of_the_present_document(stack: Stack, copy: Path) -> None:
    """But for comments: a docstring that says more is no other type."""
    generating = package.begin_types(copy, stack.url)

    said = package.ended(generating)
    assert generating.returncode == 0, said
    present, committed = (COMMENTS.sub("", (folder / package.TYPES).read_text()) for folder in (copy, package.HERE))
    assert present == committed, "`make types` makes them anew"


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_an_app_that_vite_serves_may_call_it(nobody: Person, method: str) -> None:
    asked = {
        "Origin": ORIGIN,
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": "authorization,content-type,idempotency-key",
    }

    preflight = nobody.http.options("/api/sessions", headers=asked)

    assert preflight.status_code == 200
    assert preflight.headers["access-control-allow-origin"] == ORIGIN
    assert method in preflight.headers["access-control-allow-methods"]
    allowed = preflight.headers["access-control-allow-headers"].lower().split(",")
    assert {"authorization", "content-type", "idempotency-key"} <= {name.strip() for name in allowed}


def test_an_app_that_vite_serves_may_read_what_its_client_needs(alice: Person, nobody: Person) -> None:
    saved = make.saved(alice, audioBase64=make.data_url(make.recording()))
    from_vite = {"Origin": ORIGIN}

    for answer in (
        alice.get("/api/sessions?limit=1", headers=from_vite),
        alice.get("/api/sessions/nothing", headers=from_vite),  # a failure too: otherwise the app sees a network error
        nobody.get("/api/sessions", headers=from_vite),
        nobody.get(saved["audio_url"], headers=from_vite),
    ):
        assert answer.headers["access-control-allow-origin"] == ORIGIN
        exposed = {name.strip().lower() for name in answer.headers["access-control-expose-headers"].split(",")}
        assert {"link", "x-total-count", "location", "retry-after", "idempotent-replayed"} <= exposed
