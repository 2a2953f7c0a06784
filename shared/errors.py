"""Everything that can go wrong, by kind. A failure is a class: its name is the code, its docstring the message, its
parent the status.

    Problem
    |-- Invalid 400            |-- NotFound 404        |-- Malformed 422
    |-- NotSignedIn 401        |-- TooSlow 408         |-- TooMany 429
    |-- PaymentRequired 402    |-- Conflict 409        |-- Unavailable 503
    |-- Refused 403            |-- TooLarge 413
    |-- NotAllowed 405         |-- Unsupported 415     |-- NotSatisfiable 416
    |-- Gone 410               |-- Outdated 412

Both shells render a Problem as RFC 9457 `application/problem+json`: `type`, `title`, `status`, `detail` (always a
string), `code`, and the facts it was raised with, by name.
"""

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

MEDIA_TYPE = "application/problem+json"
_STANDARD = frozenset(each.value for each in HTTPStatus)  # a protocol may have one of its own, as tus has 460
DOCUMENTED: dict[str, Any] = {  # in OpenAPI
    "description": "A problem document (RFC 9457)",
    "content": {MEDIA_TYPE: {"schema": {"type": "object"}}},
}


class Problem(Exception):
    """Something went wrong."""

    status = 500
    headers: Mapping[str, str] = {}

    def __init__(self, **facts: Any) -> None:
        super().__init__(self.detail())
        self.facts = facts

    @classmethod
    def code(cls) -> str:
        """`UploadIncomplete` is `upload_incomplete`: what a client may branch on."""
        return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", cls.__name__).lower()

    @classmethod
    def detail(cls) -> str:
        """What happened and what to do next, in words for a person: the class's docstring."""
        return " ".join((cls.__doc__ or "").split())

    def response_headers(self) -> dict[str, str]:
        """The headers that belong to this answer; a fact named `retry_after_seconds` becomes Retry-After."""
        headers = dict(self.headers)
        if "retry_after_seconds" in self.facts:
            headers["Retry-After"] = str(self.facts["retry_after_seconds"])
        return headers

    def document(self) -> dict[str, Any]:
        """The problem document of RFC 9457."""
        return document(self.status, self.code(), self.detail(), **self.facts)


def document(status: int, code: str, detail: str, **facts: Any) -> dict[str, Any]:
    """A problem document for a failure that has no class of its own (a framework's 404 or 405)."""
    return {
        "type": f"urn:tutti:problem:{code}",
        "title": HTTPStatus(status).phrase if status in _STANDARD else code.replace("_", " ").capitalize(),
        "status": status,
        "detail": detail,
        "code": code,
        **facts,
    }


class Invalid(Problem):
    """This request makes no sense. Correct it and send it again."""

    status = 400


class NotSignedIn(Problem):
    """You are not signed in. Send a valid access token in the Authorization header."""

    status = 401
    headers = {"WWW-Authenticate": "Bearer"}


class PaymentRequired(Problem):
    """This needs a balance or a plan that you do not have."""

    status = 402


class Refused(Problem):
    """You may not do this."""

    status = 403


class NotFound(Problem):
    """There is no such thing, or it is not yours."""

    status = 404


class NotAllowed(Problem):
    """This address does not answer that method."""

    status = 405


class TooSlow(Problem):
    """The body arrived too slowly. Send it again over a better connection."""

    status = 408


class Conflict(Problem):
    """This does not fit the present state of things."""

    status = 409


class Gone(Problem):
    """This was here once, and is not any more."""

    status = 410


class Outdated(Problem):
    """It has changed since you read it. Read it again, then make your change to what it is now."""

    status = 412


class TooLarge(Problem):
    """The body is larger than this address takes."""

    status = 413


class Unsupported(Problem):
    """This type of content is not taken here."""

    status = 415


class NotSatisfiable(Problem):
    """The range lies outside the content."""

    status = 416


class Malformed(Problem):
    """The request could not be read. The fields that are wrong are named in errors."""

    status = 422

    def document(self) -> dict[str, Any]:
        """As every problem, with the wrong fields spelled out in `detail` too: some clients show nothing else."""
        wrong = self.facts.get("errors") or []
        said = "; ".join(f"{each['field']}: {each['message']}" if each["field"] else each["message"] for each in wrong)
        return super().document() | ({"detail": said} if said else {})


class TooMany(Problem):
    """Too many requests. Wait, then try again."""

    status = 429


class Unavailable(Problem):
    """Something this needs is not answering just now. Try again in a moment."""

    status = 503
    headers = {"Retry-After": "2"}


class DatabaseUnavailable(Unavailable):
    """The database is not answering just now. Nothing was changed; try again in a moment."""


class Crashed(Problem):
    """Something broke on our side. It is logged under this request_id; try again, and report that id if it stays."""


def of_status(status: int) -> Problem | None:
    """The kind of a failure that a framework found itself, where it has one."""
    kind = {400: Invalid, 404: NotFound, 405: NotAllowed, 413: TooLarge}.get(status)
    return kind() if kind else None
