"""Make the application of a FastAPI service."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import anyio
import anyio.to_thread
from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from sqlalchemy import Engine, exc
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.types import ASGIApp

from shared import errors, json, logs, processes, queue
from shared.addresses import Network
from shared.config import Settings
from shared.events import Events, NewEvent
from shared.fastapi_app.edge import Edge
from shared.fastapi_app.guards import Internal, InternalDb, ReplayAnswer
from shared.fastapi_app.lingering import Lingering
from shared.fastapi_app.strict import StrictRoute
from shared.health import Check, Health, Metrics
from shared.identity import Verifier
from shared.logs import log, request_id
from shared.schemas import problems
from shared.shell import Shell

SPARE_CONNECTIONS = 2  # of the pool, for endpoints that take a transaction by hand
THREADS = 24  # endpoints and dependencies that run at once

Render = Callable[[Request, errors.Problem], Response]


class Application(FastAPI):
    """FastAPI with `Edge` around everything, so that an answer to a crash has its request id and its line in the log too."""

    def __init__(self, *, service: str, metrics: Metrics, trusted: Sequence[Network], **options: Any) -> None:
        super().__init__(**options)
        self._trusted = trusted
        self._service = service
        self._metrics = metrics

    def build_middleware_stack(self) -> ASGIApp:
        """The whole, once."""
        return Edge(super().build_middleware_stack(), service=self._service, metrics=self._metrics, trusted=self._trusted)


def router() -> APIRouter:
    """A router for a service's routes: strict JSON, answers kept for repetitions."""
    return APIRouter(route_class=StrictRoute, redirect_slashes=False)


def create(
    *,
    about: str,
    settings: Settings,
    engine: Engine,
    verifier: Verifier,
    routers: Sequence[APIRouter],
    checks: Mapping[str, Check],
    world: Any = None,
    events: Events | None = None,
    closing: Sequence[Callable[[], None]] = (),
    renders: Mapping[str, Render] | None = None,
) -> FastAPI:
    """The service's application: its routes, and everything around them that is the same everywhere.

    `about` is the service's docstring; `checks` are what `/ready` asks besides the database; `world` is what its
    endpoints need besides; `closing` is called at the end; `renders` is how dialects say what went wrong, by the beginning of
    their paths.
    """
    processes.die_with_parent()
    logs.start(settings.service_name, settings.log_level)
    name = settings.service_name

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        anyio.to_thread.current_default_thread_limiter().total_tokens = THREADS
        verifier.start()
        yield
        verifier.stop()
        for close in closing:
            close()
        engine.dispose()

    metrics = Metrics()
    app = Application(
        service=name,
        metrics=metrics,
        trusted=settings.trusted_networks,
        title=f"Tutti {name}",
        description=about,
        version="1",
        openapi_url=f"/openapi/{name}.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=lifespan,
        responses={"4XX": errors.DOCUMENTED, "5XX": errors.DOCUMENTED},
    )
    app.state.shell = Shell.make(settings, engine, verifier, world)
    app.state.turns = anyio.Semaphore(max(1, settings.database_pool_size - SPARE_CONNECTIONS))
    metrics.watch("jobs_failed", "Jobs that have had all their attempts", lambda: queue.failed(engine))
    health = Health(name, settings.drain_flag, app.state.shell.checks(checks))
    for each in routers:
        app.include_router(each)
    app.include_router(_operators(name, health, metrics))
    if events:
        app.include_router(_events(events))
    _handle_errors(app, renders or {}, routers)
    app.add_middleware(Lingering)
    return app


def problem(raised: errors.Problem) -> Response:
    """A Problem as a response."""
    return Response(json.dumps(raised.document(), str), raised.status, raised.response_headers(), errors.MEDIA_TYPE)


def _operators(name: str, health: Health, metrics: Metrics) -> APIRouter:
    operators = APIRouter()

    @operators.get("/health", tags=["operators"])
    @operators.get(f"/health/{name}", tags=["operators"])
    async def answer_health() -> Response:
        """Whether this process serves; 503 once it is about to stop."""
        status, found = health.health()
        return JSONResponse(found, status)

    @operators.get("/ready", include_in_schema=False)
    def answer_ready() -> Response:
        status, found = health.ready()
        return JSONResponse(found, status)

    @operators.get("/metrics", include_in_schema=False)
    def answer_metrics() -> Response:
        return Response(metrics.text(), media_type=metrics.media_type)

    return operators


def _events(events: Events) -> APIRouter:
    taking = router()

    @taking.post("/internal/events", status_code=202, include_in_schema=False)
    def take_event(event: NewEvent, _peer: Internal, db: InternalDb) -> Response:
        events.received(db, event_id=event.event_id, kind=event.kind, facts=event.facts)
        return Response(status_code=202)

    return taking


def _allowed(routers: Sequence[APIRouter], path: str) -> str:
    """The methods of a path, of all its endpoints: the framework names those of the first."""
    routes = [each for router in routers for each in router.routes if isinstance(each, Route) and each.path_regex.match(path)]
    return ", ".join(sorted(set().union(*(each.methods or () for each in routes))))


def _handle_errors(app: FastAPI, renders: Mapping[str, Render], routers: Sequence[APIRouter]) -> None:
    def problem_of(request: Request, raised: errors.Problem) -> Response:
        render = next((each for path, each in renders.items() if request.url.path.startswith(path)), None)
        return render(request, raised) if render else problem(raised)

    @app.exception_handler(errors.Problem)
    async def on_problem(request: Request, raised: errors.Problem) -> Response:
        return problem_of(request, raised)

    @app.exception_handler(RequestValidationError)
    async def on_malformed(request: Request, raised: RequestValidationError) -> Response:
        return problem_of(request, errors.Malformed(errors=problems(raised.errors())))

    @app.exception_handler(HTTPException)
    async def on_http_exception(request: Request, raised: HTTPException) -> Response:
        kind = errors.of_status(raised.status_code)
        if kind:
            response = problem_of(request, kind)
        else:
            document = errors.document(raised.status_code, "refused", str(raised.detail))
            response = Response(json.dumps(document), raised.status_code, media_type=errors.MEDIA_TYPE)
        response.headers.update(raised.headers or {})
        if allowed := response.headers.get("allow"):
            response.headers["allow"] = _allowed(routers, request.url.path) or allowed
        return response

    @app.exception_handler(ReplayAnswer)
    async def on_replay(_request: Request, raised: ReplayAnswer) -> Response:
        headers = raised.answer.headers | {"Idempotent-Replayed": "true"}
        return Response(raised.answer.body, raised.answer.status, headers)

    @app.exception_handler(exc.OperationalError)
    @app.exception_handler(exc.InterfaceError)
    @app.exception_handler(exc.TimeoutError)
    async def on_database(request: Request, raised: Exception) -> Response:
        log(__name__).warning("database.unavailable", reason=type(raised).__name__, said=str(raised)[:300])
        return problem_of(request, errors.DatabaseUnavailable())

    @app.exception_handler(Exception)
    async def on_crash(request: Request, raised: Exception) -> Response:
        log(__name__).error("request.crashed", exc_info=raised)
        return problem_of(request, errors.Crashed(request_id=request_id()))
