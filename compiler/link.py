"""Ids across files and packs: every reference the schemas mark with `x-convo-ref` leads somewhere. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from compiler.diagnostics import Diagnostic, Label, Span
from compiler.diagnostics import codes as c
from compiler.diagnostics.suggest import nearest
from compiler.source.files import Folder, Parsed, Tree
from compiler.source.model import PROHIBITED
from compiler.source.read import ALWAYS, chosen
from compiler.source.tree import Map, Seq, locate

Schema = Mapping[str, Any]
Path = tuple[str, ...]  # `*` stands for every item of a list

# Where ids are defined: kind of file, path of the objects, the namespace.
DEFINITIONS: tuple[tuple[str, Path, str], ...] = (
    ("claims", ("*",), "claim"),
    ("sources", ("*",), "source"),
    ("pack", ("duties", "*"), "duty"),
    ("signals", ("*",), "category"),
    ("consent", ("bases", "*"), "purpose"),
    ("journeys", ("campaigns", "*"), "campaign"),
    ("destinations", ("links", "*"), "link"),
    ("channels", ("connections", "*"), "connection"),
    ("journeys", ("quick_replies", "*"), "quick reply"),
)
KINDS = frozenset({"disclosure", "fact", "process", "question", "signpost", "line", PROHIBITED})
OF_PACKS = frozenset({"claim", "source", "duty", "category", "purpose"})
_ID_KEY = {"purpose": "purpose"}
MOST_GUESSED = 20  # faults of one file for which the meant id is looked for
MOST_LISTED = 12  # ids that help a reader; more are a wall


# Where an id is defined: a place that is known, or the key of the mapping that defines it, looked up when asked for.
Place = Span | tuple[Map, str]


@dataclass(slots=True)
class Scope:
    """The ids one folder may refer to: namespace -> id -> where it is defined. Packs may share all but claims."""

    ids: dict[str, dict[str, Place]] = field(default_factory=dict)
    unread: set[str] = field(
        default_factory=set
    )  # namespaces of which a file could not be read: an id may be in it
    kinds: dict[str, str] = field(default_factory=dict)  # claim id -> its kind

    def define(self, namespace: str, name: str, place: Place) -> Place | None:
        """Add an id; the earlier place when it is there already."""
        known = self.ids.setdefault(namespace, {})
        if name in known:
            return known[name]
        known[name] = place
        return None

    def copy(self) -> Scope:
        """One to add to."""
        ids = {namespace: dict(known) for namespace, known in self.ids.items()}
        return Scope(ids=ids, unread=set(self.unread), kinds=dict(self.kinds))


@dataclass(slots=True)
class Common:
    """What every tenant of a folder may refer to, and the scopes of the packs that tenants take together."""

    packs: Mapping[str, Folder]
    shared: Mapping[str, Mapping[str, Place]]
    scopes: dict[tuple[str, ...], Scope] = field(default_factory=dict)

    def scope(self, taken: tuple[str, ...]) -> Scope:
        """That of some packs, to add to."""
        if taken not in self.scopes:
            made = Scope()
            for name in taken:
                _define_all(made, self.packs[name], report=False)
            self.scopes[taken] = made
        return self.scopes[taken].copy()


def link(tree: Tree, schemas: Mapping[str, Schema]) -> None:
    """Add to every file the references in it that lead nowhere or to the wrong kind, and ids defined twice."""
    common = link_common(tree, schemas)
    for slug, folder in tree.tenants.items():
        link_tenant(slug, folder, common, schemas)


def link_common(tree: Tree, schemas: Mapping[str, Schema]) -> Common:
    """The packs' and organisations' part; what it returns is for the tenants' part. Of tenants only names are looked at."""
    common = Common(
        packs=tree.packs,
        shared={
            "pack": {name: Span(file=folder.prefix) for name, folder in tree.packs.items()},
            "tenant": {slug: Span(file=slug) for slug in tree.tenants},
            "organisation": _organisations(tree),
        },
    )
    for name, folder in tree.packs.items():
        scope = common.scope((ALWAYS,) if ALWAYS in tree.packs and name != ALWAYS else ())
        _define_all(scope, folder, report=True)
        _check(folder, scope, common.shared, schemas)
    _check(tree.organisations, Scope(), common.shared, schemas)
    return common


