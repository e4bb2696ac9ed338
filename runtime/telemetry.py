"""Logs and metrics: JSON lines that cannot hold a person's words or identifiers, and one prometheus registry a process.

A log line keeps only keys of `LOGGED` and values of the shape that key may have; everything else is dropped and counted,
so that a careless `log.info("got it", text=...)` leaks nothing. The event itself must be a fixed phrase.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Callable, Mapping
from typing import Any, TextIO, cast

import structlog
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)

METRICS_CONTENT_TYPE = CONTENT_TYPE_LATEST

_NAME = r"[A-Za-z][A-Za-z0-9_.:/+-]{0,79}"  # a slug, a rule, a model; no space, so no sentence
_ID = r"[0-9a-f]{8}(-?[0-9a-f]{4}){3}-?[0-9a-f]{12}"
_DIGEST = r"sha256:[0-9a-f]{64}"

# What a line may hold. A number or a boolean may stand under NUMBERS; text must match the pattern of its key.
TEXTS: Mapping[str, re.Pattern[str]] = {
    key: re.compile(pattern)
    for key, pattern in {
        "tenant": _NAME,
        "contact": _ID,  # our random id, never a number or a name
        "conversation": _ID,
        "outbox": _ID,
        "case": _ID,
        "connection": _NAME,
        "channel": _NAME,
        "provider": _NAME,
        "model": _NAME,
        "rung": _NAME,
        "bundle": _DIGEST,
        "process": _NAME,
        "stage": _NAME,
        "disposition": _NAME,
        "category": _NAME,
        "rule": _NAME,
        "effect": _NAME,
        "state": _NAME,
        "result": _NAME,
        "send_class": _NAME,
        "topic": _NAME,
        "job": _NAME,
        "migration": _NAME,
        "method": r"[A-Z]{3,7}",
        "route": r"/[A-Za-z0-9_{}/.-]{0,99}",  # the pattern of a path, not the path
        "error": _NAME,  # the exception's class; its words may quote a row
        "where": r"[A-Za-z0-9_./-]{1,120}:[0-9]+",  # file:line of an error
        "reason": r"[A-Za-z][A-Za-z_ -]{0,79}",  # one of our own fixed phrases
    }.items()
}
NUMBERS = frozenset(
    {
        "latency_ms",
        "tokens",
        "fallback_used",
        "count",
        "seq",
        "fence",
        "attempts",
        "serial",
        "status",
        "code",
        "bytes",
        "pid",
        "port",
        "micros",
        "age_s",
        "cost_micropence",
        "exit_code",
    }
)
LOGGED = frozenset(TEXTS) | NUMBERS
ALWAYS = frozenset({"timestamp", "level", "event"})
EVENT_LIMIT = 80

# Seconds; the goals are 250 ms for an acknowledgement and 2 s for an answer.
_QUICK = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
_SLOW = (0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0)

REGISTRY = CollectorRegistry(auto_describe=False)
ACK = Histogram(
    "convo_ack_seconds",
    "From a webhook's first byte to its answer",
    ["channel"],
    buckets=_QUICK,
    registry=REGISTRY,
)
ACKED = Counter("convo_acks", "Webhooks answered, by status", ["channel", "status"], registry=REGISTRY)
TURN = Histogram(
    "convo_turn_seconds",
    "From claiming a conversation to its commit",
    ["tenant", "disposition"],
    buckets=_SLOW,
    registry=REGISTRY,
)
END_TO_END = Histogram(
    "convo_end_to_end_seconds",
    "From a message's arrival to the commit of its answer",
    ["tenant"],
    buckets=_SLOW,
    registry=REGISTRY,
)
SEND = Histogram(
    "convo_send_seconds", "One call to a channel", ["channel", "result"], buckets=_QUICK, registry=REGISTRY
)
QUEUE_DEPTH = Gauge("convo_queue_depth", "Rows that wait", ["queue"], registry=REGISTRY)
QUEUE_OLDEST = Gauge(
    "convo_queue_oldest_seconds", "Age of the oldest row that waits", ["queue"], registry=REGISTRY
)
BLOCKS = Counter("convo_blocks", "Draft text a guardrail refused", ["tenant", "rule"], registry=REGISTRY)
SIGNALS = Counter(
    "convo_signals", "Categories the inbound screen saw", ["tenant", "category"], registry=REGISTRY
)
REFUSALS = Counter(
    "convo_refusals",
    "Sends the last look did not let through",
    ["tenant", "effect", "rule"],
    registry=REGISTRY,
)
SENDS = Counter(
    "convo_sends", "Outbox rows by the state they reached", ["tenant", "state"], registry=REGISTRY
)
TURNS_FAILED = Counter(
    "convo_turns_failed", "Turns that did not commit: retry, dead, lost", ["result"], registry=REGISTRY
)
SWEPT = Counter("convo_sends_swept", "Interrupted sends found by the sweep", registry=REGISTRY)
BUNDLE_STALE = Gauge(
    "convo_bundle_stale",
    "1 while the bundle in use is not the one the pointer names",
    ["tenant"],
    registry=REGISTRY,
)
BUNDLE_REFUSED = Counter(
    "convo_bundle_refused",
    "Attempts to take a bundle that may not be used, by tenant; why stands in the log and in `convo status`",
    ["tenant"],
    registry=REGISTRY,
)
BUNDLE_CACHE = Gauge("convo_bundle_cache_bytes", "Bytes of pinned bundles in memory", registry=REGISTRY)
ERRORS = Counter(
    "convo_errors", "Unexpected errors that were survived", ["process", "error"], registry=REGISTRY
)
MODEL_CALLS = Counter(
    "convo_model_calls",
    "Rungs of the model ladder that were asked or skipped, by what came of it",
    ["provider", "model", "result"],
    registry=REGISTRY,
)
MODEL_SECONDS = Histogram(
    "convo_model_seconds", "One call to a model", ["provider", "model"], buckets=_SLOW, registry=REGISTRY
)
MODEL_TOKENS = Counter(
    "convo_model_tokens",
    "Tokens of models: in (the whole prompt), out, cached (of those in)",
    ["provider", "model", "kind"],
    registry=REGISTRY,
)
MODEL_COST = Counter(
    "convo_model_cost_micropence",
    "What models cost, in millionths of a penny; at the dearest where nobody counted",
    ["provider", "model"],
    registry=REGISTRY,
)
BREAKER = Gauge(
    "convo_model_breaker",
    "Circuit breaker of a model: 0 closed, 1 one caller may try, 2 open",
    ["provider", "model"],
    registry=REGISTRY,
)
LOG_DROPPED = Counter(
    "convo_log_fields_dropped",
    "Log fields refused because they might hold a person's data",
    registry=REGISTRY,
)


def exposition() -> bytes:
    """The body of /metrics; its content type is METRICS_CONTENT_TYPE."""
    return generate_latest(REGISTRY)


def configure(style: str, *, process: str, stream: TextIO | None = None, level: int = logging.INFO) -> None:
    """Sends every log line of this process through the allow-list. `style` is json or pretty; default stream: stderr."""
    renderer: Callable[..., Any] = (
        structlog.dev.ConsoleRenderer(colors=(stream or sys.stderr).isatty())
        if style == "pretty"
        else structlog.processors.JSONRenderer(sort_keys=True)
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            only_allowed,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(file=stream or sys.stderr),
        cache_logger_on_first_use=False,
    )
    structlog.contextvars.bind_contextvars(process=process)
    _quiet_libraries()


def log() -> structlog.typing.FilteringBoundLogger:
    """The logger. Give it a fixed phrase and keys of LOGGED: `log().info("turn committed", tenant=slug, latency_ms=12)`."""
    return cast(structlog.typing.FilteringBoundLogger, structlog.get_logger())


def error_fields(error: BaseException) -> dict[str, str]:
    """What may be logged of an exception: its class and the place it was raised, not its words."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    fields = {"error": type(error).__name__}
    if trace is not None:
        code = trace.tb_frame.f_code
        fields["where"] = f"{'/'.join(code.co_filename.split('/')[-3:])}:{trace.tb_lineno}"
    return fields


