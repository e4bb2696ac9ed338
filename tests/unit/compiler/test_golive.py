"""Going live: a tenant that shows everything passes without a word, and each thing it leaves out is one diagnostic."""

from __future__ import annotations

import re
import shutil
from datetime import date
from pathlib import Path

import pytest
import yaml

from compiler.diagnostics import Diagnostic
from compiler.pipeline import check
from compiler.source.golive import items, subject_of
from tests.compiling import EXAMPLES, TODAY, approve, lay_out, sign_off, sources

TENANTS = EXAMPLES.parent.parent / "tenants"
READY = EXAMPLES / "positive" / "CV5042-golive-missing"
SHIPPED = sorted(TENANTS.glob("_packs/*/checklist.yaml"))
ITEMS = {item["id"]: item for path in SHIPPED for item in yaml.safe_load(path.read_text())}
PROCESSORS = (EXAMPLES / "ready/plain/tenant.yaml").read_text()
PROCESSORS = PROCESSORS[PROCESSORS.index("processors:") : PROCESSORS.index("retention_days:")]
PEOPLE = ("Sol Plain", "Una Plain")


def record(item: str, by: str = PEOPLE[0]) -> str:
    """What shows one item, signed in its office on a day that is young enough for any."""
    lines = [
        f"- item: {item}",
        "  evidence: Report 7",
        "  link: https://records.plain-claims.test/7",
        f"  signed_by: {by}",
        f"  signer: {ITEMS[item]['signer']}",
        "  shown_on: 2026-11-20",
    ]
    return "\n".join([*lines, *(["  subject: AS-IT-STANDS"] if ITEMS[item].get("bound") else [])]) + "\n"


def records(*without: str) -> str:
    """Everything the shipped checklists ask for, but for some items."""
    return "\n".join(
        record(item, by)
        for item in ITEMS
        if item not in without
        for by in PEOPLE[: ITEMS[item].get("people", 1)]
    )


@pytest.fixture
def ready(tmp_path: Path) -> Path:
    """A tenant with every item of every shipped checklist shown."""
    root = tmp_path / "tenants"
    lay_out(root, READY)
    merged = "\n".join(path.read_text() for path in SHIPPED)
    (root / "_packs/all/checklist.yaml").write_text(merged)
    show(root, records())
    return root


def show(root: Path, golive: str) -> None:
    (root / "plain/golive.yaml").write_text(golive)
    sign_off(root)


def edit(root: Path, file: str, old: str, new: str) -> None:
    """Changes a file after the sign-off, and has the claims approved again."""
    text = (root / file).read_text()
    assert old in text
    (root / file).write_text(text.replace(old, new, 1))
    (root / "plain/approvals.yaml").unlink()
    approve(root, {})


def faults(root: Path, stage: str = "live", today: date = TODAY) -> list[Diagnostic]:
    return list(check(root, today=today, stage=stage).diagnostics)


def test_the_checklists_hold_the_twenty_four_items_once_each() -> None:
    held = [item["id"] for path in SHIPPED for item in yaml.safe_load(path.read_text())]
    assert sorted(held) == [f"GL-{number:02}" for number in range(1, 25)]
    at = {item["id"]: path.parent.name for path in SHIPPED for item in yaml.safe_load(path.read_text())}
    assert (at["GL-05"], at["GL-23"], at["GL-24"]) == ("sra_firm", "whatsapp", "all")


def test_a_tenant_that_shows_everything_goes_live_without_a_word(ready: Path) -> None:
    assert faults(ready) == []


@pytest.mark.parametrize("item", [item for item in ITEMS if not ITEMS[item].get("bound")])
def test_each_item_left_out_is_one_error(ready: Path, item: str) -> None:
    show(ready, records(item))
    (fault,) = faults(ready)
    assert (fault.code, fault.severity) == ("CV5042", "error")
    assert item in fault.message
    assert fault.help is not None


def test_what_the_message_says_to_sign_for_holds(ready: Path) -> None:
    show(ready, records("GL-24"))
    (fault,) = faults(ready)
    assert fault.code == "CV5042"
    assert fault.help is not None
    (digest,) = re.findall(r"sha256:[0-9a-f]{64}", fault.help)
    signed = "\n".join(record("GL-24", by) for by in PEOPLE).replace("AS-IT-STANDS", digest)
    show(ready, records("GL-24") + "\n" + signed)
    assert faults(ready) == []


@pytest.mark.parametrize("item", ITEMS)
def test_evidence_is_good_for_as_long_as_its_item_allows_and_no_longer(ready: Path, item: str) -> None:
    root = ready
    shown = date(2026, 11, 20)
    for days, stale in ((ITEMS[item]["max_age_days"], False), (ITEMS[item]["max_age_days"] + 1, True)):
        today = date.fromordinal(shown.toordinal() + days)
        found = [d for d in faults(root, today=today) if d.code == "CV5043" and item in d.message]
        assert bool(found) is stale


