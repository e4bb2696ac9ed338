"""A bundle holds the whole tenant: changing any property of any file changes it, unless a list says why it need not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import schemas
from compiler.approvals import claim_digest
from compiler.build import build, known
from compiler.build.known import LEFT_OUT, pointers
from compiler.load import load, schema
from compiler.pipeline import compile_tenant
from compiler.source.files import Tree
from compiler.source.held import Held
from compiler.source.read import read
from compiler.source.tree import Map, Seq
from compiler.validate import validate
from schemas.bundle import Bundle, canonical
from schemas.properties import Property, kinds, properties
from tests.compiling import TODAY, lay_out

TENANT = "plain"
ITEM = """
- {id: GL-01, gate: signoff, item: Sign., evidence: The record., signer: operations, max_age_days: 9}
"""
ADDED_SIGNAL = """
categories:
  - id: confusion
    patterns:
      - {id: lost, match: lost, examples: {hits: [i am lost], misses: [found]}}
"""
FILES = Path(schemas.__file__).parent / "tenant"


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Tree:
    """The base, with a document, an organisation and every kind of file that may be missing."""
    root = tmp_path_factory.mktemp("whole") / "tenants"
    lay_out(root)
    (root / "_packs/extra").mkdir()
    (root / "_packs/extra/pack.yaml").write_text("id: extra\ntitle: T\nsays: S\nduties: []\nguardrails: []\n")
    (root / "_packs/all/checklist.yaml").write_text(ITEM)
    with (root / "plain/guardrails.yaml").open("a") as file:
        file.write(ADDED_SIGNAL)
    (root / "plain/documents").mkdir(exist_ok=True)
    (root / "plain/documents/one.md").write_text("One.\n")
    (root / "plain/documents/two.md").write_text("Two.\n")
    found = load(root)
    for folder in found.folders():
        for parsed in folder.files:
            validate(parsed, schema(parsed.kind))
    return found


def built(tree: Tree) -> bytes:
    known._unknown_in.cache_clear()  # the tests change files in place, which nobody else does
    source = read(tree)[TENANT]
    digests = {c.id: claim_digest(source, c) for c in source.spoken()}
    return canonical(build(source, Held(digests=digests, lines={})))


def leaves(kind: str) -> list[str]:
    """Properties with a value of their own, or a list of plain values."""
    held = properties(kind)
    inner = {p.rsplit("/", 1)[0] for p in held if not (p.endswith("/*") and held[p].type != "object")}
    return [p for p in held if p not in inner and not p.endswith("/*")]


def reason(pointer: str) -> str | None:
    return next(
        (why for name, why in LEFT_OUT.items() if pointer == name or pointer.startswith(f"{name}/")), None
    )


def node_at(kind: str, pointer: str) -> Any:
    document: Any = json.loads((FILES / f"{kind}.schema.json").read_text())
    root = here = document
    for step in pointer.split("/")[1:]:
        here = resolved(root, here["items"] if step == "*" else here["properties"][step])
    return root, resolved(root, here)


def resolved(root: Any, node: Any) -> Any:
    return {**root["$defs"][node["$ref"].removeprefix("#/$defs/")], **node} if "$ref" in node else node


def sample(root: Any, node: Any, variant: int) -> Any:
    """A value a file may hold there; variants differ where they can."""
    node = resolved(root, node)
    if "enum" in node:
        return node["enum"][[0, -1, min(1, len(node["enum"]) - 1)][variant % 3]]
    match node["type"]:
        case "integer":
            least, most = node.get("minimum", 0), node.get("maximum", 1000)
            return [least, least + 1, most - 1, most][variant % 4]
        case "boolean":
            return bool(variant % 2)
        case "array":
            made = Seq("f.yaml", None)
            made.append(sample(root, node["items"], variant))
            return made
        case "object":
            inner = Map("f.yaml", None)
            for name, held in node.get("properties", {}).items():
                inner[name] = sample(root, held, variant)
            return inner
        case _:
            return text(node, variant)


def text(node: Any, variant: int) -> str:
    if "x-convo-text" in node:
        return {"time": ["09:30", "10:30", "18:00", "19:00"], "date": ["2026-12-24", "2026-12-23"] * 2}.get(
            node["x-convo-text"], ["2026-12-24T10:00"] * 4
        )[variant % 4]
    if node.get("x-convo-ref") == "document":
        return ["documents/one.md", "documents/two.md"][variant % 2]
    if node.get("x-convo-ref") in ("pack", "category"):
        return {"pack": ["extra", "all"], "category": ["danger_now", "confusion"]}[node["x-convo-ref"]][
            variant % 2
        ]
    return f"X{'YZVW'[variant % 4]}-1"


def holders(data: Any, steps: list[str], root: Any, node: Any) -> Iterator[Any]:
    """Every mapping in a file that holds, or may hold, the property at the end of the steps."""
    node = resolved(root, node)
    if len(steps) == 1 and isinstance(data, Map):
        yield data
    elif steps[0] == "*" and isinstance(data, Seq):
        for item in data:
            yield from holders(item, steps[1:], root, node["items"])
    elif isinstance(data, Map):
        inner = node["properties"][steps[0]]
        had = data.get(steps[0])
        if not had:
            data[steps[0]] = sample(root, inner, 0)
        yield from holders(data[steps[0]], steps[1:], root, inner)
        if had is None:
            del data[steps[0]]
        elif not had:
            data[steps[0]] = had


def shows(tree: Tree, kind: str, pointer: str) -> bool:
    """Whether some change of the property changes the bundle."""
    root, node = node_at(kind, pointer)
    before = built(tree)
    steps = pointer.split("/")[1:]
    for folder in tree.folders():
        for parsed in folder.of(kind):
            for holder in holders(parsed.data, steps, root, root):
                had, seen = holder.get(steps[-1]), {before}
                for variant in range(4):
                    holder[steps[-1]] = sample(root, node, variant)
                    seen |= {bytes_or_fault(tree)}
                    if len(seen) > 1:
                        break
                if had is None:
                    del holder[steps[-1]]
                else:
                    holder[steps[-1]] = had
                if len(seen) > 1:
                    return True
    return False


def bytes_or_fault(tree: Tree) -> bytes:
    try:
        return built(tree)
    except (KeyError, IndexError, ValueError) as fault:
        return f"{type(fault)}{fault}".encode()


def only_one_value(found: Property) -> bool:
    return len(found.order) == 1


@pytest.mark.parametrize("kind", kinds())
def test_every_property_is_carried_or_left_out_for_a_reason(tree: Tree, kind: str) -> None:
    assert kind in {parsed.kind for folder in tree.folders() for parsed in folder.files} or reason(kind)
    missed = []
    for pointer in leaves(kind):
        if only_one_value(properties(kind)[pointer]) or reason(pointer):
            continue
        if not shows(tree, kind, pointer):
            missed.append(pointer)
    assert missed == []


def test_both_lists_name_properties_the_schemas_have() -> None:
    for pointer in pointers():
        assert pointer in kinds() or pointer in properties(pointer.split("/")[0]), pointer
    assert all(LEFT_OUT.values())


def test_a_property_nobody_named_is_carried_as_it_is(tree: Tree) -> None:
    journeys = next(f for f in tree.tenants[TENANT].files if f.kind == "journeys")
    journeys.data["quick_replies"][0]["sound"] = "chime"
    try:
        record = Bundle.decode(built(tree)).record
    finally:
        del journeys.data["quick_replies"][0]["sound"]
    assert record is not None
    [extra] = [e for e in record.more if e.property == "journeys/quick_replies/*/sound"]
    assert (extra.id, extra.value) == ("plain free-way journeys/quick_replies/*/sound", "chime")


def test_a_bundle_made_before_these_sections_still_decodes(tmp_path: Path) -> None:
    lay_out(tmp_path / "tenants")
    document = json.loads(compile_tenant(tmp_path / "tenants" / TENANT, TODAY).bundle)
    for section in ("journeys", "limits", "record"):
        del document[section]
    for claim in document["claims"]:
        for field in ("covers", "document", "document_digest"):
            del claim[field]
    for entry in document["prohibited"]:
        for field in ("sources", "effective", "expires", "review_by"):
            del entry[field]
    for link in document["links"]:
        del link["slot"], link["tracking_ref"]
    old = Bundle.decode(canonical(document))
    assert (old.journeys, old.limits, old.record) == (None, None, None)
    assert old.claims["PL-D01"].covers == ()


def test_what_the_sections_hold_is_typed(tmp_path: Path) -> None:
    lay_out(tmp_path / "tenants")
    bundle = Bundle.decode(compile_tenant(tmp_path / "tenants" / TENANT, TODAY).bundle)
    assert bundle.journeys is not None and bundle.limits is not None and bundle.record is not None
    assert bundle.journeys.activation.mode == "always_on"
    assert bundle.limits.outbound_per_minute == 60
    assert bundle.record.approvers[0].approves == ("facts", "scripts", "waivers")
    assert {d.id for d in bundle.record.duties} == {"ai", "stop", "free-route"}
    assert bundle.record.organisation.owners == {"Olive Example": "olive@example.com"}
