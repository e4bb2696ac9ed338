"""The rows, in the order of the table of goals."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from tests.bench.figures import Row
from tests.bench.place import Ground
from tests.bench.rows import (
    activation,
    chat_answer,
    compile_check,
    compile_many,
    kill_switch,
    memory,
    model_cost,
    model_latency,
    model_stall,
    queue_drain,
    screen,
    turn,
    turn_cpu,
    turn_model,
    watch,
    webhook_ack,
)

ROWS: Mapping[str, Callable[[Ground], Coroutine[Any, Any, Row]]] = {
    "webhook": webhook_ack.run,
    "queue": queue_drain.run,
    "turn": turn.run,
    "turn-cpu": turn_cpu.run,
    "activation": activation.run,
    "compile": compile_check.run,
    "compile-100": compile_many.hundred,
    "compile-10000": compile_many.ten_thousand,
    "watch": watch.run,
    "kill": kill_switch.run,
    "chat": chat_answer.run,
    "memory": memory.run,
    "model-stall": model_stall.run,
    "screen": screen.run,
    "model-cost": model_cost.run,
    "turn-model": turn_model.run,
    "model-latency": model_latency.run,
}

# Half an hour: only when asked for by name.
LONG = frozenset({"compile-10000"})