def link_tenant(slug: str, folder: Folder, common: Common, schemas: Mapping[str, Schema]) -> None:
    """One tenant's part."""
    tenant = next((f.data for f in folder.of("tenant") if isinstance(f.data, Map)), None)
    if tenant is not None:
        _slug(folder, tenant, slug)
    if tenant is not None and ALWAYS not in common.packs:
        message = f"there is no pack `{ALWAYS}`, which every tenant takes"
        folder.diagnostics.append(c.UNKNOWN_PACK.at(tenant.key("packs"), message))
    taken = chosen(tenant)
    scope = common.scope(tuple(name for name in taken if name in common.packs))
    if tenant is None or not isinstance(tenant.get("packs"), Seq) or not common.packs.keys() >= set(taken):
        scope.unread |= OF_PACKS  # of a pack nobody knows, which is said at its name
    _define_all(scope, folder, report=True)
    scope.ids["document"] = {name: Span(file=f"{slug}/{name}") for name in folder.documents}
    _check(folder, scope, common.shared, schemas)


def _slug(folder: Folder, tenant: Map, slug: str) -> None:
    named = tenant.get("slug")
    if isinstance(named, str) and named != slug:
        file = next(folder.of("tenant"))
        message = f"the slug is `{named}`, the folder is `{slug}`"
        span = tenant.value("slug")
        file.diagnostics.append(c.SLUG.at(span, message, help=f"write `slug: {slug}`, or rename the folder"))


def _organisations(tree: Tree) -> dict[str, Place]:
    return {
        f.data["slug"]: (f.data, "slug")
        for f in tree.organisations.of("organisation")
        if isinstance(f.data, Map) and isinstance(f.data.get("slug"), str)
    }


def _define_all(scope: Scope, folder: Folder, *, report: bool) -> None:
    for kind, path, namespace in DEFINITIONS:
        if kind in folder.missing:
            scope.unread.add(namespace)
        for file in folder.of(kind):
            if file.data is None or (not file.whole and len(path) > 1 and path[0] not in file.data):
                scope.unread.add(namespace)
            for item in _walk(file.data, path):
                if not _define(scope, namespace, item, file if report else None) and not file.whole:
                    scope.unread.add(
                        namespace
                    )  # its id stands under another key, or is none: that is said there


def _define(scope: Scope, namespace: str, item: Any, report: Parsed | None) -> bool:
    """Whether it has an id that could be read; then the scope has it."""
    key = _ID_KEY.get(namespace, "id")
    if not isinstance(item, Map) or not isinstance(item.get(key), str):
        return False
    name = item[key]
    if namespace == "claim":
        scope.kinds.setdefault(name, _kind(item))
    first = scope.define(namespace, name, (item, key))
    if first is None or report is None or namespace == "purpose":
        return True  # one purpose may have a basis per channel
    if namespace == "claim" or _at(first).file == item.file:
        report.diagnostics.append(
            c.DEFINED_TWICE.at(
                item.value(key),
                f"the {namespace} `{name}` is defined twice",
                labels=[Label(span=_at(first), text="first here")],
                help="give it an id of its own; ids are never used again for another statement",
            )
        )
    return True


def _kind(claim: Map) -> str:
    kind = claim.get("kind")
    return kind if isinstance(kind, str) and kind in KINDS else ""


def _at(place: Place) -> Span:
    return place if isinstance(place, Span) else place[0].value(place[1])


def _check(
    folder: Folder, scope: Scope, shared: Mapping[str, Mapping[str, Place]], schemas: Mapping[str, Schema]
) -> None:
    for file in folder.files:
        for path, namespace in references(schemas[file.kind]):
            wanted = "claim" if namespace == "question" else namespace
            known = shared.get(wanted) or scope.ids.get(wanted, {})
            for name, place in _values(file.data, path):
                if name not in known:
                    if (
                        wanted not in scope.unread
                    ):  # else what is wrong is said at the file that could not be read
                        file.diagnostics.append(_undefined(namespace, name, place, known=known, file=file))
                elif wanted == "claim":
                    kind = scope.kinds.get(name, "")  # none: what kind it is cannot be read
                    if kind == PROHIBITED or (namespace == "question" and kind not in ("question", "")):
                        defined = scope.ids.get("claim", {}).get(name)
                        span = locate(file.data, place)
                        file.diagnostics.append(_wrong_kind(namespace, name, kind, defined, span))


