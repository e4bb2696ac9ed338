"""uses: every place an id is defined or named, and what that reaches through other ids and through packs."""

from __future__ import annotations

from pathlib import Path

import schemas
from compiler.load import load, schema
from compiler.uses import Place, Uses, uses

TENANTS = Path(schemas.__file__).parent.parent / "tenants"
TREE = load(TENANTS)
SCHEMAS = {file.kind: schema(file.kind) for folder in TREE.folders() for file in folder.files}


def of(name: str) -> Uses:
    return uses(TREE, SCHEMAS, name)


def shown(places: tuple[Place, ...]) -> set[tuple[str, str, str]]:
    return {(p.span.file, p.path, p.inside.id if p.inside else "") for p in places}


def test_a_claim_of_a_pack_is_found_where_it_stands_and_where_it_is_named() -> None:
    found = of("SP-FOS")
    assert [(p.thing.kind, p.span.file) for p in found.defined] == [
        ("claim", "_packs/fca_cmc/claims/signposts.yaml")
    ]
    assert ("dynamo-dave/claims/free-routes.yaml", "required_with", "DD-D04") in shown(found.direct)
    assert found.tenants == ("dynamo-dave",)
    assert all(p.span.line > 0 and p.span.column > 0 for p in (*found.defined, *found.direct))


def test_what_requires_it_is_followed_to_links_and_flows() -> None:
    found = of("SP-FOS")
    link = next(p for p in found.indirect if p.path == "links.requires")
    assert (link.thing.id, link.through) == ("DD-D04", ("DD-D04",))
    assert ("dynamo-dave/journeys.yaml", "ask_flows.steps", "form") in shown(found.indirect)


def test_a_source_a_document_and_a_purpose_have_uses_too() -> None:
    assert ("dynamo-dave/claims/free-routes.yaml", "source", "DD-F09") in shown(of("FOS-FEE").direct)
    assert ("dynamo-dave/claims/fees.yaml", "document", "DD-D06") in shown(
        of("documents/fee-statement.md").direct
    )
    assert ("dynamo-dave/journeys.yaml", "campaigns.purpose", "dave-hello") in shown(
        of("motor-finance-info").direct
    )


def test_a_pack_reaches_its_tenants_and_what_they_name_of_it() -> None:
    found = of("energy")
    assert [p.span.file for p in found.direct] == ["edward-energy/tenant.yaml"]
    assert found.tenants == ("edward-energy",)
    assert any(p.span.file.startswith("edward-energy/") and p.through for p in found.indirect)
    assert set(of("all").tenants) == {"dynamo-dave", "edward-energy"}


def test_a_connection_and_an_unknown_id() -> None:
    assert [p.thing.kind for p in of("dave-web-sandbox").defined] == ["connection"]
    nothing = of("DD-D99")
    assert (nothing.defined, nothing.direct, nothing.indirect) == ((), (), ())
    assert "DD-D04" in nothing.known
