"""The Flask shell: what a Flask service gets around its own routes; it answers as `shared.fastapi_app` does, byte for byte.

create(...)        the application: errors, health, documentation, limits, in one place
signed_in          a decorator: the view is given `caller`
costly             a decorator: the caller may do this only so often a minute
internal           a decorator: the view is given `peer`, another service
transaction(...)   the database as a caller, for `with transaction(caller) as db:`
once(...)          an answer that a repetition with the same Idempotency-Key gets again
"""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import wraps
from http import HTTPStatus
from typing import Any

from apiflask import APIBlueprint, APIFlask
from apiflask.schema_adapters import registry
from apiflask.schema_adapters.pydantic import PydanticAdapter
from flask import Flask, Request, Response, current_app, g, request
from flask.json.provider import JSONProvider
from pydantic import BaseModel, TypeAdapter, ValidationError
from sqlalchemy import Engine, exc
from sqlalchemy.orm import Session
from werkzeug.exceptions import HTTPException

from shared import addresses, errors, idempotency, json, logs, processes, queue
from shared.addresses import Network
from shared.config import Settings
from shared.events import Events, NewEvent
from shared.health import Check, Health, Metrics
from shared.idempotency import Claim
from shared.identity import Caller, Verifier
from shared.logs import UNLOGGED_ROUTES, log
from shared.schemas import problems
from shared.shell import KEPT_HEADERS, Shell

