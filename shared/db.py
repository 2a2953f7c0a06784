"""The database: an engine, and `transaction(...)`, the only place that commits.

Who is asking travels with BEGIN in one round trip (measured: 1.0 ms a transaction against 1.2 ms with a statement of its own),
and row-level security reads it from there. A worker that acts for a user takes on the web role too, so the same policies
hold for it.
"""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import psycopg
from psycopg import pq, sql
from sqlalchemy import Engine, Executable, MetaData, Row, TextClause, create_engine, exc, text
from sqlalchemy.orm import Session

from shared.config import Settings

CONNECT_TIMEOUT_SECONDS = 3  # a dead database is answered with 503 within seconds
POOL_TIMEOUT_SECONDS = 5  # how long a request waits for a connection before it is told to come back

_acting = threading.local()
_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended(:what, 0))")
_LOCK_WITH_OTHERS = text("SELECT pg_advisory_xact_lock_shared(hashtextextended(:what, 0))")


@dataclass(frozen=True, slots=True)
class _Actor:
    user_id: str = ""
    role: str = ""
    web_role: str = ""  # set when a worker acts for a user


NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


def metadata() -> MetaData:
    """The metadata of one service's tables: constraints get predictable names, so that migrations can name them."""
    return MetaData(naming_convention=NAMING)


def make_engine(url: str, *, pool_size: int = 8, application_name: str) -> Engine:
    """A pool of connections to `url` (a `postgresql://` address). Connects on first use."""
    engine = create_engine(
        url.replace("postgresql://", "postgresql+psycopg://", 1),
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=POOL_TIMEOUT_SECONDS,
        connect_args={"connect_timeout": CONNECT_TIMEOUT_SECONDS, "application_name": application_name},
    )
    engine.dialect.do_begin = _begin  # type: ignore[method-assign]
    return engine


def engine_of(settings: Settings) -> Engine:
    """The engine of one process, with the role that its settings name."""
    name = f"{settings.service_name}-worker" if settings.is_worker else settings.service_name
    url = settings.service_database_url.get_secret_value()
    return make_engine(url, pool_size=settings.database_pool_size, application_name=name)


@contextmanager
def transaction(engine: Engine, *, user_id: UUID | None = None, role: str = "") -> Iterator[Session]:
    """One transaction as `user_id` (or as nobody); commits at the end, rolls back when anything is raised.

    Begins at once. Where the pool held a connection that has died since, it begins again on a fresh one: nothing has run yet,
    so that is always safe. Raises sqlalchemy's OperationalError when the database is not answering.
    """
    service, is_system = _roles(engine)
    acting_as_user = is_system and user_id is not None
    actor = _Actor(str(user_id or ""), role, service if acting_as_user else "")
    with Session(engine, expire_on_commit=False) as db:
        _begin_as(db, actor)
        db.info["after_commit"] = []
        yield db
        db.commit()
        for call in db.info["after_commit"]:
            call()


def look_up(engine: Engine, statement: TextClause, **parameters: Any) -> Row[Any] | None:
    """The one row that a look-up by secret finds, as nobody and without a transaction: one round trip instead of three.

    Asks again on a fresh connection where the pool's has died since, so the statement must only read.
    """
    try:
        return _look_up(engine, statement, parameters)
    except exc.DBAPIError as reason:
        if not reason.connection_invalidated:
            raise
        return _look_up(engine, statement, parameters)


def _look_up(engine: Engine, statement: TextClause, parameters: dict[str, Any]) -> Row[Any] | None:
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        return connection.execute(statement, parameters).one_or_none()


def rows(db: Session, statement: Executable, facts: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What a statement finds, by column: for lists of columns, never of entities.

    Past the session and its mappings, whose work is a good part of what a list of 50 costs.
    """
    found = db.connection().execute(statement, dict(facts))
    names = tuple(found.keys())
    return [dict(zip(names, row, strict=True)) for row in found.all()]


def lock(db: Session, what: str, *, with_others: bool = False) -> None:
    """Until this transaction ends, let nobody else past who locks the same words; again costs nothing.

    `with_others` lets those past who say so too, but nobody who does not. What counts before it adds is alone, or two count the
    same. Raises sqlalchemy's OperationalError where it waits longer than this role waits for locks.
    """
    db.execute(_LOCK_WITH_OTHERS if with_others else _LOCK, {"what": what})


def after_commit(db: Session, call: Callable[[], Any]) -> None:
    """Do something once this transaction has become true, in the same thread. It must not raise."""
    db.info["after_commit"].append(call)


def become(db: Session, user_id: UUID) -> None:
    """Go on as `user_id` in a transaction begun as nobody: after a secret has told who is calling."""
    db.execute(text("SELECT set_config('app.user_id', :user_id, true)"), {"user_id": str(user_id)})


def _begin_as(db: Session, actor: _Actor) -> None:
    _acting.actor = actor
    try:
        try:
            db.connection()
        except exc.DBAPIError as reason:
            if not reason.connection_invalidated:
                raise
            db.rollback()
            db.connection()
    finally:
        _acting.actor = _Actor()


def _begin(dbapi_connection: Any) -> None:
    """SQLAlchemy's hook: BEGIN and say who is asking, as one simple query. It is handed the pool's proxy."""
    connection: psycopg.Connection[Any] = dbapi_connection.driver_connection
    if connection.autocommit:
        return
    actor: _Actor = getattr(_acting, "actor", _Actor())
    role = sql.SQL("SET LOCAL ROLE {};").format(sql.Identifier(actor.web_role)) if actor.web_role else sql.SQL("")
    query = sql.SQL("BEGIN; {} SELECT set_config('app.user_id', {}, true), set_config('app.role', {}, true)").format(
        role, sql.Literal(actor.user_id), sql.Literal(actor.role)
    )
    result = connection.pgconn.exec_(query.as_bytes(connection))
    if result.status != pq.ExecStatus.TUPLES_OK:
        raise psycopg.OperationalError(result.error_message.decode("utf-8", "replace"))


def _roles(engine: Engine) -> tuple[str, bool]:
    username = engine.url.username or ""
    return username.removesuffix("_system"), username.endswith("_system")


def driver_connection(db: Session) -> psycopg.Connection[Any]:
    """The psycopg connection under this transaction, for libraries that take one (procrastinate)."""
    connection = db.connection().connection.driver_connection
    assert isinstance(connection, psycopg.Connection)
    return connection


def ping(engine: Engine) -> None:
    """Ask the database one thing. Raises when it does not answer."""
    with engine.connect() as connection:
        connection.execute(text("SELECT 1"))
