"""One request to one model and what it came to: what the ladder hands to whoever really calls."""

from __future__ import annotations

from collections.abc import Coroutine, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from runtime.ports import Picture

# Results that say something is wrong with the provider or our account there, not with this one question.
COUNTED = frozenset({"timeout", "rate_limited", "overloaded", "server_error", "budget", "unreachable"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """Exactly one attempt. `timeout_s` is for whoever calls; the ladder keeps its own time beside it.

    `schema`: of the only answer wanted. `cached`: the provider is told that `system` will come again. `temperature` and `effort`
    are None where the model takes none. Nothing here says who the person or the tenant is.
    """

    provider: str
    model: str
    system: str
    turn: str
    pictures: tuple[Picture, ...]
    schema: Mapping[str, Any]
    max_tokens: int
    timeout_s: float
    temperature: float | None = None
    effort: str | None = None
    cached: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back. `text` is None where the model refused; token counts are None where the provider gave none.

    `tokens_in` is the whole prompt; `read` and `written` are those of it that came from, or went into, the provider's cache.
    """

    text: str | None
    tokens_in: int | None = None
    tokens_out: int | None = None
    read: int = 0
    written: int = 0
    cut: bool = False  # it ran into max_tokens


class CallFailed(Exception):
    """No answer. `result` is one of Attempt's; `billed`: the provider may have worked for it; `counts`: against the model.

    Its message is `result` and nothing else: what litellm and providers say may quote the prompt.
    """

    def __init__(self, result: str, *, billed: bool = False, counts: bool | None = None) -> None:
        super().__init__(result)
        self.result = result
        self.billed = billed
        self.counts = result in COUNTED if counts is None else counts


class Call(Protocol):
    """Asks one model once: no retry, no fallback. Raises CallFailed. Cancelling it ends the request."""

    def __call__(self, request: Request) -> Coroutine[Any, Any, Answer]: ...


class Keys(Protocol):
    """Which providers there are keys for."""

    def __contains__(self, provider: object) -> bool: ...
