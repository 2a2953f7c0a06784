"""Health for operators: `/health` says that the process serves, `/ready` that what it depends on answers, `/metrics`
what it has done.
"""

import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from shared.logs import log

Check = Callable[[], Any]

CHECK_SECONDS = 3  # a dependency that has not answered by then counts as down


class Health:
    """What one process knows of its own state."""

    def __init__(self, service: str, drain_flag: Path, checks: Mapping[str, Check]) -> None:
        self.service = service
        self._drain_flag = drain_flag
        self._checks = dict(checks)
        self._pool = ThreadPoolExecutor(max_workers=max(1, len(checks)), thread_name_prefix="ready")

    def health(self) -> tuple[int, dict[str, Any]]:
        """200 while requests are welcome, 503 once the process is about to stop."""
        if self._drain_flag.exists():
            return 503, {"status": "stopping", "service": self.service}
        return 200, {"status": "ok", "service": self.service}

    def ready(self) -> tuple[int, dict[str, Any]]:
        """200 where every dependency answers; each is named with `ok` or with what is wrong.

        A check may return words, which stand for `ok` (a stand-in names itself there); it raises where the dependency is down.
        """
        asked = {name: self._pool.submit(check) for name, check in self._checks.items()}
        wait(asked.values(), timeout=CHECK_SECONDS)
        found, all_well = {}, True
        for name, answer in asked.items():
            if not answer.done():
                found[name], all_well = "no answer", False
            elif reason := answer.exception():
                found[name], all_well = f"down: {type(reason).__name__}", False
            else:
                found[name] = answer.result() or "ok"
        status = "ready" if all_well else "not ready"
        return 200 if all_well else 503, {"status": status, "service": self.service, "dependencies": found}


class Metrics:
    """Counters of one process in Prometheus's text format. Routes are templates, so ids make no new series."""

    media_type = CONTENT_TYPE_LATEST

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        labels = ["method", "route", "status"]
        self._requests = Counter("http_requests", "Requests answered", labels, registry=self.registry)
        self._seconds = Histogram("http_request_seconds", "Time to the last byte", ["method", "route"], registry=self.registry)

    def answered(self, *, method: str, route: str, status: int, started: float) -> None:
        """Count one answered request; `started` is its time.perf_counter()."""
        self._requests.labels(method, route, status).inc()
        self._seconds.labels(method, route).observe(time.perf_counter() - started)

    def watch(self, name: str, what: str, ask: Callable[[], float]) -> None:
        """A figure that is asked for whenever it is read; NaN where that fails."""

        def asked() -> float:
            try:
                return ask()
            except Exception as reason:
                log(__name__).warning("metric.unknown", metric=name, reason=type(reason).__name__)
                return float("nan")

        Gauge(name, what, registry=self.registry).set_function(asked)

    def text(self) -> bytes:
        """Everything counted so far."""
        return generate_latest(self.registry)
