"""Break any of the files in any of these ways: every fault of every one of them is told in one run."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from compiler.pipeline import check
from tests.compiling import TODAY, copy_tenant, lay_out

Break = Callable[[Path], None]


def _appended(text: str) -> Break:
    def add(path: Path) -> None:
        path.write_text(path.read_text() + text)

    return add


def _replaced(old: str, new: str) -> Break:
    def replace(path: Path) -> None:
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new, 1))

    return replace


def _bytes(data: bytes) -> Break:
    def begin(path: Path) -> None:
        path.write_bytes(data + path.read_bytes())

    return begin


def _emptied(path: Path) -> None:
    path.write_text("# nothing\n")


def _linked(path: Path) -> None:
    path.unlink()
    path.symlink_to("elsewhere.yaml")


# File -> how it is broken, and the code that brings, whatever else is broken. (A claim id that leads nowhere is told once the
# files that may define it can be read; a source's, here, can be.)
BREAKS: dict[str, tuple[Break, str]] = {
    "plain/caps.yaml": (_bytes(b"\xff\xfe"), "CV1004"),
    "plain/channels.yaml": (_bytes(b"\xef\xbb\xbf"), "CV1005"),
    "plain/consent.yaml": (_appended("bases: [\n"), "CV2001"),
    "plain/guardrails.yaml": (_linked, "CV1002"),
    "plain/journeys.yaml": (_appended("\tx: 1\n"), "CV2010"),
    "plain/destinations.yaml": (_appended("unknown: 1\n"), "CV3001"),
    "plain/tenant.yaml": (_replaced("slug: plain", "slug: plane"), "CV4004"),
    "plain/claims/core.yaml": (_replaced("kind: process", "kind: proces"), "CV3004"),
    "plain/persona.yaml": (_replaced("languages: [en-GB]", "languages: [no]"), "CV2003"),
    "other/caps.yaml": (_replaced("concurrency: 4", "concurrency: 999"), "CV3006"),
    "other/consent.yaml": (_replaced("    basis: consent\n", ""), "CV3002"),
    "other/guardrails.yaml": (_replaced("opt-out]", "opt-out, opt-out]"), "CV3007"),
    "other/channels.yaml": (_replaced("signature: none", "signature: waha"), "CV3008"),
    "other/claims/core.yaml": (_replaced("source: [LAW-1]", "source: [LAW-9]"), "CV4001"),
    "other/journeys.yaml": (_appended("follow_ups: []\n"), "CV2002"),
    "_packs/all/pack.yaml": (_appended("---\nx: 1\n"), "CV2007"),
    "_packs/all/consent.yaml": (_appended("&x y: 1\n"), "CV2004"),
    "_packs/all/calendar.yaml": (_replaced("2028-12-31", "2028/12/31"), "CV3005"),
    "_packs/all/claims/lines.yaml": (_emptied, "CV2011"),
    "_organisations/example.yaml": (_replaced("per_day: 1", "per_day: one"), "CV3003"),
}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("whole") / "tenants"
    lay_out(root)
    copy_tenant(root, "plain", "other")
    text = (root / "other/claims/core.yaml").read_text()
    (root / "other/claims/core.yaml").write_text(text.replace("PL-", "OT-"))
    for path in (root / "other").glob("*.yaml"):
        path.write_text(path.read_text().replace("PL-", "OT-"))
    for slug in ("plain", "other"):
        (root / slug / "approvals.yaml").unlink()
    assert [d.code for d in check(root, today=TODAY).diagnostics if d.is_error] == []
    return root


def broken(world: Path, files: list[str]) -> tuple[set[tuple[str, str]], set[str]]:
    """({(file, code)} of the faults, the tenants that still compile) after breaking these files of a fresh copy."""
    root = world.parent / "broken"
    shutil.rmtree(root, ignore_errors=True)
    shutil.copytree(world, root)
    for file in files:
        BREAKS[file][0](root / file)
    result = check(root, today=TODAY)
    return (
        {(d.span.file, d.code) for d in result.diagnostics},
        {slug for slug, compiled in result.tenants.items() if compiled is not None},
    )


def test_all_of_them_broken_at_once_are_all_told(world: Path) -> None:
    found, whole = broken(world, list(BREAKS))
    assert found >= {(file, code) for file, (_, code) in BREAKS.items()}
    assert whole == set()


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(files=st.lists(st.sampled_from(sorted(BREAKS)), unique=True, max_size=8))
def test_whichever_are_broken_none_hides_another(world: Path, files: list[str]) -> None:
    found, whole = broken(world, files)
    assert found >= {(file, BREAKS[file][1]) for file in files}
    shared = [file for file in files if file.startswith("_")]
    assert whole == {
        slug for slug in ("plain", "other") if not shared and not any(f.startswith(slug) for f in files)
    }


@pytest.mark.parametrize("file", BREAKS)
def test_each_of_them_alone_is_told_and_nothing_like_it_elsewhere(world: Path, file: str) -> None:
    found, _ = broken(world, [file])
    _, code = BREAKS[file]
    assert (file, code) in found
    assert {where for where, told in found if told == code} == {file}