def only_allowed(_logger: Any, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """A structlog processor: drops and counts every field that is not known to be harmless."""
    kept: dict[str, Any] = {"level": event.get("level", "info"), "event": _phrase(event.get("event"))}
    for key, value in event.items():
        if key in ALWAYS:
            continue
        if _harmless(key, value):
            kept[key] = value if value is None or isinstance(value, int | float) else str(value)
        else:
            LOG_DROPPED.inc()
    return kept


def _harmless(key: str, value: object) -> bool:
    if value is None:
        return key in LOGGED
    if key in NUMBERS:
        return isinstance(value, int | float)
    pattern = TEXTS.get(key)
    return pattern is not None and pattern.fullmatch(str(value)) is not None


def _phrase(event: object) -> str:
    """The event, if it is a fixed phrase of ours: short, letters and light punctuation, no digits that could be a number."""
    text = str(event)
    if len(text) <= EVENT_LIMIT and re.fullmatch(r"[A-Za-z][A-Za-z ,;:_./'()-]*", text):
        return text
    LOG_DROPPED.inc()
    return "(event text dropped)"


class _ToStructlog(logging.Handler):
    """Lines of libraries: only who logged and how serious it is. Their words may quote a row or a URL."""

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[0].__name__ if record.exc_info and record.exc_info[0] else None
        line = {"error": error} if error else {}
        log().log(record.levelno, "library message", where=f"{record.name}:{record.lineno}", **line)


def _quiet_libraries() -> None:
    root = logging.getLogger()
    root.handlers[:] = [_ToStructlog()]
    root.setLevel(logging.WARNING)
    logging.getLogger("uvicorn.access").disabled = True  # it writes whole paths
