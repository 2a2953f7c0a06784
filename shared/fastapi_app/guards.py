"""What an endpoint may ask for, by type: the caller, the database as that caller, a key that makes a repetition safe.

def create_playlist(new: NewPlaylist, caller: SignedIn, db: Db) -> PlaylistOut: ...
"""

from collections.abc import AsyncIterator, Iterator
from typing import Annotated, Any
from uuid import UUID

import anyio
from fastapi import Depends, Header, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.security import HTTPBearer
from sqlalchemy.orm import Session

from shared import db as database
from shared import idempotency
from shared.errors import DatabaseUnavailable, Problem
from shared.idempotency import Claim
from shared.identity import Caller, InternalCaller
from shared.shell import KEPT_HEADERS, Shell

TURN_SECONDS = 5  # how long a request waits for a connection before it is told to come back


def shell(request: Request) -> Shell:
    """The shell of the application that serves this request."""
    found: Shell = request.app.state.shell
    return found


def id_or(missing: type[Problem], text: str) -> UUID:
    """An id from a path. What is none is the id of nothing: raises `missing`."""
    try:
        return UUID(text)
    except ValueError:
        raise missing from None


class ReplayAnswer(Exception):
    """The request was made before: send its answer again."""

    def __init__(self, answer: idempotency.Answer) -> None:
        self.answer = answer


_scheme = HTTPBearer(auto_error=False, bearerFormat="JWT", description="An access token of auth, or of an issuer it knows.")


async def _signed_in_uncounted(request: Request, _documented: Annotated[Any, Depends(_scheme)]) -> Caller:
    mine, headers = shell(request), request.headers.getlist("authorization")
    if mine.verifier.known(headers):  # no I/O: the thread hop is saved
        caller = mine.caller(headers, request.method)
    else:
        caller = await run_in_threadpool(mine.caller, headers, request.method)
    request.state.user_id = str(caller.id)
    return caller


async def _signed_in(request: Request, caller: "SignedInUncounted") -> Caller:
    shell(request).count(caller)
    return caller


def _costly(request: Request, caller: "SignedIn") -> None:
    shell(request).count_costly(caller)


async def _turn(request: Request) -> AsyncIterator[None]:
    """Wait for one of the pool's connections without holding a thread.

    A transaction that a dependency opens gives its thread back and needs one again to go on. Were threads spent on waiting for
    the pool, those who hold a connection would find none (measured: 40 at once, 24 of them answered 503).
    """
    turns: anyio.Semaphore = request.app.state.turns
    try:
        with anyio.fail_after(TURN_SECONDS):
            await turns.acquire()
    except TimeoutError as reason:
        raise DatabaseUnavailable from reason
    try:
        yield
    finally:
        turns.release()


def _db(request: Request, caller: "SignedInUncounted", _turn: "Turn") -> Iterator[Session]:
    with shell(request).transaction(caller) as db:
        yield db


def _open_db(request: Request, _turn: "Turn") -> Iterator[Session]:
    with shell(request).transaction() as db:
        yield db


async def _internal(request: Request) -> InternalCaller:
    return shell(request).peer(request.headers.getlist("authorization"))


def _internal_db(request: Request, caller: "Internal", _turn: "Turn") -> Iterator[Session]:
    with database.transaction(shell(request).engine, user_id=caller.user_id) as db:
        yield db


async def _body(request: Request) -> bytes:
    return b"" if request.method in {"GET", "HEAD"} else await request.body()  # a GET waits for no body that means nothing


def _once(
    request: Request,
    caller: "SignedIn",
    db: "Db",
    body: Annotated[bytes, Depends(_body)],
    idempotency_key: Annotated[str | None, Header(description="Makes a repetition of this request safe for 7 days.")] = None,
) -> None:
    if idempotency_key is None:
        return
    fingerprint = shell(request).fingerprint(request.scope["query_string"] + b"\n" + body)
    claim = Claim.of(caller.id, request.method, request.url.path, idempotency_key, fingerprint)
    answer = idempotency.claim(db, claim, fingerprint)
    if answer is not None:
        raise ReplayAnswer(answer)

    def keep(response: Response) -> None:
        headers = {name: value for name, value in response.headers.items() if name in KEPT_HEADERS}
        body = bytes(response.body)
        idempotency.fulfil(db, claim, idempotency.Answer(response.status_code, body, headers, fingerprint))

    request.state.keep_answer = keep


SignedInUncounted = Annotated[Caller, Depends(_signed_in_uncounted)]  # for ranges and covers, which no limit counts
SignedIn = Annotated[Caller, Depends(_signed_in)]
Body = Annotated[bytes, Depends(_body)]  # the whole of it, at most `strict.MAX_BODY_BYTES`
Turn = Annotated[None, Depends(_turn, scope="function")]
Db = Annotated[Session, Depends(_db, scope="function")]
OpenDb = Annotated[Session, Depends(_open_db, scope="function")]  # nobody is signed in: only definer functions and public rows
Internal = Annotated[InternalCaller, Depends(_internal)]
InternalDb = Annotated[Session, Depends(_internal_db, scope="function")]
costly = Depends(_costly)  # dependencies=[costly]
once = Depends(_once, scope="function")  # dependencies=[once], on every creating POST
