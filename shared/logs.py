"""Logs are events with fields, one JSON object a line on standard output: never prose with values glued in, never a secret."""

import logging
import re
import sys
from typing import Any

import structlog

from shared import ids, json

QUIET = ("alembic", "httpx2", "httpcore2", "urllib3", "procrastinate.worker", "procrastinate.periodic")
UNLOGGED_ROUTES = frozenset({"/health", "/ready", "/metrics", "/internal/revocations"})  # asked every few seconds
REQUEST_ID = re.compile(r"[A-Za-z0-9-]{8,64}")
SECRET_WORDS = ("authorization", "password", "token", "secret", "cookie", "api_key")


def start(service: str, level: str) -> None:
    """Configure this process's logs, the standard library's included. Every event carries the service's name."""
    structlog.configure(
        processors=[*FIRST, structlog.processors.format_exc_info, structlog.processors.JSONRenderer(serializer=_text)],
        wrapper_class=structlog.make_filtering_bound_logger(level.lower()),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(service=service)
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(formatter(service))
    logging.basicConfig(handlers=[handler], level=level.upper(), force=True)
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)


def formatter(service: str) -> logging.Formatter:
    """What makes events of the lines that libraries log."""
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[*FIRST, _name_the_service(service)],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(serializer=_text),
        ],
    )


def log(name: str) -> Any:
    """A logger: `log(__name__).info("file.stored", file_id=..., size_bytes=...)`."""
    return structlog.get_logger(source=name)


def begin_request(service: str, sent_id: str) -> str:
    """Name a request in every event until `end_request`: by the id it was sent with, if that is one, or a fresh one."""
    request_id = sent_id if REQUEST_ID.fullmatch(sent_id) else str(ids.new())
    # A server's other threads do not inherit what `start` bound in the first one.
    structlog.contextvars.bind_contextvars(service=service, request_id=request_id)
    return request_id


def request_id() -> str:
    """The id of the request that is being served, empty where there is none."""
    return str(structlog.contextvars.get_contextvars().get("request_id", ""))


def path_of(path: str, *, is_known: bool) -> str:
    """A path for the log. Of one that leads nowhere only the beginning: a mistyped capability may still be one."""
    return path[:200] if is_known else f"/{path.lstrip('/').partition('/')[0][:20]}"


def end_request() -> None:
    """Forget its id."""
    structlog.contextvars.unbind_contextvars("request_id")


def _hide_secrets(_logger: Any, _method: str, event: Any) -> Any:
    for key in event:
        if any(word in key.lower() for word in SECRET_WORDS) and event[key] is not None:
            event[key] = "hidden"
    return event


def _name_the_service(service: str) -> Any:
    def processor(_logger: Any, _method: str, event: Any) -> Any:
        return event | {"service": service}

    return processor


def _text(event: Any, **_options: Any) -> str:
    return json.dumps(event, default=str).decode()


FIRST: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.processors.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    _hide_secrets,
]
