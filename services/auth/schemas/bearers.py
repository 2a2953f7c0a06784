"""Bearers of other issuers, and what Harmony Helper tells of the person behind one."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import ConfigDict, Field, StringConstraints

from services.auth.schemas.fields import Email
from shared.identity import MAX_TOKEN_CHARACTERS
from shared.schemas import In, Line, Out, Text

Subject = Annotated[Text, StringConstraints(min_length=1, max_length=255)]
Picture = Annotated[Text, StringConstraints(max_length=2048)]  # Google's are long; only a short https one is kept


class ForeignBearer(In):
    """A bearer that is not ours."""

    token: Annotated[str, StringConstraints(min_length=1, max_length=MAX_TOKEN_CHARACTERS)]


class NewSync(In):
    """What the client knows of whoever has just signed in: seed 001 says `auth0_id`, the client `sub`. More is ignored."""

    model_config = ConfigDict(extra="ignore")

    email: Email | None = None
    auth0_id: Subject | None = None
    sub: Subject | None = None
    name: Line | None = None
    picture: Picture | None = None


class SyncedOut(Out):
    """The row of seed 001. `streak_count` and `last_practice_date` are told by `/api/stats`, as of the moment it is asked."""

    id: UUID
    auth0_id: str | None = Field(description="The subject of the issuer whose token this is; null for a token of ours.")
    email: str
    name: str
    created_at: datetime
