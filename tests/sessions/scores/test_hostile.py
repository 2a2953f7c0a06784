"""What was made to do harm does none, and what is merely broken is said to be that; each within a second or two."""

import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.sessions.scores import documents
from services.sessions.scores.reading import READING, readers
from tests.sessions.scores import hostile

SECONDS = 2.0
CASES = [*hostile.xml_cases("http://127.0.0.1:9"), *hostile.packed_cases()]


@pytest.fixture(scope="module")
def listener() -> Iterator[socket.socket]:
    """Somebody who waits to be connected to."""
    with socket.create_server(("127.0.0.1", 0)) as waiting:
        waiting.setblocking(False)
        yield waiting


def said(tmp_path: Path, content: bytes, *, is_text: bool = False) -> dict:
    """What reading says of a score, as it would on its way out of the child."""
    sent, into = tmp_path / "sent", tmp_path / "into"
    sent.write_bytes(content)
    found: dict = json.loads(json.dumps(documents.read_score(str(sent), is_text=is_text, into=str(into))))
    return found


@pytest.mark.parametrize(("content", "verdict"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_each_is_what_it_is_and_quickly(tmp_path: Path, content: bytes, verdict: str) -> None:
    began = time.monotonic()
    answer = said(tmp_path, content)

    assert list(answer) == [verdict], answer
    assert time.monotonic() - began < SECONDS
    assert "root:" not in json.dumps(answer)
    assert (tmp_path / "into").exists() == (verdict == hostile.FACTS)


def test_nobody_is_ever_called(tmp_path: Path, listener: socket.socket) -> None:
    address = f"http://127.0.0.1:{listener.getsockname()[1]}"

    for _, content, _ in hostile.xml_cases(address):
        said(tmp_path, content)

    with pytest.raises(BlockingIOError):
        listener.accept()


def test_what_is_sent_in_another_encoding_is_kept_in_utf8_and_says_so(tmp_path: Path) -> None:
    text = "<?xml version='1.0' encoding='{}'?>" + hostile.title("Für Elise")
    for encoding in ("utf-16", "iso-8859-1"):
        answer = said(tmp_path, text.format(encoding).encode(encoding))

        assert answer["facts"]["title"] == "Für Elise"
        assert (tmp_path / "into").read_text() == text.format("UTF-8")


def test_text_stays_text_whatever_it_says_that_it_is_in(tmp_path: Path) -> None:
    assert said(tmp_path, ("<?xml version='1.0' encoding='UTF-16'?>" + hostile.score()).encode(), is_text=True)["facts"]
    assert "refused" in said(tmp_path, b"<?xml version='1.0' encoding='UTF-7'?><x/>", is_text=True)


@pytest.mark.nightly
@pytest.mark.parametrize(("content", "verdict"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_the_child_says_the_same_within_its_limits(tmp_path: Path, content: bytes, verdict: str) -> None:
    (tmp_path / "sent").write_bytes(content)

    answer = readers.ask("read_score", READING, path=str(tmp_path / "sent"), into=str(tmp_path / "into"), is_text=False)

    assert list(answer) == [verdict]
