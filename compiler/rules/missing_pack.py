"""A tenant does without a pack that is obligatory for it.

The rules of a trade hold whether or not a tenant names them: a law firm is regulated as one, and WhatsApp has its own terms.
A pack says under `required_for` in pack.yaml who cannot do without it: tenants of some `roles`, or with a connection on some
`channels`. `unless` names packs in place of it: a tenant that takes one of those is in a trade that this pack's rules are not
about. Energy contracts are no regulated claim, so that a claims firm with the pack `energy` needs no `fca_cmc`; and as nobody
may state a status that no pack of theirs allows, it cannot borrow the FCA's.
"""

from __future__ import annotations

from collections.abc import Iterator

from compiler.diagnostics import Code, Diagnostic, Label, Span
from compiler.source.context import Context
from compiler.source.model import Pack, Source
from compiler.source.tree import Map

CODE = Code(
    code="CV5059",
    name="missing-pack",
    summary="a tenant without a pack that is obligatory for it",
    explanation=__doc__,
    bad="role: law_firm\npacks: [whatsapp]",
    good="role: law_firm\npacks: [sra_firm, whatsapp]",
)
NEEDS = frozenset({"tenant", "channels"})


def check(source: Source, context: Context) -> Iterator[Diagnostic]:
    tenant = source.sections["tenant"]
    taken = {pack.id for pack in source.packs}
    for pack in source.others:
        wanted: Map = pack.sections["pack"]["required_for"]
        if not taken.isdisjoint(wanted.get("unless", ())):
            continue
        why, places = _why(source, wanted)
        if why:
            yield CODE.at(
                tenant.value("packs") if "packs" in tenant else tenant.value("role"),
                f"the pack `{pack.id}` is obligatory {why}",
                labels=[*places, _demand(pack)],
                help=_help(pack.id, wanted),
            )


def _why(source: Source, wanted: Map) -> tuple[str, list[Label]]:
    """For whom it is, in words, and where the tenant says that it is one. Empty when it is not."""
    tenant = source.sections["tenant"]
    if tenant["role"] in wanted.get("roles", ()):
        return f"for the role `{tenant['role']}`", [Label(span=tenant.value("role"), text="the role")]
    for connection in source.connections:
        if connection.channel in wanted.get("channels", ()):
            label = Label(span=connection.span("channel"), text="this connection")
            return f"for the channel `{connection.channel}`", [label]
    return "", []


def _demand(pack: Pack) -> Label:
    place: Span = pack.sections["pack"].value("required_for")
    return Label(span=place, text="the pack says for whom")


def _help(name: str, wanted: Map) -> str:
    instead = " or ".join(f"`{other}`" for other in wanted.get("unless", ()))
    return f"add `{name}` to `packs`{f', or {instead} if that is the trade' if instead else ''}"
