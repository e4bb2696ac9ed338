"""docs/reference/metrics.md, from the registry and the allow-list of runtime.telemetry."""

from __future__ import annotations

from prometheus_client import Counter
from prometheus_client.metrics import MetricWrapperBase

from runtime import telemetry

NAME = "metrics.md"
HEAD = """# Metrics and logs

Written by `python -m docs.generate` from `runtime/telemetry.py`; do not edit.

The web process shows its own numbers at `/metrics`, in Prometheus's text format. A worker or sender shows `/metrics`, `/healthz`
and `/readyz` on `CONVO_METRICS_PORT` when that is set. Each process counts for itself; add them up when you read them.
The two queue gauges are measured by every worker: take the largest, not the sum.

## Metrics

| name | kind | labels | what it counts |
|---|---|---|---|
"""
LOGS = """
## Log lines

One JSON object a line on stderr (`CONVO_LOG=pretty` for people). A line holds `timestamp`, `level`, `event` (a fixed phrase
of ours) and only the keys below, each with a value of its own shape. Anything else is dropped and counted, so that a careless
line cannot hold a person's words, number or name. Of an exception, the class and the place are logged, never its words.

"""


def page() -> str:
    """The whole page, metrics by name."""
    rows = [_row(metric) for metric in sorted(_metrics(), key=_name)]
    texts, numbers = (
        ", ".join(f"`{key}`" for key in sorted(keys)) for keys in (telemetry.TEXTS, telemetry.NUMBERS)
    )
    return HEAD + "".join(rows) + LOGS + f"Text of a fixed shape: {texts}.\n\nNumbers: {numbers}.\n"


def _metrics() -> list[MetricWrapperBase]:
    return [value for value in vars(telemetry).values() if isinstance(value, MetricWrapperBase)]


def _row(metric: MetricWrapperBase) -> str:
    labels = ", ".join(f"`{label}`" for label in metric._labelnames) or "none"
    return f"| `{_name(metric)}` | {metric._type} | {labels} | {metric._documentation} |\n"


def _name(metric: MetricWrapperBase) -> str:
    return str(metric._name) + ("_total" if isinstance(metric, Counter) else "")
