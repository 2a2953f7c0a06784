"""What an endpoint may ask for, by type: the caller, the database as that caller, a key that makes a repetition safe.

def create_playlist(new: NewPlaylist, caller: SignedIn, db: Db) -> PlaylistOut: ...
"""

from collections.abc import Iterator
from typing import Annotated, Any

from fastapi import Depends, Header, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.security import HTTPBearer
from sqlalchemy.orm import Session

from shared import db as database
from shared import idempotency
from shared.identity import Caller, InternalCaller
from shared.shell import KEPT_HEADERS, Shell


def shell(request: Request) -> Shell:
    """The shell of the application that serves this request."""
    found: Shell = request.app.state.shell
    return found


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


def _db(request: Request, caller: "SignedInUncounted") -> Iterator[Session]:
    with shell(request).transaction(caller) as db:
        yield db


def _open_db(request: Request) -> Iterator[Session]:
    with shell(request).transaction() as db:
        yield db


async def _internal(request: Request) -> InternalCaller:
    return shell(request).peer(request.headers.getlist("authorization"))


def _internal_db(request: Request, caller: "Internal") -> Iterator[Session]:
    with database.transaction(shell(request).engine, user_id=caller.user_id) as db:
        yield db


async def _body(request: Request) -> bytes:
    return await request.body()


def _once(
    request: Request,
    caller: "SignedIn",
    db: "Db",
    body: Annotated[bytes, Depends(_body)],
    idempotency_key: Annotated[str | None, Header(description="Makes a repetition of this request safe for 7 days.")] = None,
) -> None:
    if idempotency_key is None:
        return
    claim = idempotency.Claim(caller.id, f"{request.method} {request.url.path}"[:100], idempotency_key)
    fingerprint = shell(request).fingerprint(body)
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
Db = Annotated[Session, Depends(_db, scope="function")]
OpenDb = Annotated[Session, Depends(_open_db, scope="function")]  # nobody is signed in: only definer functions and public rows
Internal = Annotated[InternalCaller, Depends(_internal)]
InternalDb = Annotated[Session, Depends(_internal_db, scope="function")]
costly = Depends(_costly)  # dependencies=[costly]
once = Depends(_once, scope="function")  # dependencies=[once], on every creating POST
