"""A tenant's own model has no known price.

The price list of this release does not have it: misspelled, withdrawn, or newer than the release. It is asked all the same, since
providers bring out models faster than lists, but each of its tokens is counted at the dearest price of any model, so that the
spend breakers never trip too late. A turn may then count as many times what it costs, and the day's money is gone early. A name
the provider does not know either costs every turn a failed attempt before the next model is asked.
"""

from __future__ import annotations

from collections.abc import Iterator

from compiler.diagnostics import WARNING, Code, Diagnostic
from compiler.source.context import Context
from compiler.source.model import Source
from schemas.models import priced_by_us

CODE = Code(
    code="CV5061",
    name="unpriced-model",
    summary="a model without a known price, counted at the dearest there is",
    severity=WARNING,
    explanation=__doc__,
    bad="models:\n  primary: {provider: openai, model: gpt-5.6-lunar}",
    good="models:\n  primary: {provider: openai, model: gpt-5.6-luna}",
)
NEEDS = frozenset({"persona"})

RUNGS = ("cheap", "primary", "fallback", "tertiary")


def check(source: Source, context: Context) -> Iterator[Diagnostic]:
    models = source.sections["persona"].get("models", {})
    for rung in RUNGS:
        if rung in models and not priced_by_us(models[rung]["provider"], models[rung]["model"]):
            yield CODE.at(
                models[rung].value("model"),
                f"`{models[rung]['model']}` of {models[rung]['provider']} has no price in this release: "
                "each of its tokens is counted at the dearest price of all",
                help="check the name; if it is right, expect the day's money to last for fewer turns than it could",
            )
