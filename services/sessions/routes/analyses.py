"""Analyses: of a session's recording, and of a performance that is sent for it alone."""

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Header, Request, Response
from fastapi.concurrency import run_in_threadpool

from services.sessions.errors import AnalysisNotFound
from services.sessions.performances import analyses, sending, waiting
from services.sessions.performances.analyses import AnyRow
from services.sessions.practice.saving import Once
from services.sessions.routes.reach import SessionId, TheShell, TheWorld, answer
from services.sessions.schemas.analyses import AnalysisOut, NewAnalysis, NewPerformance, ResultOut
from services.sessions.tasks import analysing
from shared import errors
from shared.db import transaction
from shared.fastapi_app import edge
from shared.fastapi_app.app import router as new_router
from shared.fastapi_app.guards import Db, SignedIn, costly, id_or, once
from shared.idempotency import NOBODY, Claim

SIGNED_OUT_A_DAY = 10  # of one address, where the settings admit people who are signed out
DAY_SECONDS = 86_400
BODY = {"required": True, "content": {"application/json": {"schema": NewPerformance.model_json_schema()}}}
BEARER: list[dict[str, list[str]]] = [{"HTTPBearer": []}]  # not where ANALYZE_WITHOUT_SIGN_IN is set

router = new_router()


@dataclass(frozen=True, slots=True)
class Sender:
    """Whose a performance is: NOBODY's, where somebody signed out sent it."""

    id: UUID


def _sender(request: Request, the_shell: TheShell, world: TheWorld) -> Sender:
    headers = request.headers.getlist("authorization")
    if not headers and world.settings.analyze_without_sign_in:
        return Sender(NOBODY)
    caller = the_shell.caller(headers, request.method)
    the_shell.count(caller)
    request.state.user_id = str(caller.id)
    return Sender(caller.id)


def _counted(request: Request, the_shell: TheShell, sender: "TheSender") -> Sender:
    if sender.id == NOBODY:
        who = edge.client(request.scope, the_shell.settings.trusted_networks)
        the_shell.by_cost.hit("signed-out analyses", at_most=SIGNED_OUT_A_DAY, per_seconds=DAY_SECONDS, who=who)
    else:
        at_most = the_shell.settings.api_rate_limit_per_minute
        the_shell.by_cost.hit("costly", at_most=at_most, per_seconds=60, who=sender.id)
    return sender


def _analysis_id(analysis_id: str) -> UUID:
    return id_or(AnalysisNotFound, analysis_id)


TheSender = Annotated[Sender, Depends(_sender)]
CountedSender = Annotated[Sender, Depends(_counted)]
AnalysisId = Annotated[UUID, Depends(_analysis_id)]


@router.post("/api/sessions/{session_id}/analysis", status_code=202, response_model=AnalysisOut, dependencies=[costly, once])
def analyse_session(
    session_id: SessionId, caller: SignedIn, world: TheWorld, db: Db, new: NewAnalysis | None = None
) -> Response:
    """Hold the recording of your session against its score. One at a time: while one is under way, it is the answer again."""
    asked = (new or NewAnalysis()).asked()
    analysis_id, is_new = analyses.ask_for_session(db, session_id, user_id=caller.id, asked=asked)
    if is_new:
        analysing.enqueue(db, analysis_id, user_id=caller.id, at_once=world.settings.analyses_at_once)
    found = analyses.of_session(db, session_id, user_id=caller.id)
    return answer(dict(found._mapping), 202, {"Location": f"/api/sessions/{session_id}/analysis"})


@router.get("/api/sessions/{session_id}/analysis", response_model=AnalysisOut)
def read_session_analysis(session_id: SessionId, caller: SignedIn, db: Db) -> Response:
    """How far the latest analysis of your session has come, and what came of it."""
    return answer(dict(analyses.of_session(db, session_id, user_id=caller.id)._mapping))


@router.delete("/api/sessions/{session_id}/analysis", status_code=204)
def forget_session_analysis(session_id: SessionId, caller: SignedIn, db: Db) -> None:
    """End the analysis of your session, or forget what came of it, in the session too."""
    analyses.forget_of_session(db, session_id, user_id=caller.id)


@router.post("/api/analyze", response_model=ResultOut, openapi_extra={"requestBody": BODY, "security": BEARER})
async def analyse_performance(
    request: Request,
    sender: CountedSender,
    the_shell: TheShell,
    world: TheWorld,
    idempotency_key: Annotated[str | None, Header(description="Makes a repetition of this request safe for 7 days.")] = None,
    prefer: Annotated[str | None, Header(description="`wait=5`: the answer after 5 s at most; without it, after 50.")] = None,
) -> Response:
    """Hold a recording against a score, and keep neither. Where it takes longer than 50 s: 202, and `Location` to ask again."""
    settings = world.settings
    async with world.bodies.received(request, user_id=sender.id) as body:

        def accept() -> sending.Accepted:
            who = None if sender.id == NOBODY else sender.id
            claim = Claim.of(who, "POST", "/api/analyze", idempotency_key, body.sha256) if idempotency_key is not None else None
            sent = sending.read(body.read(), max_recording_bytes=settings.max_recording_bytes, folder=settings.data_dir)
            key = Once(claim, body.sha256) if claim else None
            return sending.accept(the_shell.engine, sent, user_id=sender.id, at_once=settings.analyses_at_once, once=key)

        accepted = await run_in_threadpool(accept)
    seconds = waiting.preferred_seconds(prefer)
    await waiting.until_over(the_shell.engine, settings, accepted.analysis_id, user_id=sender.id, seconds=seconds)
    headers = {"Idempotent-Replayed": "true"} if accepted.is_replay else {}
    return await run_in_threadpool(_told, the_shell, accepted.analysis_id, sender, headers)


@router.get(
    "/api/analyze/{analysis_id}",
    response_model=ResultOut,
    responses={202: {"model": AnalysisOut}},
    openapi_extra={"security": BEARER},
)
def read_performance_analysis(analysis_id: AnalysisId, sender: TheSender, the_shell: TheShell) -> Response:
    """What came of a performance that you sent; 202 while it is under way. It is forgotten after a day."""
    return _told(the_shell, analysis_id, sender, {})


def _told(the_shell: TheShell, analysis_id: UUID, sender: Sender, headers: dict[str, str]) -> Response:
    """The result; the problem, where nothing came of it; else how far it is. What is nobody's is forgotten as it is told."""
    with transaction(the_shell.engine, user_id=sender.id) as db:
        row = analyses.find(db, analysis_id, user_id=sender.id)
        if sender.id == NOBODY and row.finished_at:
            analyses.forget(db, analysis_id, user_id=NOBODY)
    return _as_response(row, headers)


def _as_response(row: AnyRow, headers: dict[str, str]) -> Response:
    if row.failure:
        response = answer(row.failure, row.failure["status"], headers)
        response.headers["content-type"] = errors.MEDIA_TYPE
        return response
    if row.result:
        return answer(row.result, headers=headers)
    waiting_headers = {"Location": f"/api/analyze/{row.id}", "Retry-After": "2"}
    return answer(dict(row._mapping), 202, headers | waiting_headers)
