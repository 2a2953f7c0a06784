"""Letters: one template in text and one in HTML each, filled with facts.

The head of a text holds its subject, and what the button of its link says. Facts are escaped in HTML and stripped of line
breaks everywhere, so that no name of a person's choosing adds a header, a line or a tag.
"""

from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate, make_msgid
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

FOLDER = Path(__file__).parent / "letters"
LONGEST_FACT = 500  # characters

_texts = Environment(loader=FileSystemLoader(FOLDER), undefined=StrictUndefined, autoescape=False)  # noqa: S701 -- plain text
_pages = Environment(loader=FileSystemLoader(FOLDER), undefined=StrictUndefined, autoescape=True)


@dataclass(frozen=True, slots=True)
class Letter:
    """A template by name, and what it is filled with."""

    name: str
    facts: dict[str, Any]


def names() -> frozenset[str]:
    """Every letter there is."""
    return frozenset(path.stem for path in FOLDER.glob("*.txt"))


def message(letter: Letter, *, sender: str, to: str) -> EmailMessage:
    """The mail. Raises jinja2.UndefinedError where a fact is missing."""
    facts = {key: _one_line(value) for key, value in letter.facts.items()}
    facts = {"link": "", "address": "", **facts}
    head, _, body = _texts.get_template(f"{letter.name}.txt").render(facts).partition("\n\n")
    headers = dict(line.split(": ", 1) for line in head.splitlines())
    mail = EmailMessage(policy=SMTP)
    mail["From"], mail["To"], mail["Subject"] = sender, to, headers["Subject"]
    mail["Date"], mail["Message-ID"] = formatdate(usegmt=True), make_msgid(domain=sender.rpartition("@")[2].strip("<> "))
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(body)
    page = _pages.get_template(f"{letter.name}.html").render(facts, action=headers.get("Action", ""))
    mail.add_alternative(page, subtype="html")
    return mail


def _one_line(value: Any) -> str | list[str]:
    if isinstance(value, list):
        return [_line(each) for each in value]
    return _line(value)


def _line(value: Any) -> str:
    return " ".join(str(value).split())[:LONGEST_FACT]
