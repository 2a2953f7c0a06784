"""Letters that other services have sent."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from shared.schemas import In, Line

Path = Annotated[str, StringConstraints(pattern=r"^/([!-.0-~][!-~]{0,500})?$")]  # under the public URL, in printable ASCII


class Notice(In):
    """A subject, what there is to say, and the page to open, if there is one."""

    title: Annotated[Line, StringConstraints(max_length=120)]
    lines: Annotated[list[Annotated[Line, StringConstraints(max_length=500)]], Field(min_length=1, max_length=20)]
    path: Path | None = None


class PeersLetter(In):
    """A letter to a user. `notice` is the one template that other services may ask for."""

    user_id: UUID
    template: Literal["notice"]
    facts: Notice
