"""One table of each policy."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Boolean, ForeignKey, String, func
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from shared import db, ids
from shared.tables import Instant


class Base(DeclarativeBase):
    """The guestbook's tables."""

    metadata = db.metadata()


class Entry(Base):
    """What somebody wrote."""

    __tablename__ = "entries"
    __table_args__ = {"info": {"policy": "own"}}

    id: Mapped[UUID] = mapped_column(primary_key=True, default=ids.new)
    user_id: Mapped[UUID]
    words: Mapped[str] = mapped_column(String(255))
    follows: Mapped[UUID | None] = mapped_column(ForeignKey("entries.id", deferrable=True, initially="DEFERRED"))
    created_at: Mapped[datetime] = mapped_column(Instant, server_default=func.now())


class Postcard(Base):
    """What somebody may show to everybody."""

    __tablename__ = "postcards"
    __table_args__ = {"info": {"policy": "own_or_public"}}

    id: Mapped[UUID] = mapped_column(primary_key=True, default=ids.new)
    user_id: Mapped[UUID]
    is_public: Mapped[bool] = mapped_column(Boolean, default=False)


class Member(Base):
    """Who belongs to which table at the inn."""

    __tablename__ = "members"
    __table_args__ = {"info": {"policy": "own"}}

    inn_table_id: Mapped[UUID] = mapped_column(primary_key=True)
    user_id: Mapped[UUID] = mapped_column(primary_key=True)


class InnTable(Base):
    """A table at the inn, seen by those who sit at it."""

    __tablename__ = "inn_tables"
    __table_args__ = {"info": {"policy": "member"}}

    id: Mapped[UUID] = mapped_column(primary_key=True, default=ids.new)


class Notice(Base):
    """What the innkeeper tells everybody."""

    __tablename__ = "notices"
    __table_args__ = {"info": {"policy": "common"}}

    id: Mapped[UUID] = mapped_column(primary_key=True, default=ids.new)


class Tally(Base):
    """What the cellar counts: jobs done and events taken, by their words."""

    __tablename__ = "tallies"
    __table_args__ = {"info": {"policy": "internal"}}

    words: Mapped[str] = mapped_column(String(255), primary_key=True)
    count: Mapped[int] = mapped_column(default=0)