@pytest.mark.parametrize(
    ("stage", "severity"), [("sandbox", None), ("staging", "warning"), ("live", "error")]
)
def test_a_gap_is_an_error_for_live_a_warning_for_staging_and_nothing_in_the_sandbox(
    ready: Path, stage: str, severity: str | None
) -> None:
    show(ready, records("GL-01", "GL-19"))
    assert [d.severity for d in faults(ready, stage)] == ([severity] * 2 if severity else [])


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("plain/claims/core.yaml", "I'm Pat", "I am Pat"),
        ("plain/claims/core.yaml", "are you a robot", "are you free of charge"),
        ("plain/persona.yaml", "tone: [plain]", "tone: [warm]"),
        ("plain/consent.yaml", "per_30_days: 3", "per_30_days: 2"),
        ("plain/destinations.yaml", "claim?ref", "form?ref"),
        ("plain/tenant.yaml", "brand: Plain", "brand: Plainer"),
        ("plain/guardrails.yaml", "[agent]", "[agent, adviser]"),
        ("_packs/all/consent.yaml", "strikes: 3", "strikes: 2"),
        ("_packs/all/claims/lines.yaml", "call 999", "ring 999"),
        ("_packs/all/signals/care.yaml", "after: 2", "after: 1"),
        ("_packs/all/optout/en.yaml", "exact: [stop]", "exact: [stop, end]"),
    ],
)
def test_any_change_of_what_was_signed_for_ends_the_sign_off(
    ready: Path, file: str, old: str, new: str
) -> None:
    edit(ready, file, old, new)
    assert [d.code for d in faults(ready)] == ["CV5047"]


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("plain/tenant.yaml", "#0b5c5f", "#0b5c5e"),
        ("plain/tenant.yaml", "    login: ada-example\n", ""),
        ("plain/guardrails.yaml", "[no-amounts, opt-out]", "[opt-out, no-amounts]"),
        ("plain/caps.yaml", "per_day: 1000", "per_day: 900"),
        ("plain/claims/core.yaml", "  covers: [ai]", "  note: A remark.\n  covers: [ai]"),
    ],
)
def test_a_change_of_nothing_that_was_signed_for_leaves_it_standing(
    ready: Path, file: str, old: str, new: str
) -> None:
    edit(ready, file, old, new)
    assert faults(ready) == []


@pytest.mark.parametrize(
    "other",
    ["Sol Plain", "sol plain", "SOL  PLAIN", "S\u043el Plain", "Sol-Plain", "Plain, Sol", "Mr Sol Plain"],
)
def test_one_person_in_two_spellings_is_one_person(ready: Path, other: str) -> None:
    signed = record("GL-24") + "\n" + record("GL-24", other)
    show(ready, records("GL-24") + "\n" + signed)
    assert [d.code for d in faults(ready)] == ["CV5046"]


def test_one_of_the_two_must_hold_the_office(ready: Path) -> None:
    signed = "\n".join(record("GL-24", by) for by in PEOPLE).replace("senior_manager", "operations")
    show(ready, records("GL-24") + "\n" + signed)
    assert [d.code for d in faults(ready)] == ["CV5044"]


def test_an_older_entry_may_stay_as_history(ready: Path) -> None:
    old = record("GL-19").replace("2026-11-20", "2024-11-20")
    show(ready, records() + "\n" + old)
    assert faults(ready) == []


def test_a_day_that_is_none_is_no_evidence(ready: Path) -> None:
    show(ready, records("GL-19") + "\n" + record("GL-19").replace("2026-11-20", "2026-02-31"))
    assert [d.code for d in faults(ready)] == ["CV5043"]


def test_evidence_that_names_a_document_which_is_not_there_is_refused(ready: Path) -> None:
    show(ready, with_document())
    assert [d.code for d in faults(ready)] == ["CV4001"]
    document(ready, "An opinion.\n")
    show(ready, with_document())
    assert faults(ready) == []


def test_the_bytes_of_a_document_are_part_of_what_the_two_people_sign(ready: Path) -> None:
    document(ready, "An opinion.\n")
    show(ready, with_document())
    assert faults(ready) == []
    document(ready, "Another opinion.\n")
    assert [d.code for d in faults(ready)] == ["CV5047"]


@pytest.mark.parametrize(
    "words", ["-", "to be done", "None, failed", "Report 7", "See https://records.plain-claims.test/7"]
)
def test_words_alone_are_no_evidence(ready: Path, words: str) -> None:
    lines = record("GL-01").replace("evidence: Report 7", f'evidence: "{words}"')
    show(
        ready,
        records("GL-01") + "\n" + "\n".join(row for row in lines.splitlines() if "link:" not in row) + "\n",
    )
    (fault,) = [fault for fault in faults(ready) if fault.code == "CV5042"]
    assert fault.message.startswith("there is no document and no link to look at for GL-01")
    assert fault.span.line > 1


