"""The parent of the tables, and what their columns share."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Uuid
from sqlalchemy.orm import DeclarativeBase

from shared import db
from shared.tables import Instant


class Base(DeclarativeBase):
    """The parent of the tables."""

    metadata = db.metadata()
    type_annotation_map: Any = {datetime: Instant, UUID: Uuid()}
