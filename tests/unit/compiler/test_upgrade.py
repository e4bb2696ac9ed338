"""upgrade: files of schema 1 become files of schema 2, comments and all, and nobody may approve more than before."""

from __future__ import annotations

import json

import pytest

from compiler import edits
from compiler.load import load, schema
from compiler.source.files import Parsed
from compiler.source.parse import parse
from compiler.upgrade import Upgrade, upgrade
from compiler.validate import validate
from tests.compiling import BASE

OLD = """\
# who we are
slug: plain  # as the folder
display_name: Plain

approvers:
  # the partner
  - name: Ada Example
    role: solicitor
    key: ed25519:T5KE1epxAo6giqnI/qb4AitRBG9MHjp4p99HCS8dA40=  # from her token
  - {name: Ben Example, role: compliance, key: "ed25519:T5KE1epxAo6giqnI/qb4AitRBG9MHjp4p99HCS8dA40="}
# the end
"""
LINE = {"claim": "PL-D01", "digest": "sha256:" + "0" * 64, "by": "Ada Example", "signature": "x"}


def read(kind: str, text: str) -> Parsed:
    return parse(Parsed(f"plain/{kind}.yaml", kind, text=text))


def upgraded(*files: Parsed) -> tuple[Upgrade, dict[str, str]]:
    plan = upgrade(files)
    return plan, {
        file.kind: edits.apply(file.text, plan.edits[file.file]) for file in files if file.file in plan.edits
    }


def test_a_tenant_gains_its_version_and_each_approver_what_he_could_approve_before() -> None:
    plan, after = upgraded(read("tenant", OLD))
    assert after["tenant"] == OLD.replace("slug: plain", "schema: 2\nslug: plain").replace(
        "    key: ed", "    approves: [facts]\n    key: ed"
    ).replace(", key:", ", approves: [facts], key:")
    assert len(plan.notes) == 2
    assert upgrade([read("tenant", after["tenant"])]).edits == {}


def test_an_upgraded_tenant_is_valid() -> None:
    text = (BASE / "plain" / "tenant.yaml").read_text("utf-8")
    old = "".join(
        line
        for line in text.splitlines(keepends=True)
        if not line.strip().startswith(("schema:", "approves:"))
    )
    _, after = upgraded(read("tenant", old))
    made = read("tenant", after["tenant"])
    validate(made, schema("tenant"), authority=True)
    assert made.diagnostics == []


@pytest.mark.parametrize("indent", [None, 1])
def test_old_approvals_go_and_are_listed_to_be_given_again(indent: int | None) -> None:
    text = "# machine-written\n" + json.dumps([LINE, {**LINE, "claim": "PL-D02"}], indent=indent) + "\n"
    plan, after = upgraded(read("tenant", OLD), read("approvals", text))
    assert plan.again == ["PL-D01", "PL-D02"]
    assert after["approvals"] == "# machine-written\n[]\n"


def test_old_approvals_in_block_style_go_as_well() -> None:
    text = "# machine-written\n\n- claim: PL-D01\n  by: Ada Example\n  signature: x\n"
    plan, after = upgraded(read("tenant", OLD), read("approvals", text))
    assert plan.again == ["PL-D01"]
    assert read("approvals", after["approvals"]).data == []
    assert after["approvals"].startswith("# machine-written\n")


def test_approvals_of_this_version_stay() -> None:
    text = json.dumps([{**LINE, "author": "Ben Example", "via": "key"}])
    plan, after = upgraded(read("tenant", OLD), read("approvals", text))
    assert plan.again == []
    assert "approvals" not in after


def test_a_file_of_a_newer_version_is_left_alone_with_the_reason() -> None:
    plan = upgrade([read("tenant", "schema: 3\nslug: plain\n")])
    assert plan.edits == {}
    assert "newer" in plan.refused


def test_a_file_of_this_version_needs_nothing() -> None:
    tree = load(BASE)
    assert upgrade(tree.tenants["plain"].files).edits == {}


@pytest.mark.parametrize(
    ("kind", "text", "said"),
    [
        ("tenant", "slug: plain\n", "written for schema 1: run `convo upgrade`"),
        ("tenant", "schema: 1\nslug: plain\n", "written for schema 1: run `convo upgrade`"),
        ("tenant", "schema: 9\nslug: plain\n", "written for schema 9; this release reads schema 2"),
        ("approvals", json.dumps([LINE]), "written for schema 1: run `convo upgrade`"),
    ],
)
def test_the_compiler_says_one_thing_about_another_version(kind: str, text: str, said: str) -> None:
    file = read(kind, text)
    validate(file, schema(kind))
    assert [(d.code, d.message) for d in file.diagnostics] == [("CV3009", said)]
