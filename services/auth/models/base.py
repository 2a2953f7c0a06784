"""The parent of auth's tables."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Date, Uuid
from sqlalchemy.orm import DeclarativeBase

from shared import db
from shared.tables import Instant


class Base(DeclarativeBase):
    """Auth's schema."""

    metadata = db.metadata()
    type_annotation_map: Any = {datetime: Instant, UUID: Uuid(), date: Date()}