def document(root: Path, text: str) -> None:
    (root / "plain/documents").mkdir(exist_ok=True)
    (root / "plain/documents/opinion.md").write_text(text)


def with_document() -> str:
    return records("GL-01") + "\n" + record("GL-01") + "  document: documents/opinion.md\n"


def test_without_any_checklist_nothing_goes_live(ready: Path) -> None:
    (ready / "_packs/all/checklist.yaml").unlink()
    show(ready, "[]\n")
    (fault,) = faults(ready)
    assert (fault.code, fault.severity) == ("CV5042", "error")
    assert "no pack" in fault.message


@pytest.mark.parametrize(
    ("file", "old", "new", "code"),
    [
        ("plain/claims/core.yaml", "review_by: 2027-06-01", "review_by: 2026-12-01", "CV5002"),
        ("plain/claims/core.yaml", "review_by: 2027-06-01", "review_by: 2026-11-01", "CV5003"),
        ("plain/tenant.yaml", "residency:\n  data: GB\n  models: [GB]\n", "", "CV5048"),
        ("plain/tenant.yaml", PROCESSORS, "", "CV5048"),
        ("plain/tenant.yaml", "does: hosting\n    region: GB", "does: hosting\n    region: US", "CV5049"),
        (
            "plain/tenant.yaml",
            "does: models\n    region: GB",
            "does: models\n    region: GB\n    transfer: x",
            "",
        ),
        ("plain/tenant.yaml", "models: [GB]", "models: [GB, IE]", "CV5050"),
        ("plain/tenant.yaml", "Contract 2\n    signed_on: 2026", "Contract 2\n    signed_on: 2027", "CV5051"),
        ("plain/tenant.yaml", "review_by: 2027-06-01", "review_by: 2026-11-01", "CV5057"),
        ("plain/tenant.yaml", "Plain Claims Ltd", "EXAMPLE Claims Ltd", "CV5019"),
        ("plain/destinations.yaml", "https://plain-claims.test/", "https://plain-claims.example/", "CV5019"),
        ("plain/channels.yaml", "stage: live", "stage: staging", "CV5052"),
    ],
)
def test_each_other_gap_is_an_error_of_its_own(ready: Path, file: str, old: str, new: str, code: str) -> None:
    edit(ready, file, old, new)
    if file == "plain/destinations.yaml":
        edit(
            ready, file, "domains: [plain-claims.test]", "domains: [plain-claims.test, plain-claims.example]"
        )
    show(ready, records())
    found = faults(ready)
    assert {d.code for d in found} == ({code} if code else set())
    assert all(d.is_error for d in found)


def test_a_claim_nobody_approved_keeps_it_from_going_live(ready: Path) -> None:
    (ready / "plain/approvals.yaml").unlink()
    approve(ready, {"PL-D01": {"drop": True}})
    assert [(d.code, d.severity) for d in faults(ready)] == [("CV6001", "error")]


@pytest.mark.parametrize(("expires", "code"), [("2026-12-24", "CV5053"), ("2026-11-24", "CV6005")])
def test_an_approval_that_ends_keeps_it_from_going_live(ready: Path, expires: str, code: str) -> None:
    (ready / "plain/approvals.yaml").unlink()
    approve(ready, {"PL-D01": {"signed": {"expires": expires}}})
    found = [d for d in faults(ready) if d.is_error]
    assert code in {d.code for d in found}


def test_outreach_needs_two_numbers_only_of_those_who_start_conversations(ready: Path) -> None:
    edit(ready, "plain/channels.yaml", "stage: live", "stage: staging")
    edit(ready, "plain/channels.yaml", "outreach: true", "outreach: false")
    show(ready, records())
    assert [d.code for d in faults(ready) if d.code == "CV5052"] == []


def test_the_shipped_tenants_are_told_everything_that_is_missing() -> None:
    found = check(TENANTS, today=TODAY, stage="live").diagnostics
    for slug, source in sources(TENANTS).items():
        missing = {
            d.message.split(":")[0].rsplit(" ", 1)[1]
            for d in found
            if d.code == "CV5042" and d.span.file.startswith(slug)
        }
        assert missing == set(items(source))
        assert {d.code for d in found if d.is_error and d.span.file.startswith(slug)} >= {
            "CV5019",
            "CV5048",
            "CV5052",
            "CV6001",
        }


def test_the_digest_is_of_one_tenant_and_its_packs(ready: Path) -> None:
    before = subject_of(sources(ready)["plain"])
    shutil.copytree(ready / "plain", ready / "other")
    assert subject_of(sources(ready)["plain"]) == before
