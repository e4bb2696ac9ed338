"""A tenant is looser than one of its packs.

A pack holds the rules of a regulator or a platform for everybody who works under it. A tenant may be stricter, never looser:
not a longer consent, one message more, one guardrail or one piece of evidence fewer. The bundle would take the stricter value
anyway; the fault is reported so that nobody believes in the one they wrote. (Hours have a rule of their own, CV5013.)
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from compiler.diagnostics import Code, Diagnostic, Label
from compiler.source.context import Context
from compiler.source.model import Pack, Source
from compiler.source.strictest import SMALLER
from compiler.source.tree import Map

CODE = Code(
    code="CV5011",
    name="looser-than-pack",
    summary="a tenant looser than a pack it takes",
    explanation=__doc__,
    bad="per_30_days: 10   # the pack `all` says 3",
    good="per_30_days: 3",
)
NEEDS = frozenset[str]()

_CAPS = tuple(key for key in SMALLER if key != "open_until")
_STRICTER_SCOPE = ("tenant", "organisation")


def check(source: Source, context: Context) -> Iterator[Diagnostic]:
    for pack in source.packs:
        if "consent" in source.sections and "consent" in pack.sections:
            yield from _consent(source.sections["consent"], pack, pack.sections["consent"])
        if "guardrails" in source.sections and "pack" in pack.sections:
            yield from _guardrails(source.sections["guardrails"], pack)


def _consent(mine: Map, pack: Pack, theirs: Map) -> Iterator[Diagnostic]:
    for key in (*_CAPS, "min_gap_hours"):
        if key in mine and key in theirs:
            looser = mine[key] > theirs[key] if key in SMALLER else mine[key] < theirs[key]
            if looser:
                yield _fault(mine, theirs, key, pack, said=f"`{key}` is {mine[key]}", wanted=theirs[key])
    if "opt_out" in mine and "opt_out" in theirs:
        yield from _opt_out(mine["opt_out"], pack, theirs["opt_out"])
    for base in mine.get("bases", ()):
        if base["basis"] not in theirs.get("allowed_bases", [base["basis"]]):
            allowed = " or ".join(theirs["allowed_bases"])
            yield _fault(
                base,
                theirs,
                "basis",
                pack,
                said=f"the basis is {base['basis']}",
                wanted=allowed,
                their_key="allowed_bases",
            )
        missing = sorted(
            set(theirs.get("evidence", ())) - set(base["evidence"]) - set(mine.get("evidence", ()))
        )
        if missing:
            names = ", ".join(missing)
            yield _fault(
                base, theirs, "evidence", pack, said=f"the evidence leaves out {names}", wanted=names
            )


def _opt_out(mine: Map, pack: Pack, theirs: Map) -> Iterator[Diagnostic]:
    if mine["confirmations"] > theirs["confirmations"]:
        said = f"`confirmations` is {mine['confirmations']}"
        yield _fault(mine, theirs, "confirmations", pack, said=said, wanted=theirs["confirmations"])
    if _STRICTER_SCOPE.index(mine["scope"]) < _STRICTER_SCOPE.index(theirs["scope"]):
        yield _fault(
            mine,
            theirs,
            "scope",
            pack,
            said=f"an opt-out reaches the {mine['scope']}",
            wanted=theirs["scope"],
        )


def _guardrails(mine: Map, pack: Pack) -> Iterator[Diagnostic]:
    theirs = pack.sections["pack"]
    missing = [name for name in theirs["guardrails"] if name not in mine["active"]]
    if missing:
        names = ", ".join(missing)
        yield _fault(
            mine,
            theirs,
            "active",
            pack,
            said=f"the guardrail {names} is off",
            wanted="it on",
            their_key="guardrails",
        )


def _fault(
    mine: Map, theirs: Map, key: str, pack: Pack, *, said: str, wanted: Any, their_key: str | None = None
) -> Diagnostic:
    return CODE.at(
        mine.value(key),
        f"{said}, but the pack `{pack.id}` wants {wanted}",
        labels=[Label(span=theirs.value(their_key or key), text=f"`{pack.id}` says so here")],
        help="a tenant can only be stricter",
    )
