"""docs/reference/guardrails.md, from the list of guardrails and the rules each holds."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from types import ModuleType

import runtime.guardrails
from runtime.engine.review import GUARDRAILS

NAME = "guardrails.md"
HEAD = """# Guardrails

Written by `python -m docs.generate` from `runtime/guardrails/`; do not edit.

Every reply passes every one of these, whoever proposed it: the register, a model, a campaign. A check that is missing or
breaks blocks. A finding names the guardrail and the rule (`no-pressure/scarce`), where in the reply it stands, and what it
means; it quotes nobody. Rules judge *own words* (a model's `say`, somebody's own text) as folded text in every reading that
undoes disguises; a hit that lies within one of the rule's excuses ("I can't say whether …") does not count, and an excuse ends
where the sentence turns round ("but …"). Rules are English: own words in another language are refused unless the persona
holds them as a phrase.

How well they do is on [the screen's page](screen.md); `python -m tests.sets --only outbound` measures it anew, and
`python -m tests.sets.mutants` measures changed facts. [Add a guardrail](../how-to/add-a-guardrail.md) says how to add one.

Layers: (b) what may be said here and now, (c) facts, (d) negation and modality, (e) what is due, (f) what never leaves.

"""
_LAYERS = {
    "registered-facts": "b, c", "prohibited": "d", "no-amounts": "c", "honest-ai": "d", "no-pressure": "d", "opt-out": "d, e",
    "no-injection": "f", "on-topic": "d", "promises": "d", "vulnerability": "e", "disclosures": "e", "required-with": "e",
    "links": "c, e", "language": "f", "length": "f", "canary": "f", "personal-data": "f", "one-question": "e", "echo": "f",
}  # fmt: skip
_OTHER = re.compile(r"\{NAME\}/([a-z-]+)\"|yield \"([a-z-]+)\",")


def page() -> str:
    """The whole page: an overview, then the rules of each guardrail in the order they run."""
    modules = {module.NAME: module for module in _modules()}
    rows = [
        f"| [`{name}`](#{name}) | {_LAYERS[name]} | {_refuses(modules[name])} |\n" for name, _ in GUARDRAILS
    ]
    parts = [_part(name, modules[name]) for name, _ in GUARDRAILS]
    return f"{HEAD}| guardrail | layer | what it is for |\n|---|---|---|\n{''.join(rows)}{''.join(parts)}"


def _modules() -> list[ModuleType]:
    names = (found.name for found in pkgutil.iter_modules(runtime.guardrails.__path__))
    return [importlib.import_module(f"runtime.guardrails.{name}") for name in names]


def _refuses(module: ModuleType) -> str:
    said = (module.__doc__ or "").split("\n", maxsplit=1)[0].split(": ", maxsplit=1)[1]
    return said[0].upper() + said[1:]


def _part(name: str, module: ModuleType) -> str:
    check = " ".join((module.check.__doc__ or "").split())
    rules = "".join(
        f"- `{name}/{rule.id}`: own words: {rule.says}\n" for rule in getattr(module, "RULES", ())
    )
    others = sorted({one or other for one, other in _OTHER.findall(inspect.getsource(module))})
    listed = f"\nOther findings: {', '.join(f'`{name}/{other}`' for other in others)}.\n" if others else ""
    return f"\n## {name}\n\n{check}\n" + (f"\n{rules}" if rules else "") + listed
