"""Structured logs, metrics, and W3C trace context."""

from __future__ import annotations

import contextlib
import logging
import re
import secrets
import sys
from typing import Any, TextIO, cast

import msgspec
import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from questhall.kernel.settings import Settings

__all__ = ["Measured", "Metrics", "configure_logs", "new_trace", "read_trace"]

_TRACEPARENT = re.compile(rb"00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")


# Never the local variables of a failing function: passwords and secrets are among them.
_json_traceback = structlog.processors.ExceptionRenderer(
    structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
)


class _Tolerant:
    """Standard error of a process that goes on when nobody reads it any more."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Writes, or does not."""
        with contextlib.suppress(OSError, ValueError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        """Flushes, or does not."""
        with contextlib.suppress(OSError, ValueError):
            self._stream.flush()


def configure_logs(settings: Settings) -> None:
    """Console lines for people, JSON for machines; to standard error."""
    level = logging.getLevelNamesMapping().get(settings.log_level.upper(), logging.INFO)
    renderer: Any = (
        structlog.processors.JSONRenderer()
        if settings.log_format == "json"
        else structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            _json_traceback if settings.log_format == "json" else structlog.dev.set_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(cast("TextIO", _Tolerant(sys.stderr))),
        cache_logger_on_first_use=False,
    )
    # Its pools say with a traceback each that the database is away, which their services say in a line.
    logging.getLogger("asyncpg.pool").setLevel(logging.ERROR)


def read_trace(header: bytes | None) -> tuple[str, str]:
    """Trace id and traceparent of a request: what it brought, or new ones."""
    if header is not None:
        found = _TRACEPARENT.fullmatch(header)
        if found is not None and found.group(1) != b"0" * 32 and found.group(2) != b"0" * 16:
            return found.group(1).decode(), header.decode()
    return new_trace()


def new_trace() -> tuple[str, str]:
    """A new trace id and its traceparent."""
    trace = secrets.token_hex(16)
    return trace, f"00-{trace}-{secrets.token_hex(8)}-01"


class Measured(msgspec.Struct, frozen=True):
    """What a service counts by itself, read when somebody asks: ``questhall_<name>``."""

    name: str
    meaning: str
    value: float


class Metrics:
    """What a process counts; its own registry, so that two in one test do not clash."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Histogram(
            "questhall_request_seconds",
            "Requests by route and status class.",
            ["service", "method", "status"],
            registry=self.registry,
            buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
        )
        self.refused = Counter(
            "questhall_refused_total", "Requests that the policy refused.", ["code"], registry=self.registry
        )
        self.outbox_rows = Gauge(
            "questhall_outbox_rows", "Events not yet taken over by all.", ["service"], registry=self.registry
        )
        self.outbox_oldest = Gauge(
            "questhall_outbox_oldest_seconds", "Age of the oldest such event.", ["service"], registry=self.registry
        )
        self.parked = Gauge(
            "questhall_parked_events", "Events that wait, by state.", ["service", "state"], registry=self.registry
        )
        self._of_services: dict[str, Gauge] = {}

    def note(self, measured: Measured) -> None:
        """Takes over what a service counted."""
        gauge = self._of_services.get(measured.name)
        if gauge is None:
            gauge = Gauge(f"questhall_{measured.name}", measured.meaning, registry=self.registry)
            self._of_services[measured.name] = gauge
        gauge.set(measured.value)

    def text(self) -> bytes:
        """All of it, as Prometheus reads it."""
        return generate_latest(self.registry)
