"""What an endpoint may ask for, by type: the caller, the database as that caller, a key that makes a repetition safe.

def create_playlist(new: NewPlaylist, caller: SignedIn, db: Db) -> PlaylistOut: ...
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Header, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.security import HTTPBearer
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from shared import db as database
from shared import idempotency, identity
from shared.config import Settings
from shared.identity import Caller, InternalCaller, Verifier
from shared.limits import Limiter

KEPT_HEADERS = ("location", "content-type")
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True)
class Shell:
    """What the shell holds for a service's endpoints; `app.state.shell`."""

    settings: Settings
    engine: Engine
    verifier: Verifier
    by_user: Limiter  # in memory, every route
    by_cost: Limiter  # in Postgres, costly routes


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
    verifier = shell(request).verifier
    headers = request.headers.getlist("authorization")
    changes = request.method not in SAFE_METHODS
    if verifier.known(headers):  # no I/O: the thread hop is saved
        caller = verifier.caller(headers, changes_something=changes)
    else:
        caller = await run_in_threadpool(verifier.caller, headers, changes_something=changes)
    request.state.user_id = str(caller.id)
    return caller


async def _signed_in(request: Request, caller: "SignedInUncounted") -> Caller:
    at_most = shell(request).settings.user_rate_limit_per_minute
    shell(request).by_user.hit("requests", at_most=at_most, per_seconds=60, who=caller.id)
    return caller


def _costly(request: Request, caller: "SignedIn") -> None:
    at_most = shell(request).settings.api_rate_limit_per_minute
    shell(request).by_cost.hit("costly", at_most=at_most, per_seconds=60, who=caller.id)


def _db(request: Request, caller: "SignedInUncounted") -> Iterator[Session]:
    with database.transaction(shell(request).engine, user_id=caller.id, role="admin" if caller.is_admin else "") as db:
        yield db


def _open_db(request: Request) -> Iterator[Session]:
    with database.transaction(shell(request).engine) as db:
        yield db


async def _internal(request: Request) -> InternalCaller:
    settings = shell(request).settings
    headers = request.headers.getlist("authorization")
    return identity.verify_internal(headers, audience=settings.service_name, keys=settings.internal_keys)


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
    fingerprint = hashlib.sha256(body).digest()
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
