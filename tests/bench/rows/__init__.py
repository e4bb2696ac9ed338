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
    kill_switch,
    memory,
    queue_drain,
    turn,
    webhook_ack,
)

ROWS: Mapping[str, Callable[[Ground], Coroutine[Any, Any, Row]]] = {
    "webhook": webhook_ack.run,
    "queue": queue_drain.run,
    "turn": turn.run,
    "activation": activation.run,
    "compile": compile_check.run,
    "kill": kill_switch.run,
    "chat": chat_answer.run,
    "memory": memory.run,
}
