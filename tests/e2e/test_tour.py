"""The README's tour works as it stands."""

import json
import re
import subprocess
from pathlib import Path

from tests.stack import ROOT, Stack

TOUR_SECONDS = 60


def test_the_readmes_tour_works_line_by_line(stack: Stack, tmp_path: Path) -> None:
    readme = (ROOT / "README.md").read_text()
    tour = re.search(r"## A five-minute tour.*?```sh\n(.*?)```", readme, re.DOTALL)
    assert tour is not None
    script = tour[1].replace("http://localhost:8000", stack.url).replace("/tmp/", f"{tmp_path}/")
    run = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=TOUR_SECONDS, check=False
    )
    said = run.stdout

    assert run.returncode == 0, run.stderr
    assert '"email":"ada@example.com"' in said.replace(" ", "")
    files = next(json.loads(line) for line in said.splitlines() if line.startswith("["))
    assert files[0]["title"] == "Minuet in G" and files[0]["artist"] and files[0]["duration"] > 0
    assert "206 1000 bytes" in said
    albums = next(json.loads(line) for line in said.splitlines() if "subsonic-response" in line)
    assert albums["subsonic-response"]["albumList2"]["album"][0]["songCount"] == 1
    assert (tmp_path / "recording").read_bytes() == (ROOT / "tests" / "media" / "minuet.flac").read_bytes()
    stats, explained = (json.loads(line) for line in said.splitlines()[-2:])
    assert stats["streak"] == 1 and stats["weekly_progress"][-1]["minutes"] == 25
    assert explained["days"][0]["why"] == "practised"


def test_the_readme_names_only_what_exists() -> None:
    readme = (ROOT / "README.md").read_text()

    for target in re.findall(r"\]\(([^)#]+)\)", readme):
        assert target.startswith("http") or (ROOT / target).exists(), target
    for name in re.findall(r"^make ([a-z-]+)|`make ([a-z-]+)`", readme, re.MULTILINE):
        assert re.search(rf"^{name[0] or name[1]}:", (ROOT / "Makefile").read_text(), re.MULTILINE), name
