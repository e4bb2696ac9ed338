"""Jinja2 as a persona's prompt may use it: names are looked up in the tenant's own files and nowhere else."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, lru_cache
from typing import Any

from jinja2 import Environment, StrictUndefined, Template, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment


class _Environment(ImmutableSandboxedEnvironment):
    """`a.b` is the key `b` of `a`, never an attribute of a Python object (so `tenant.values` is the file's)."""

    def getattr(self, obj: Any, attribute: str) -> Any:
        if isinstance(obj, Mapping) and attribute in obj:
            return obj[attribute]
        return self.undefined(obj=obj, name=attribute)


def parsed(text: str) -> nodes.Template:
    """The text as Jinja2 reads it, to be looked at and never rendered. Raises TemplateSyntaxError, RecursionError."""
    return _tree(text)


def render(text: str, **names: Any) -> str:
    """The text with its variables filled. The rule CV5016 has seen to it that there is nothing else in it."""
    return _template(text).render(**names).strip()


# Brands of one firm often share their prompt, and each is wanted twice: by the rule and by the builder.
MANY_PROMPTS = 64


@lru_cache(maxsize=MANY_PROMPTS)
def _tree(text: str) -> nodes.Template:
    return Environment(autoescape=False).parse(text)  # noqa: S701 - parsed, never rendered


@lru_cache(maxsize=MANY_PROMPTS)
def _template(text: str) -> Template:
    return _environment().from_string(text)


@cache
def _environment() -> _Environment:
    return _Environment(undefined=StrictUndefined, autoescape=False)  # plain text for a model, no HTML