MAX_BODY_BYTES = 64 * 1024  # of a JSON body; the gateway holds no more for these routes
SECURITY = {"HTTPBearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}}
ROUTE = "tutti.route"  # in the WSGI environment: the template of the route, without a path's own values
USER = "tutti.user_id"


def create(
    *,
    about: str,
    settings: Settings,
    engine: Engine,
    verifier: Verifier,
    blueprints: Sequence[APIBlueprint],
    checks: Mapping[str, Check],
    world: Any = None,
    events: Events | None = None,
) -> APIFlask:
    """The service's application. `about` is the service's docstring; `checks` are what `/ready` asks besides the database;
    `events` takes what other services say.

    It runs in the process that serves: the polling of revocations starts here.
    """
    processes.die_with_parent()
    logs.start(settings.service_name, settings.log_level)
    name = settings.service_name
    app = APIFlask(
        name,
        title=f"Tutti {name}",
        version="1",
        spec_path=f"/openapi/{name}.json",
        docs_path=None,
        json_errors=False,
        static_folder=None,  # type: ignore[arg-type]
    )
    app.description = about
    app.security_schemes = SECURITY
    app.config.update(
        MAX_CONTENT_LENGTH=MAX_BODY_BYTES,
        PROVIDE_AUTOMATIC_OPTIONS=False,
        AUTO_404_RESPONSE=False,
        AUTO_VALIDATION_ERROR_RESPONSE=False,
        AUTO_TAGS=False,
        AUTO_SERVERS=False,  # it would believe the Host header of whoever asked first
    )
    app.json = StrictJson(app)
    app.url_map.strict_slashes = app.url_map.merge_slashes = False
    app.extensions["tutti"] = Shell.make(settings, engine, verifier, world)
    metrics = Metrics()
    metrics.watch("jobs_failed", "Jobs that have had all their attempts", lambda: queue.failed(engine))
    health = Health(name, settings.drain_flag, app.extensions["tutti"].checks(checks))
    for each in (*blueprints, *([_events(events)] if events else []), _operators(name, health, metrics)):
        app.register_blueprint(each)
    _handle_errors(app)
    app.before_request(_note_route)
    app.before_request(_refuse_large_body)
    app.spec_processor(_document_problems)
    app.wsgi_app = Edge(app.wsgi_app, service=name, metrics=metrics, trusted=settings.trusted_networks)  # type: ignore[method-assign]
    verifier.start()
    return app


def shell() -> Shell:
    """The shell of the application that serves this request."""
    found: Shell = current_app.extensions["tutti"]
    return found


def world() -> Any:
    """What the service handed to `create` for its own acts."""
    return shell().world


def signed_in(view: Callable[..., Any]) -> Callable[..., Any]:
    """Give the view its `caller`; without one it is not reached. Stands below the route."""

    @wraps(view)
    def guarded(*arguments: Any, **named: Any) -> Any:
        return view(*arguments, caller=current_caller(), **named)

    documented: Callable[..., Any] = _doc(security=list(SECURITY))(guarded)
    return documented


def costly(view: Callable[..., Any]) -> Callable[..., Any]:
    """Count the caller against API_RATE_LIMIT_PER_MINUTE. Stands below `signed_in`."""

    @wraps(view)
    def guarded(*arguments: Any, caller: Caller, **named: Any) -> Any:
        shell().count_costly(caller)
        return view(*arguments, caller=caller, **named)

    return guarded


def current_caller() -> Caller:
    """The caller of this request, verified once; for a view that can do without. Raises as `Verifier.caller` does."""
    if "caller" not in g:
        g.caller = shell().caller(request.headers.getlist("Authorization"), request.method)
        request.environ[USER] = str(g.caller.id)
        shell().count(g.caller)
    caller: Caller = g.caller
    return caller


def internal(view: Callable[..., Any]) -> Callable[..., Any]:
    """Let only other services through, and give the view its `peer`. It stands in no documentation."""

    @wraps(view)
    def guarded(*arguments: Any, **named: Any) -> Any:
        return view(*arguments, peer=shell().peer(request.headers.getlist("Authorization")), **named)

    hidden: Callable[..., Any] = _doc(hide=True)(guarded)
    return hidden


def transaction(caller: Caller | None = None) -> AbstractContextManager[Session]:
    """The database as `caller`, or as nobody: then only definer functions and public rows answer."""
    return shell().transaction(caller)


def once(db: Session, act: Callable[[], BaseModel], *, status: int, caller: Caller | None = None) -> Response:
    """What `act` answers; where the request names itself with Idempotency-Key, a repetition gets the first answer again."""
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return _json(act(), status)
    fingerprint = shell().fingerprint(request.get_data())
    claim = Claim.of(caller.id if caller else None, request.method, request.path, key, fingerprint)
    answer = idempotency.claim(db, claim, fingerprint)
    if answer is not None:
        return Response(answer.body, answer.status, {**answer.headers, "Idempotent-Replayed": "true"})
    response = _json(act(), status)
    headers = {name.lower(): value for name, value in response.headers.items() if name.lower() in KEPT_HEADERS}
    idempotency.fulfil(db, claim, idempotency.Answer(status, response.get_data(), headers, fingerprint))
    return response


def problem(raised: errors.Problem) -> Response:
    """A Problem as a response."""
    return _bytes(json.dumps(raised.document(), str), raised.status, errors.MEDIA_TYPE, raised.response_headers())


def client_address() -> str:
    """Where the request comes from, by the word of the gateway and of proxies that the operator trusts."""
    return _client(request.environ, shell().settings.trusted_networks)


class StrictAdapter(PydanticAdapter):
    """`@routes.input(NewThing, arg_name="new")` reads JSON by `shared.json`, and says what is wrong as FastAPI does."""

    def validate_input(self, request: Request, location: str, **options: Any) -> Any:
        """The body as the model. Raises Malformed."""
        if location == "query":
            return _validated(self.model_class, request.args.to_dict())
        if location != "json":
            return super().validate_input(request, location, **options)
        body = request.get_data()
        # werkzeug cuts a chunked body off at the limit without a word.
        if request.content_length is None and len(body) >= MAX_BODY_BYTES:
            raise errors.TooLarge
        if not body and not self.model_class.model_json_schema().get("required"):
            return self.model_class()
        if not body:
            raise errors.Malformed(errors=[{"field": "", "message": "Field required"}])
        try:
            sent = json.loads(body) if request.is_json else body
        except json.BadJson as reason:
            raise errors.Malformed(errors=[{"field": "", "message": reason.msg}]) from reason
        return _validated(self.model_class, sent)


def _validated(model: Any, sent: Any) -> Any:
    try:
        return TypeAdapter(model).validate_python(sent, from_attributes=True)
    except ValidationError as reason:
        raise errors.Malformed(errors=problems(reason.errors())) from reason


# At import, because `input` looks the adapter up where a route is declared, before there is an application.
registry.register("pydantic", StrictAdapter)


class StrictJson(JSONProvider):
    """Flask's JSON, by `shared.json`."""

    def dumps(self, obj: Any, **_options: Any) -> str:
        """Write a document."""
        return json.dumps(obj).decode()

    def loads(self, s: str | bytes, **_options: Any) -> Any:
        """Read a document. Raises BadJson."""
        return json.loads(s if isinstance(s, bytes) else s.encode())

    def response(self, *arguments: Any, **named: Any) -> Response:
        """A document as a response."""
        return _bytes(json.dumps(self._prepare_response_obj(arguments, named)), 200, "application/json")


class Edge:
    """What happens to every request around routing and error handling: its id, one trailing slash, access log, metrics."""

    def __init__(
        self, app: Callable[..., Iterable[bytes]], *, service: str, metrics: Metrics, trusted: Sequence[Network]
    ) -> None:
        self._app = app
        self._trusted = trusted
        self._service = service
        self._metrics = metrics
        self._log = log("access")

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Serve one request."""
        path: str = environ["PATH_INFO"]
        if len(path) > 1 and path.endswith("/") and not path.endswith("//"):
            environ["PATH_INFO"] = path[:-1]
        request_id = logs.begin_request(self._service, environ.get("HTTP_X_REQUEST_ID", ""))
        started, answered = time.perf_counter(), {"status": 500, "size_bytes": 0}

        def starting(status: str, headers: list[tuple[str, str]], *failure: Any) -> Any:
            size = next((value for name, value in headers if name.lower() == "content-length"), "0")
            answered.update(status=int(status[:3]), size_bytes=int(size))
            return start_response(status, [*headers, ("X-Request-Id", request_id)], *failure)

        try:
            return self._app(environ, starting)
        finally:
            self._write_down(environ, started, **answered)
            logs.end_request()

    def _write_down(self, environ: Mapping[str, Any], started: float, *, status: int, size_bytes: int) -> None:
        route, method = environ.get(ROUTE, "unmatched"), environ["REQUEST_METHOD"]
        self._metrics.answered(method=method, route=route, status=status, started=started)
        if route not in UNLOGGED_ROUTES:
            self._log.info(
                "request",
                method=method,
                path=logs.path_of(environ["PATH_INFO"], is_known=route != "unmatched"),
                status=status,
                duration_ms=round((time.perf_counter() - started) * 1000, 1),
                size_bytes=size_bytes,
                user_id=environ.get(USER),
                address=_client(environ, self._trusted),
            )


def _client(environ: Mapping[str, Any], trusted: Sequence[Network]) -> str:
    return addresses.client_address(environ.get("HTTP_X_FORWARDED_FOR", ""), environ.get("REMOTE_ADDR", ""), trusted)


def _operators(name: str, health: Health, metrics: Metrics) -> APIBlueprint:
    operators = APIBlueprint("operators", __name__)

    @operators.get(f"/health/{name}", endpoint="health_by_name")
    @operators.get("/health")
    @operators.doc(tags=["operators"])
    def answer_health() -> Response:
        """Whether this process serves; 503 once it is about to stop."""
        status, found = health.health()
        return _bytes(json.dumps(found), status, "application/json")

    @operators.get("/ready")
    @operators.doc(hide=True)
    def answer_ready() -> Response:
        status, found = health.ready()
        return _bytes(json.dumps(found), status, "application/json")

    @operators.get("/metrics")
    @operators.doc(hide=True)
    def answer_metrics() -> Response:
        return _bytes(metrics.text(), 200, metrics.media_type)

    return operators


def _events(events: Events) -> APIBlueprint:
    taking = APIBlueprint("events", __name__)

    @taking.post("/internal/events")
    @internal
    @taking.input(NewEvent, arg_name="event")
    def take_event(event: NewEvent, peer: object) -> Response:
        with transaction() as db:
            events.received(db, event_id=event.event_id, kind=event.kind, facts=event.facts)
        return Response(status=202)

    return taking


def _handle_errors(app: Flask) -> None:
    @app.errorhandler(errors.Problem)
    def on_problem(raised: errors.Problem) -> Response:
        return problem(raised)

    @app.errorhandler(HTTPException)
    def on_http_exception(raised: HTTPException) -> Response:
        status = raised.code or 500
        if kind := errors.of_status(status):
            response = problem(kind)
        else:
            document = errors.document(status, "refused", HTTPStatus(status).phrase)
            response = _bytes(json.dumps(document), status, errors.MEDIA_TYPE)
        response.headers.update((name, value) for name, value in raised.get_headers() if name != "Content-Type")
        return response

    @app.errorhandler(exc.OperationalError)
    @app.errorhandler(exc.InterfaceError)
    @app.errorhandler(exc.TimeoutError)
    def on_database(raised: Exception) -> Response:
        log(__name__).warning("database.unavailable", reason=type(raised).__name__, said=str(raised)[:300])
        return problem(errors.DatabaseUnavailable())

    @app.errorhandler(Exception)
    def on_crash(raised: Exception) -> Response:
        log(__name__).error("request.crashed", exc_info=raised)
        return problem(errors.Crashed(request_id=logs.request_id()))


def _note_route() -> None:
    rule = request.url_rule
    request.environ[ROUTE] = rule.rule.replace("<", "{").replace(">", "}") if rule else "unmatched"


def _refuse_large_body() -> None:
    """Also where no view reads it; a chunked body is counted while it is read."""
    if (request.content_length or 0) > MAX_BODY_BYTES:
        raise errors.TooLarge


def _document_problems(spec: Any) -> Any:
    for path in spec["paths"].values():
        for operation in path.values():
            if isinstance(operation, dict) and "responses" in operation:
                operation["responses"] |= {"4XX": errors.DOCUMENTED, "5XX": errors.DOCUMENTED}
                if body := operation.get("requestBody"):
                    body["required"] = _needs_body(spec, body)
    return spec


def _needs_body(spec: Any, body: Any) -> bool:
    """Whether any field of the model must be there: a request without one may leave the body out."""
    schema = body["content"]["application/json"]["schema"]
    named = str(schema.get("$ref", "")).rpartition("/")[2]
    return bool(spec["components"]["schemas"].get(named, schema).get("required"))


def _json(model: BaseModel, status: int) -> Response:
    return _bytes(json.dumps(model.model_dump(mode="json", by_alias=True)), status, "application/json")


def _bytes(body: bytes, status: int, media_type: str, headers: Mapping[str, str] | None = None) -> Response:
    """A response whose Content-Type is exactly `media_type`."""
    return Response(body, status, dict(headers or {}), content_type=media_type)


_doc: Callable[..., Any] = APIBlueprint("guards", __name__).doc  # `doc` notes what it is told on the view alone
