"""What follows from a text, a claim, a tenant or the packs taken together is worked out once, however many ask.

Two ways, and no third: `of_text` for what follows from texts alone, which tenants share; `once` for what follows from a value
that has a `kept`, and lies there, so that it is gone when the value is.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from functools import lru_cache, update_wrapper
from typing import Any, Concatenate, ParamSpec, TypeVar

MANY_TEXTS = 8_192  # tenants share their packs' texts, and a firm's brands each other's

H = TypeVar("H")
P = ParamSpec("P")
T = TypeVar("T")

of_text = lru_cache(maxsize=MANY_TEXTS)


def once(function: Callable[Concatenate[H, P], Iterable[T]]) -> Callable[Concatenate[H, P], tuple[T, ...]]:
    """The items a function finds, as a tuple that stays with its first argument. The others can be hashed."""

    def found(item: H, /, *args: P.args, **kwargs: P.kwargs) -> tuple[T, ...]:
        held: dict[Hashable, Any] | None = getattr(item, "kept", None)
        if held is None:
            return tuple(function(item, *args, **kwargs))
        key = (function, *args)
        if key not in held:
            held[key] = tuple(function(item, *args, **kwargs))
        made: tuple[T, ...] = held[key]
        return made

    return update_wrapper(found, function)
