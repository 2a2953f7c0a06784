"""House rules that an import linter cannot see, read off the syntax trees."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from shared import services
from tests.stack import ROOT

SOURCES = [path for folder in ("shared", "services", "deploy") for path in sorted((ROOT / folder).rglob("*.py"))]
HELD_OPEN = {"bodies", "parts", "twins", "waiting"}  # modules in which a connection stays open ...
HELD_OPEN_PACKAGES = {"receiving", "playing"}  # ... and packages of them
HELD_OPEN_ENDPOINTS = {
    "analyse_performance",
    "begin_upload",
    "finish_session",
    "import_sessions",
    "join_chunks",
    "keep_chunk",
    "keep_file",
    "keep_part",
    "keep_recording",
    "replace_score",
    "save_session",
    "send_bytes",
    "send_chunk",
    "send_otherwise",
    "stream_file",
    "upload_cover",
    "upload_audio",
    "upload_files",
    "upload_image",
}  # endpoints that await one of those
NO_THREAD = {"_began", "_world"}  # dependencies that do no I/O: they would have a thread of their own for nothing
HEAVY = {"av", "matplotlib", "music21", "numpy", "PIL"}
FORBIDDEN_NAMES = {"utils.py", "helpers.py", "common.py", "manager.py", "service.py"}


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@cache  # every rule reads every file
def tree(path: Path) -> list[ast.AST]:
    return list(ast.walk(ast.parse(path.read_text())))


def nodes(path: Path, kind: type[ast.AST]) -> Iterator[ast.AST]:
    return (node for node in tree(path) if isinstance(node, kind))


@cache
def attributes(path: Path) -> frozenset[str]:
    return frozenset(ast.unparse(node) for node in nodes(path, ast.Attribute))


def test_the_environment_is_read_in_one_place() -> None:
    reading = {
        name(path)
        for path in SOURCES
        if {"os.environ", "os.getenv"} & attributes(path) and not name(path).startswith("deploy/")
    }

    # A process sets its own name, before the settings are read.
    assert reading <= {"shared/config.py", "shared/serve.py", "shared/worker.py"}


def test_one_function_commits() -> None:
    calls = {name(path) for path in SOURCES for each in attributes(path) if each.endswith(".commit")}

    assert calls == {"shared/db.py"}


def test_nobody_raises_http_exceptions() -> None:
    for path in SOURCES:
        if name(path) == "shared/fastapi_app/strict.py":
            continue  # while FastAPI reads a body, it lets no other exception through
        for node in nodes(path, ast.Raise):
            assert "HTTPException" not in ast.unparse(node), name(path)


def test_no_file_is_named_for_a_layer() -> None:
    assert [name(path) for path in SOURCES if path.name in FORBIDDEN_NAMES] == []


@pytest.mark.parametrize("path", [path for path in SOURCES if path.is_relative_to(ROOT / "services")], ids=name)
def test_async_is_for_connections_that_stay_open(path: Path) -> None:
    found = {node.name for node in nodes(path, ast.AsyncFunctionDef)}  # type: ignore[attr-defined]

    assert path.stem in HELD_OPEN or path.parent.name in HELD_OPEN_PACKAGES or found <= HELD_OPEN_ENDPOINTS | NO_THREAD


@pytest.mark.parametrize("service", [each for each in services.names() if each != "auth"])
def test_every_service_takes_part_in_leaving(service: str) -> None:
    """Whose account is deleted is forgotten there too, and what is theirs is part of an archive."""
    handlers = services.module(service, "tasks").queue.handlers

    assert {"user.deleted", "user.export_wanted"} <= handlers.keys()


def test_sql_is_never_built_from_text() -> None:
    for path in SOURCES:
        if (path.is_relative_to(ROOT / "shared") and path.stem in {"migrations", "policies"}) or "migrations" in path.parts:
            continue  # identifiers of ours, quoted there
        for call in nodes(path, ast.Call):
            assert isinstance(call, ast.Call)
            if ast.unparse(call.func) in {"text", "sa.text", "sqlalchemy.text"}:
                assert not isinstance(call.args[0], ast.JoinedStr | ast.BinOp), f"{name(path)}:{call.lineno}"


def test_every_check_that_a_decision_names_exists() -> None:
    for target in re.findall(r"`(tests/[^`]*)`", (ROOT / "DECISIONS.md").read_text()):
        assert (ROOT / target).exists(), target


def test_no_file_names_a_package_registry_or_a_machine() -> None:
    hosts = "|".join(["pypi" + r"\.org", "python" + r"hosted\.org", "registry" + r"\.npmjs", "deb" + r"\.debian"])
    ours = (path for path in ROOT.rglob("*") if not {".git", ".venv", ".tutti", "node_modules"} & set(path.parts))
    texts = (path for path in ours if path.is_file() and path.suffix in {".py", ".txt", ".md", ".yml", ".json", ".toml"})

    assert [name(path) for path in texts if re.search(hosts, path.read_text(errors="replace"))] == []


def test_nobody_committed_half_a_merge() -> None:
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout.decode().split("\0")
    for file in (ROOT / each for each in tracked if each):
        if file.is_file():
            assert not re.search(rb"^(<{7}|>{7}) ", file.read_bytes(), re.MULTILINE), file


def test_make_lists_what_can_be_done() -> None:
    listed = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True).stdout

    assert {"run", "test", "bench", "admin", "keys", "import", "backup", "fsck"} <= set(re.findall(r"make (\S+)", listed))


@pytest.mark.parametrize("service", services.names())
def test_what_decodes_and_reckons_is_loaded_in_children_alone(service: str) -> None:
    process = f"import sys, services.{service}.app, services.{service}.tasks; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", process], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()

    assert not HEAVY & set(loaded)
