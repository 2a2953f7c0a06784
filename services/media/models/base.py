"""The parent of media's tables."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Uuid
from sqlalchemy.orm import DeclarativeBase

from shared import db
from shared.tables import Instant


class Base(DeclarativeBase):
    """Media's schema."""

    metadata = db.metadata()
    type_annotation_map: Any = {datetime: Instant, UUID: Uuid()}


def one_of(column: str, words: Any) -> str:
    """A check constraint: the column holds one of an enum's words.

    >>> one_of("state", ["ready", "gone"])
    "state IN ('ready', 'gone')"
    """
    return f"{column} IN ({', '.join(repr(str(each)) for each in words)})"
