"""A log line cannot hold a person's words or identifiers, whatever the code hands to it."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from runtime import telemetry

CONTACT = UUID("7d3f2c1a-0000-4000-8000-00000000abcd")


@pytest.fixture(autouse=True)
def _logging_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.contextvars.clear_contextvars()
    structlog.reset_defaults()


def _lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def _started() -> io.StringIO:
    stream = io.StringIO()
    telemetry.configure("json", process="worker", stream=stream)
    return stream


def test_a_line_holds_the_fields_an_operator_needs() -> None:
    stream = _started()
    telemetry.log().info(
        "turn committed",
        tenant="dynamo-dave",
        contact=CONTACT,
        conversation=CONTACT,
        provider="anthropic",
        model="claude-x",
        latency_ms=12,
        tokens=456,
        fallback_used=False,
    )
    (line,) = _lines(stream)
    assert line["event"] == "turn committed"
    assert line["contact"] == str(CONTACT)
    assert line["fallback_used"] is False
    assert {
        "timestamp",
        "level",
        "process",
        "tenant",
        "provider",
        "model",
        "latency_ms",
        "tokens",
    } <= line.keys()


@pytest.mark.parametrize(
    "fields",
    [
        {"text": "hello"},
        {"contact": "+447700900123"},
        {"tenant": "please call me on 07700 900123"},
        {"rule": "he said: I can't go on"},
        {"latency_ms": "07700900123"},
        {"error": "duplicate key (phone)=(+447700900123)"},
        {"route": "/chat/dave-web/lines?visitor=abc"},
    ],
)
def test_a_field_that_might_be_a_persons_is_dropped_and_counted(fields: dict[str, str]) -> None:
    stream = _started()
    before = telemetry.LOG_DROPPED._value.get()
    telemetry.log().info("a line", **fields)
    (line,) = _lines(stream)
    assert not fields.keys() & line.keys()
    assert telemetry.LOG_DROPPED._value.get() == before + 1


def test_an_event_with_digits_is_dropped() -> None:
    stream = _started()
    telemetry.log().info("message from +447700900123")
    assert _lines(stream)[0]["event"] == "(event text dropped)"


def test_an_exceptions_words_are_not_logged() -> None:
    stream = _started()
    try:
        raise ValueError("the number +447700900123 is taken")
    except ValueError as error:
        telemetry.log().error("turn failed", **telemetry.error_fields(error))
    (line,) = _lines(stream)
    assert line["error"] == "ValueError"
    assert "900123" not in stream.getvalue()


def test_a_librarys_words_are_not_logged() -> None:
    stream = _started()
    logging.getLogger("some.library").warning("connection to %s failed", "+447700900123")
    (line,) = _lines(stream)
    assert line["where"].startswith("some.library:")
    assert "900123" not in stream.getvalue()


@given(st.text(min_size=1), st.text())
def test_only_known_keys_come_through(key: str, value: str) -> None:
    kept = telemetry.only_allowed(None, "info", {"event": "x", "level": "info", key: value})
    assert kept.keys() <= telemetry.LOGGED | telemetry.ALWAYS


def test_metrics_are_shown_in_the_prometheus_format() -> None:
    telemetry.SENDS.labels(tenant="dynamo-dave", state="sent").inc()
    body = telemetry.exposition().decode()
    for name in (
        "convo_ack_seconds",
        "convo_turn_seconds",
        "convo_end_to_end_seconds",
        "convo_queue_depth",
        "convo_queue_oldest_seconds",
        "convo_blocks",
        "convo_refusals",
        "convo_sends_total",
        "convo_bundle_stale",
    ):
        assert name in body
