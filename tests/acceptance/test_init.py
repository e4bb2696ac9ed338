"""`convo init`: whatever packs are asked for, a folder that compiles and is laid out; and nothing is overwritten."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest
import yaml

from compiler.layout import layout
from compiler.load import ORGANISATION_FILES, TENANT_FILES, schema
from compiler.pipeline import CheckResult, check
from compiler.scaffold import Refused, Wanted, plan, suggested, write
from compiler.scaffold.packs import IN_CHECKOUT
from schemas.bundle import Bundle
from tests.acceptance.convo import ROOT, TODAY, convo

DAY = date.fromisoformat(TODAY)
PACKS = (
    (),
    ("fca_cmc",),
    ("energy",),
    ("sra_firm", "whatsapp"),
    ("energy", "sra_firm", "whatsapp"),
    ("fca_cmc", "whatsapp"),
)
ALWAYS = {"CV6001", "CV6012"}  # nobody has approved anything


def made(root: Path, slug: str = "harbour-hal", *packs: str, **more: object) -> CheckResult:
    write(root, plan(root, Wanted(slug=slug, today=DAY, packs=packs, **more)))  # type: ignore[arg-type]
    return check(root / "tenants", today=DAY, authority=True)


@pytest.mark.parametrize("packs", PACKS, ids="+".join)
def test_a_new_tenant_compiles_with_nothing_to_say_but_that_nobody_approved_it(
    tmp_path: Path, packs: tuple[str, ...]
) -> None:
    result = made(tmp_path, "harbour-hal", *packs)
    assert {
        f"{d.code} {d.span.file} {d.message}" for d in result.diagnostics if d.code not in ALWAYS
    } == set()
    compiled = result.tenants["harbour-hal"]
    assert compiled is not None
    bundle = Bundle.decode(compiled.bundle)
    assert bundle.unapproved
    assert bundle.tenant.example
    assert {c.stage for c in bundle.connections.values()} == {"sandbox"}


@pytest.mark.parametrize("packs", PACKS, ids="+".join)
def test_every_file_is_laid_out_and_names_its_schema_for_both_kinds_of_editor(
    tmp_path: Path, packs: tuple[str, ...]
) -> None:
    made(tmp_path, "harbour-hal", *packs)
    files = sorted((tmp_path / "tenants" / "harbour-hal").rglob("*.yaml"))
    assert len(files) >= 14
    for path in [*files, tmp_path / "tenants" / "_organisations" / "harbour-hal-group.yaml"]:
        text = path.read_text()
        first, second = text.splitlines()[:2]
        named = re.fullmatch(r"# yaml-language-server: \$schema=(\S+)", first)
        assert named is not None, path
        assert second == f"# $schema: {named[1]}"
        assert (path.parent / named[1]).resolve().is_file(), path
        within = "/".join(path.relative_to(tmp_path / "tenants").parts[1:])
        kind = next(k.name for k in (*TENANT_FILES, *ORGANISATION_FILES) if k.file.match(within))
        assert layout(path.name, kind, text, schema(kind)).text == text, path


def test_a_pack_of_ones_own_gets_a_disclosure_for_every_duty(tmp_path: Path) -> None:
    pack = tmp_path / "tenants" / "_packs" / "harbour"
    shutil.copytree(IN_CHECKOUT / "all", tmp_path / "tenants" / "_packs" / "all")
    pack.mkdir()
    (pack / "pack.yaml").write_text(
        "id: harbour\ntitle: Harbours\nsays: For harbours.\nduties:\n  - id: tide\n    says: That the tide comes in.\n"
        "    when: on_question\n    source: [UKGDPR]\nguardrails: [no-amounts]\ndomains: []\n"
    )
    result = made(tmp_path, "harbour-hal", "harbour")
    assert [d.message for d in result.diagnostics if d.is_error] == []
    text = (tmp_path / "tenants" / "harbour-hal" / "claims" / "duties.yaml").read_text()
    assert "EXAMPLE: That the tide comes in." in text


@pytest.mark.parametrize(
    ("name", "better"),
    [
        ("Harbour Hal", "harbour-hal"),
        ("2-fast", "fast"),
        ("_packs", "packs"),
        ("über", "ber"),
        ("a" * 60, "a" * 40),
    ],
)
def test_a_bad_name_is_refused_with_a_better_one(tmp_path: Path, name: str, better: str) -> None:
    assert suggested(name) == better
    with pytest.raises(Refused, match=f"try `{better}`"):
        plan(tmp_path, Wanted(slug=name, today=DAY))


@pytest.mark.parametrize("name", ["", "../x", "x/y", "日本", "x\n"])
def test_no_name_leads_out_of_the_folder(tmp_path: Path, name: str) -> None:
    with pytest.raises(Refused):
        plan(tmp_path, Wanted(slug=name, today=DAY))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("slug", ["no", "null", "say-no", "on", "y"])
def test_a_name_that_yaml_reads_as_something_else_stays_a_name(tmp_path: Path, slug: str) -> None:
    assert made(tmp_path, slug).errors == 0
    assert made(tmp_path, "hal").errors == 0  # it joins the first one's organisation
    again = tmp_path / "again"
    assert made(again, "hal").errors == made(again, slug).errors == 0


def test_a_firm_is_taken_as_it_is_written(tmp_path: Path) -> None:
    name = 'Hal: "Sons" & Daughters # 1, {tenants} [Ltd]'
    compiled = made(tmp_path, "hal", firm=name).tenants["hal"]
    assert compiled is not None
    assert Bundle.decode(compiled.bundle).tenant.legal_entity == name


@pytest.mark.parametrize(
    "given",
    [
        {"organisation": "../../etc"},
        {"organisation": "My Group"},
        {"domain": "https://example.com"},
        {"domain": "example.com/x"},
        {"domain": "a b.com"},
        {"firm": "one\ntwo"},
        {"firm": " "},
        {"firm": "x" * 121},
    ],
)
def test_what_would_not_compile_or_lead_elsewhere_is_refused_before_anything_is_written(
    tmp_path: Path, given: dict[str, str]
) -> None:
    with pytest.raises(Refused):
        plan(tmp_path, Wanted(slug="hal", today=DAY, **given))  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []


def test_a_misspelt_pack_and_packs_that_contradict_each_other_are_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="did you mean `energy`"):
        plan(tmp_path, Wanted(slug="hal", today=DAY, packs=("enrgy",)))
    with pytest.raises(Refused, match="do not go together"):
        plan(tmp_path, Wanted(slug="hal", today=DAY, packs=("fca_cmc", "energy")))


def test_what_exists_is_never_overwritten_and_what_is_missing_in_it_is_told(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "CODEOWNERS").write_text("* @me\n")
    (tmp_path / ".gitignore").write_text("/dist/\n")
    (tmp_path / "README.md").write_text("Mine\n")
    planned = plan(tmp_path, Wanted(slug="hal", today=DAY))
    assert planned.changed == ()
    assert ".github/CODEOWNERS" not in planned.files
    told = "\n".join(planned.notes)
    assert "/tenants/*/approvals.yaml @your-org/compliance" in told
    assert "*.key" in told
    assert "    /dist/" not in told
    before = {path: path.read_text() for path in tmp_path.rglob("*") if path.is_file()}
    write(tmp_path, planned)
    assert {path: path.read_text() for path in before} == before


def test_a_second_tenant_changes_one_line_of_what_is_there(tmp_path: Path) -> None:
    made(tmp_path, "hal", "fca_cmc")
    before = {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()}
    result = made(tmp_path, "sal", "energy")
    assert result.errors == 0
    changed = [p for p, data in before.items() if p.read_bytes() != data]
    assert [p.name for p in changed] == ["hal-group.yaml"]
    assert "tenants: [hal, sal]\n" in changed[0].read_text()
    with pytest.raises(Refused, match="exists already"):
        plan(tmp_path, Wanted(slug="sal", today=DAY))


@pytest.mark.parametrize(
    ("listed", "joined"),
    [
        ("tenants: [hal]  # ours\n", "tenants: [hal, sal]  # ours\n"),
        ("tenants:\n  - hal # first\n", "tenants:\n  - hal # first\n  - sal\n"),
        ("tenants:\n- hal\n", "tenants:\n- hal\n- sal\n"),
        ("tenants: [sal, hal]\n", "tenants: [sal, hal]\n"),
    ],
)
def test_joining_an_organisation_keeps_its_file_as_somebody_wrote_it(
    tmp_path: Path, listed: str, joined: str
) -> None:
    made(tmp_path, "hal")
    group = tmp_path / "tenants" / "_organisations" / "hal-group.yaml"
    text = group.read_text().replace("tenants: [hal]\n", listed)
    group.write_text(text)
    write(tmp_path, plan(tmp_path, Wanted(slug="sal", today=DAY)))
    assert group.read_text() == text.replace(listed, joined)


def test_a_dry_run_writes_nothing_and_tells_the_same(tmp_path: Path) -> None:
    root = tmp_path / "new"
    told = convo("init", "hal", "--root", f"{root}", "--dry-run", "--today", TODAY)
    assert told.returncode == 0
    assert not root.exists()
    assert "would write  tenants/hal/tenant.yaml" in told.stdout
    done = convo("init", "hal", "--root", f"{root}", "--today", TODAY)
    assert "write  tenants/hal/tenant.yaml" in done.stdout
    assert convo("init", "hal", "--root", f"{root}").returncode == 2


def test_the_repository_it_makes_gives_compliance_the_words_and_platform_the_keys(tmp_path: Path) -> None:
    made(tmp_path, "hal")
    rows = [
        line.split()
        for line in (tmp_path / ".github" / "CODEOWNERS").read_text().splitlines()
        if line[:1] == "/"
    ]
    owners = {row[0]: set(row[1:]) for row in rows}
    for name in ("claims/", "approvals.yaml", "waivers.yaml", "tenant.yaml"):
        assert owners[f"/tenants/*/{name}"] == {"@your-org/compliance"}
    for name in ("/.github/", "/trust/", "/tenants/_packs/"):
        assert "@your-org/platform" in owners[name]
    for path in sorted((tmp_path / ".github" / "workflows").glob("*.yml")):
        assert yaml.safe_load(path.read_text())["permissions"] == {}
    assert "*.key" in (tmp_path / ".gitignore").read_text().splitlines()


def test_an_installed_wheel_carries_everything_init_writes(tmp_path: Path) -> None:
    build = f"import os; os.chdir({f'{ROOT}'!r}); from hatchling.build import build_wheel; build_wheel({f'{tmp_path}'!r})"
    subprocess.run([sys.executable, "-c", build], check=True, capture_output=True, timeout=120)
    [wheel] = tmp_path.glob("*.whl")
    installed, root = tmp_path / "installed", tmp_path / "new"
    shutil.unpack_archive(wheel, installed, "zip")
    code = f"import sys; sys.path.insert(0, {f'{installed}'!r}); import cli; assert 'installed' in cli.__file__; cli.main()"
    arguments = ["init", "hal", "--pack", "energy", "--root", f"{root}", "--today", TODAY]
    done = subprocess.run(
        [sys.executable, "-P", "-c", code, *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    assert check(root / "tenants", today=DAY).errors == 0
    assert (root / ".github" / "workflows" / "convo.yml").is_file()


def test_whatever_customers_meet_is_reviewed_by_compliance_and_what_runs_with_keys_by_the_platform() -> None:
    text = (ROOT / "compiler" / "scaffold" / "template" / "repository" / "CODEOWNERS").read_text()
    rules = [line.split() for line in text.splitlines() if line and not line.startswith("#")]
    assert all(len(rule) == 2 for rule in rules)  # of two owners on a line, one's review would do

    def owner(path: str) -> str:
        matching = [
            who
            for pattern, who in rules
            if re.match(pattern.replace("*", "[^/]*") + ("" if pattern.endswith("/") else r"\Z"), f"/{path}")
        ]
        return matching[-1].rpartition("/")[2]

    met = "tenant persona journeys guardrails consent caps channels destinations approvals waivers golive"
    for path in (*(f"{name}.yaml" for name in met.split()), "claims/help.yaml", "documents/terms.md"):
        assert owner(f"tenants/harbour-hal/{path}") == "compliance", path
    for path in (
        "tenants/_packs/all/pack.yaml",
        "tenants/_packs/all/claims/lines.yaml",
        "tenants/_organisations/harbour.yaml",
        ".github/workflows/convo.yml",
        "trust/bundles.pub",
    ):
        assert owner(path) == "platform", path
    assert owner("tenants/harbour-hal/drills/attacks.yaml") == "tenant-writers"
