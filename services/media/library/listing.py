"""Lists of a library: what they may be filtered and sorted by, and the statements that read them, each made once."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, Uuid, and_, bindparam, func, select, tuple_
from sqlalchemy.orm import Session

from services.media.library.files import Page, Row
from services.media.library.folding import fold
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
    """One kind of list. `filters` are conditions on parameters of their own names, used where those are given.

    A `genre` is given as people write it, and filtered by as it is kept.
    """

    target: str  # as annotations name it
    columns: tuple[Any, ...]
    id: Any
    shown: tuple[ColumnElement[bool], ...]
    filters: Mapping[str, ColumnElement[bool]]
    orders: Mapping[Any, Order]
    usual: tuple[str, bool] = ("name", False)  # the order of a list that is asked for in none, and whether it falls
    counts: Mapping[str, Select[Any]] = field(default_factory=dict)  # by order: how many there are of all, where that is kept
    _made: dict[Any, Select[Any]] = field(default_factory=dict)

    def page(self, db: Session, *, user_id: UUID, limit: int, offset: int = 0, after: After | None = None, **ways: Any) -> Page:
        """One page of what `rows` finds, and how many there are on all pages."""
        rows = self.rows(db, user_id=user_id, limit=limit + 1, offset=offset, after=after, **ways)
        is_all = rows and not (after or len(rows) > limit)
        total = offset + len(rows) if is_all else self._total(db, user_id, **ways)
        return Page(rows[:limit], total, has_more=len(rows) > limit)

    def rows(
        self,
        db: Session,
        *,
        user_id: UUID,
        limit: int,
        offset: int = 0,
        after: After | None = None,
        sort: str | None = None,
        descending: bool | None = None,
        **wanted: Any,
    ) -> list[Row]:
        """What has everything that is `wanted`, each by its name in `filters`, in one of `orders`."""
        given = _given(wanted)
        sort, descending = self.usual[0] if sort is None else sort, self.usual[1] if descending is None else descending
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

    def _total(self, db: Session, user_id: UUID, *, sort: str | None = None, descending: Any = None, **wanted: Any) -> int:
        sort, facts = self.usual[0] if sort is None else sort, _given(wanted)
        given, count = frozenset(facts), None if facts else self.counts.get(sort)
        if count is None:
            key = ("count", given, sort)
            if key not in self._made:
                some = self._narrowed(self._source(), given, self.orders[sort]).with_only_columns(self.id).subquery()
                self._made[key] = select(func.count()).select_from(some)
            count = self._made[key]
        return int(db.scalar(count, {"user_id": user_id, **facts}) or 0)


def _given(wanted: Mapping[str, Any]) -> Row:
    given = {name: value for name, value in wanted.items() if value is not None and value is not False}
    return given | ({"genre": fold(given["genre"])} if "genre" in given else {})


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
