"""A copy of the repository with one more service: what adding a service takes, and nothing else."""

import shutil
from pathlib import Path

from tests.stack import ROOT

COPIED = (
    "services",
    "shared",
    "deploy",
    "gateway",
    "tests",
    "docker-compose.yml",
    "Makefile",
    "pyproject.toml",
    ".env.example",
    "README.md",
)
SERVICES_BEFORE = '# {{ $services := list "auth" "media" "sessions" }}'
SERVICES_AFTER = '# {{ $services := list "auth" "guestbook" "media" "sessions" }}'
ROUTER = """
    guestbook:
      rule: PathRegexp(`^/guestbook(/|$)`)
      service: guestbook
      middlewares: [json]
      priority: 10
"""


def make(to: Path) -> Path:
    """Copy the repository to `to` and add the guestbook: its folder, its name and router in routes.yml."""
    leave = shutil.ignore_patterns("__pycache__", ".mypy_cache", ".pytest_cache")
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, to / name, ignore=leave)
        elif source.exists():
            shutil.copy2(source, to / name)
    shutil.copytree(Path(__file__).parent / "services" / "guestbook", to / "services" / "guestbook", ignore=leave)
    routes = to / "gateway" / "routes.yml"
    text = routes.read_text()
    assert SERVICES_BEFORE in text
    text = text.replace(SERVICES_BEFORE, SERVICES_AFTER).replace("  routers:\n", "  routers:" + ROUTER, 1)
    routes.write_text(text)
    return to
