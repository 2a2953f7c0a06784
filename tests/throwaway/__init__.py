"""A copy of the repository with one more service: what adding a service takes, and nothing else."""

import shutil
from pathlib import Path

from tests.stack import ROOT

COPIED = (
    ".dockerignore",
    ".env.example",
    "DECISIONS.md",
    "Makefile",
    "README.md",
    "deploy",
    "docker-compose.prod.yml",
    "docker-compose.yml",
    "gateway",
    "pyproject.toml",
    "requirements.txt",
    "services",
    "shared",
    "tests",
)
GUESTBOOK = Path(__file__).parent / "services" / "guestbook"
ROUTER = """
    guestbook:
      rule: PathRegexp(`^/guestbook(/|$)`)
      service: guestbook
      middlewares: [json]
      priority: 10
"""
ENTRIES = """
  guestbook:
    <<: [*tutti, *scratch]
    command: ["python", "-m", "shared.serve", "guestbook"]
    environment: *settings
    depends_on: *served
    healthcheck: *answers-at-8000
    volumes:
      - {type: volume, source: secrets, target: /secrets, read_only: true, volume: {subpath: guestbook}}
      - {type: volume, source: data, target: /data, volume: {subpath: guestbook}}

  guestbook-worker:
    <<: [*tutti, *scratch]
    command: ["python", "-m", "shared.worker", "guestbook"]
    environment: *settings
    depends_on: *migrated
    volumes:
      - {type: volume, source: secrets, target: /secrets, read_only: true, volume: {subpath: guestbook-worker}}
      - {type: volume, source: data, target: /data, volume: {subpath: guestbook}}
"""


def make(to: Path) -> Path:
    """Copy the repository to `to` and add the guestbook: its folder, its lines in routes.yml, its entries in compose."""
    leave = shutil.ignore_patterns(".mypy_cache", ".pytest_cache")  # what is compiled goes along, and is good there too
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, to / name, ignore=leave)
        else:
            shutil.copy2(source, to / name)
    shutil.copytree(GUESTBOOK, to / "services" / "guestbook", ignore=leave)
    routes, compose = to / "gateway" / "routes.yml", to / "docker-compose.yml"
    insert(routes, before='"media" "sessions" }}', words='"guestbook" ')
    insert(routes, before="\n    auth:\n", words=ROUTER)
    insert(compose, before="  SESSIONS_URL:", words="  GUESTBOOK_URL: http://guestbook:8000\n")
    insert(compose, before="\n  # Makes every secret once", words=ENTRIES)
    return to


def insert(file: Path, *, before: str, words: str) -> None:
    """Put `words` where `before` is first found in a file."""
    text = file.read_text()
    assert before in text, f"{file.name} has changed: {before!r} is not in it"
    file.write_text(text.replace(before, words + before, 1))
