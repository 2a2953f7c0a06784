"""A line of a file of users from elsewhere. Columns go by the names that other systems give them."""

import re
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from services.auth.schemas.administration import Role
from services.auth.schemas.fields import Email, Username
from shared import clock
from shared.schemas import MAX_TEXT_CHARACTERS, Text

NAMES = {  # ours, and what Supabase, Auth0, Clerk, Firebase and Symfony call it
    "id": ("id",),
    "email": ("email", "email_address", "primary_email_address"),
    "username": ("username",),
    "name": ("name", "display_name", "displayName", "full_name"),
    "created_at": ("created_at", "createdAt"),
    "email_confirmed": ("email_confirmed", "email_verified", "emailVerified"),
    "email_confirmed_at": ("email_confirmed_at", "confirmed_at"),
    "roles": ("roles",),
    "password_hash": ("password_hash", "encrypted_password", "passwordHash", "password_digest", "hash"),
    "salt": ("salt",),
}
MILLISECONDS_FROM = 100_000_000_000  # a smaller number is seconds: it would be the year 1973 in milliseconds


def _instant(value: Any) -> Any:
    """ISO 8601, also as Postgres writes it (`+00`), or seconds or milliseconds since 1970, as text or number."""
    text = str(value)
    if not text.isascii() or not text.isdigit() or len(text) > 15:
        return datetime.fromisoformat(text)
    return datetime.fromtimestamp(int(text) / (1_000 if int(text) >= MILLISECONDS_FROM else 1), UTC)


def _past(at: datetime) -> datetime:
    known = at if at.tzinfo else at.replace(tzinfo=UTC)
    if not 1970 <= known.year <= 9998 or known > clock.now():
        raise ValueError("This is not in the past")
    return known.astimezone(UTC)


def _listed(value: Any) -> Any:
    """Roles as a list, or as text between any marks; Symfony's `ROLE_ADMIN` is our `admin`."""
    words = re.findall(r"\w+", value) if isinstance(value, str) else value
    return [str(word).removeprefix("ROLE_").lower() for word in words] if isinstance(words, list) else words


def _ours(value: Any) -> UUID | None:
    """An id that is a UUID stays; ids of other shapes are left behind."""
    try:
        return UUID(str(value))
    except ValueError:
        return None


Past = Annotated[datetime, BeforeValidator(_instant), AfterValidator(_past)]
Roles = Annotated[list[Role], BeforeValidator(_listed)]


class ImportedUser(BaseModel):
    """Somebody who comes from elsewhere. What else the line holds is left behind."""

    model_config = ConfigDict(extra="ignore")

    id: Annotated[UUID | None, BeforeValidator(_ours)] = None
    email: Email
    username: Username | None = None
    name: Annotated[Text, StringConstraints(strip_whitespace=True, max_length=MAX_TEXT_CHARACTERS)] = ""
    created_at: Past | None = None
    email_confirmed: bool = False
    roles: Roles = Field(default=[Role.USER], max_length=len(Role))
    password_hash: str = ""
    salt: str = ""

    @classmethod
    def of(cls, line: dict[str, Any]) -> "ImportedUser":
        """The user of a line; what is empty counts as not there. Raises ValidationError."""
        found = {ours: _first(line, theirs) for ours, theirs in NAMES.items()}
        found["email_confirmed"] = found["email_confirmed"] or (True if found["email_confirmed_at"] else None)
        return cls.model_validate({name: value for name, value in found.items() if value not in (None, "")})


def _first(line: dict[str, Any], names: tuple[str, ...]) -> Any:
    values = (line[name] for name in names if line.get(name) not in (None, ""))
    found = next(values, None)
    return found.strip() if isinstance(found, str) else found
