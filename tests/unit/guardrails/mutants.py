"""Each rule of each guardrail, and each guardrail whole, taken out in turn: for a test that must then see something go red."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from types import ModuleType
from typing import Any

import runtime.guardrails
from runtime.engine import review
from runtime.guardrails import Rule


def modules() -> Iterator[ModuleType]:
    """Every guardrail's module, in the order of their files."""
    for found in pkgutil.iter_modules(runtime.guardrails.__path__):
        yield importlib.import_module(f"runtime.guardrails.{found.name}")


def all_rules() -> Iterator[tuple[str, Rule]]:
    """(`<guardrail>/<rule>`, the rule) of every rule that judges own words."""
    for module in modules():
        for rule in getattr(module, "RULES", ()):
            yield f"{module.NAME}/{rule.id}", rule


def rules() -> Iterator[tuple[str, AbstractContextManager[None]]]:
    """(id, what takes it out while it is entered): every rule by `<guardrail>/<rule>`, every guardrail by its name alone.

    A guardrail is taken out by a check that finds nothing, so that its absence itself is not what goes red.
    """
    for module in modules():
        for rule in getattr(module, "RULES", ()):
            yield f"{module.NAME}/{rule.id}", _without_rule(module, rule)
    for name, _ in review.GUARDRAILS:
        yield name, _without_guardrail(name)


@contextmanager
def _without_rule(module: Any, rule: Rule) -> Iterator[None]:
    whole = module.RULES
    module.RULES = tuple(each for each in whole if each is not rule)
    try:
        yield
    finally:
        module.RULES = whole


@contextmanager
def _without_guardrail(name: str) -> Iterator[None]:
    whole = review.GUARDRAILS
    blind = tuple((each, check if each != name else lambda _reply: ()) for each, check in whole)
    review.GUARDRAILS = blind
    # The list is review's default argument as well.
    review.review.__defaults__ = (blind,)
    try:
        yield
    finally:
        review.GUARDRAILS = whole
        review.review.__defaults__ = (whole,)
