"""Lists of a library: what they may be filtered and sorted by, and the statements that read them, each made once."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, Uuid, and_, bindparam, func, select, tuple_
from sqlalchemy.orm import Session

from services.media.library.files import Page, Row
from services.media.models.listening import Annotation
from shared import db as database

USER = bindparam("user_id", type_=Uuid())
After = tuple[datetime | str, UUID]  # what the last row of the page before is sorted by, and its id


@dataclass(frozen=True, slots=True)
class Order:
    """What a list is sorted by. Where that is one column and the id, both never null, a page may begin `after` a row."""

    columns: tuple[Any, ...]
    joins: tuple[tuple[Any, Any], ...] = ()
    only: Any = None  # what a row must have to be in such a list
    is_stable: bool = False

    def falling(self) -> list[Any]:
        """The same, the other way round."""
        return [each.desc() for each in self.columns]


@dataclass(frozen=True, slots=True)
class Listing:
    """One kind of list. `filters` are conditions on parameters of their own names, used where those are given."""

    target: str  # as annotations name it
    columns: tuple[Any, ...]
    id: Any
    shown: tuple[ColumnElement[bool], ...]
    filters: Mapping[str, ColumnElement[bool]]
    orders: Mapping[Any, Order]
    _made: dict[Any, Select[Any]] = field(default_factory=dict)

    def page(
        self,
        db: Session,
        *,
        user_id: UUID,
        sort: Any,
        descending: bool,
        limit: int,
        offset: int = 0,
        after: After | None = None,
        wanted: Mapping[str, Any],
        count: Select[Any] | None = None,
    ) -> Page:
        """One page of what has everything that is `wanted`; `count` tells how many there are of all, if that is kept."""
        place = {"sort": sort, "descending": descending, "limit": limit + 1, "offset": offset, "after": after}
        rows = self.rows(db, user_id=user_id, wanted=wanted, **place)
        is_all = rows and not (after or len(rows) > limit)
        total = offset + len(rows) if is_all else self._total(db, {"user_id": user_id, **_given(wanted)}, sort, count)
        return Page(rows[:limit], total, has_more=len(rows) > limit)

    def rows(
        self,
        db: Session,
        *,
        user_id: UUID,
        sort: Any,
        descending: bool,
        limit: int,
        offset: int = 0,
        after: After | None = None,
        wanted: Mapping[str, Any],
    ) -> list[Row]:
        """The same, without counting what is on other pages."""
        given = _given(wanted)
        facts = {"user_id": user_id, "limit": limit, "offset": offset, **given}
        if after:
            facts |= {"after": after[0], "after_id": after[1]}
        statement = self._statement(frozenset(given), sort, descending, bool(after))
        return database.rows(db, statement, facts)

    def of(self, db: Session, ids: list[UUID], *, user_id: UUID) -> list[Row]:
        """Those of `ids` that there are, in that order."""
        key = "of"
        if key not in self._made:
            self._made[key] = self._source().where(self.id.in_(bindparam("ids", expanding=True)))
        found = {row["id"]: row for row in database.rows(db, self._made[key], {"user_id": user_id, "ids": ids})}
        return [dict(found[each]) for each in ids if each in found]

    def _source(self) -> Select[Any]:
        """The rows of a user, each with what its listener makes of it."""
        theirs = and_(Annotation.user_id == USER, Annotation.target == self.target, Annotation.target_id == self.id)
        return select(*self.columns, *OPINION).outerjoin(Annotation, theirs).where(*self.shown)

    def _statement(self, given: frozenset[str], sort: Any, descending: bool, is_after: bool) -> Select[Any]:
        key = (given, sort, descending, is_after)
        if key not in self._made:
            order = self.orders[sort]
            made = self._narrowed(self._source(), given, order)
            made = made.order_by(*(order.falling() if descending else order.columns))
            if is_after:
                here = tuple_(*order.columns)
                there = tuple_(bindparam("after", type_=order.columns[0].type), bindparam("after_id", type_=Uuid()))
                made = made.where(here < there if descending else here > there)
            self._made[key] = made.limit(bindparam("limit")).offset(bindparam("offset"))
        return self._made[key]

    def _narrowed(self, made: Select[Any], given: frozenset[str], order: Order) -> Select[Any]:
        for joined, on in order.joins:
            made = made.join(joined, on)
        if order.only is not None:
            made = made.where(order.only)
        return made.where(*(self.filters[each] for each in sorted(given)))

    def _total(self, db: Session, facts: Row, sort: Any, count: Select[Any] | None) -> int:
        given = frozenset(facts) - {"user_id"}
        if count is None or given:
            key = ("count", given, sort)
            if key not in self._made:
                some = self._narrowed(self._source(), given, self.orders[sort]).with_only_columns(self.id).subquery()
                self._made[key] = select(func.count()).select_from(some)
            count = self._made[key]
        return int(db.scalar(count, facts) or 0)


def _given(wanted: Mapping[str, Any]) -> Row:
    return {name: value for name, value in wanted.items() if value is not None and value is not False}


OPINION = (
    Annotation.starred_at,
    Annotation.rating,
    func.coalesce(Annotation.play_count, 0).label("play_count"),
    Annotation.played_at,
)
STARRED = Annotation.starred_at.is_not(None)
RATED = Annotation.rating >= bindparam("rated")
# Only what was ever played, rated or starred is in a list that is sorted by that.
OPINIONS = {
    "plays": Order((Annotation.play_count, Annotation.target_id), only=Annotation.play_count > 0),
    "rating": Order((Annotation.rating, Annotation.target_id), only=Annotation.rating.is_not(None)),
    "played_at": Order((Annotation.played_at, Annotation.target_id), only=Annotation.played_at.is_not(None)),
    "starred_at": Order((Annotation.starred_at, Annotation.target_id), only=STARRED),
}
RANDOM = {"random": Order((func.random(),))}