def _undefined(
    namespace: str,
    name: str,
    place: tuple[str | int, ...],
    *,
    known: Mapping[str, Place],
    file: Parsed,
) -> Diagnostic:
    """The fault, what was probably meant and where that is defined. Which id is meant is for a person to say."""
    code = c.UNKNOWN_PACK if namespace in {"pack", "organisation"} else c.UNDEFINED
    span = locate(file.data, place)
    if len(file.diagnostics) > MOST_GUESSED:
        return code.at(span, f"there is no {namespace} `{name}`")
    beside = _held(file.data, place[:-1])
    there = {each for each in beside if isinstance(each, str)} if isinstance(beside, Seq) else set()
    others = [each for each in known if each not in there]
    meant = nearest(name, others)
    labels = [Label(span=_at(known[meant]), text=f"`{meant}` is defined here")] if meant else []
    return code.at(
        span,
        f"there is no {namespace} `{name}`",
        help=f"did you mean `{meant}`?" if meant else _listed(namespace, others),
        labels=[label for label in labels if label.span.line],
    )


def _listed(namespace: str, names: list[str]) -> str | None:
    return f"known: {', '.join(sorted(names))}" if 0 < len(names) <= MOST_LISTED else None


def _wrong_kind(namespace: str, name: str, kind: str, defined: Place | None, span: Span) -> Diagnostic:
    labels = [Label(span=_at(defined), text=f"`{name}` is defined here")] if defined is not None else []
    if kind == PROHIBITED:
        message = f"`{name}` is prohibited wording, which is never said"
        return c.WRONG_KIND.at(span, message, labels=labels, help="name a claim that may be said")
    message = f"`{name}` is a {kind}, not a question"
    return c.WRONG_KIND.at(span, message, labels=labels, help="name a claim of the kind `question`")


def _held(data: Any, place: tuple[str | int, ...]) -> Any:
    for step in place:
        data = data[step]
    return data


_references: dict[str, tuple[tuple[Path, str], ...]] = {}


def references(schema: Schema) -> tuple[tuple[Path, str], ...]:
    """Every place of a schema that holds an id, with the namespace it belongs to."""
    name = schema["$id"]
    if name not in _references:
        _references[name] = tuple(_marked(schema, ()))
    return _references[name]


def _marked(schema: Any, path: Path) -> Iterator[tuple[Path, str]]:
    if not isinstance(schema, dict):
        return
    if "x-convo-ref" in schema:
        yield path, schema["x-convo-ref"]
    for key, value in schema.get("properties", {}).items():
        yield from _marked(value, (*path, key))
    yield from _marked(schema.get("items"), (*path, "*"))


def _walk(data: Any, path: Path) -> Iterator[Any]:
    """The values at a path, from whatever of it exists."""
    if not path:
        yield data
    elif path[0] == "*" and isinstance(data, Seq):
        for item in data:
            yield from _walk(item, path[1:])
    elif isinstance(data, Map) and path[0] in data:
        yield from _walk(data[path[0]], path[1:])


def _values(data: Any, path: Path) -> Iterator[tuple[str, tuple[str | int, ...]]]:
    """The texts at a path, each with its place."""
    here: list[tuple[Any, tuple[str | int, ...]]] = [(data, ())]
    for step in path:
        if step == "*":
            here = [
                (item, (*at, index))
                for held, at in here
                if isinstance(held, Seq)
                for index, item in enumerate(held)
            ]
        else:
            here = [(held[step], (*at, step)) for held, at in here if isinstance(held, Map) and step in held]
        if not here:
            return
    yield from ((held, at) for held, at in here if isinstance(held, str))
