"""All faults of all tenants in one run, whatever the files hold, and nothing that raises."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from compiler.pipeline import CompileFailed, check, compile_tenant
from compiler.report import FORMATS, render
from tests.compiling import BASE, TODAY, copy_tenant, lay_out

FILES = sorted(p.relative_to(BASE).as_posix() for p in BASE.rglob("*.yaml"))
LINES = sorted({line for file in FILES for line in (BASE / file).read_text().splitlines() if line.strip()})
ODD = [
    "\t- x",
    "? [a]: b",
    "<<: *x",
    "&a !b c",
    "{{{{",
    "- - - -",
    "\x00",
    "\u202e",
    "no: yes",
    "- 1",
    "[]",
    "'",
    "---",
    "%",
]


def codes(root: Path) -> list[str]:
    return [d.code for d in check(root, today=TODAY).diagnostics]


def test_a_broken_file_hides_no_fault_of_another(tmp_path: Path) -> None:
    root = tmp_path / "tenants"
    lay_out(root)
    copy_tenant(root, "plain", "other")
    (root / "plain/consent.yaml").write_text("bases: [")
    (root / "plain/channels.yaml").write_text(
        (root / "plain/channels.yaml").read_text().replace("signature", "singature", 1)
    )
    (root / "other/caps.yaml").write_text("concurrency: 0\n")
    result = check(root, today=TODAY)
    found = {(d.span.file.split("/")[0], d.code) for d in result.diagnostics if d.is_error}
    assert found >= {
        ("plain", "CV2001"),
        ("plain", "CV3001"),
        ("other", "CV3006"),
        ("other", "CV3002"),
    }
    assert set(result.tenants.values()) == {None}


def test_a_tenant_with_faults_leaves_its_neighbour_its_bundle(tmp_path: Path) -> None:
    root = tmp_path / "tenants"
    lay_out(root)
    copy_tenant(root, "plain", "other")
    (root / "other/caps.yaml").unlink()
    result = check(root, today=TODAY)
    assert result.tenants["plain"] is not None
    assert result.tenants["other"] is None
    assert compile_tenant(root / "plain", TODAY).bundle == result.tenants["plain"].bundle
    with pytest.raises(CompileFailed, match="CV1006"):
        compile_tenant(root / "other", TODAY)


def test_a_fault_of_a_pack_is_told_once_and_stops_every_tenant_of_it(tmp_path: Path) -> None:
    root = tmp_path / "tenants"
    lay_out(root)
    copy_tenant(root, "plain", "other")
    (root / "_packs/all/pack.yaml").write_text((root / "_packs/all/pack.yaml").read_text() + "extra: 1\n")
    result = check(root, today=TODAY)
    assert [d.code for d in result.diagnostics if d.is_error and d.code != "CV6003"].count("CV3001") == 1
    assert set(result.tenants.values()) == {None}


def test_without_the_pack_every_tenant_takes_nothing_compiles(tmp_path: Path) -> None:
    root = tmp_path / "tenants"
    lay_out(root)
    shutil.rmtree(root / "_packs")
    result = check(root, today=TODAY)
    assert "CV4003" in {d.code for d in result.diagnostics}
    assert result.tenants["plain"] is None


def test_nothing_to_compile_is_not_success(tmp_path: Path) -> None:
    assert codes(tmp_path) == ["CV1006"]
    assert codes(tmp_path / "nowhere") == ["CV1006"]
    lay_out(tmp_path / "tenants")
    result = check(tmp_path / "tenants", today=TODAY, only=["plian"])
    assert [(d.code, d.help) for d in result.diagnostics] == [("CV1006", "did you mean `plain`?")]
    assert not result.ok


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(st.sampled_from(FILES), st.integers(0, 60), st.sampled_from([*LINES, *ODD, None])),
        min_size=1,
        max_size=3,
    )
)
def test_no_file_makes_the_compiler_raise(tmp_path: Path, edits: list[tuple[str, int, str | None]]) -> None:
    root = tmp_path / "tenants"
    shutil.rmtree(root, ignore_errors=True)
    shutil.copytree(BASE, root)
    for file, number, line in edits:
        lines = (root / file).read_text().splitlines()
        lines[number % len(lines) : number % len(lines) + 1] = [] if line is None else [line]
        (root / file).write_text("\n".join(lines) + "\n")
    result = check(root, today=TODAY)
    for format in FORMATS:
        assert render(result, format)
    assert result.ok == (None not in result.tenants.values())


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(FILES), st.binary(max_size=60))
def test_no_bytes_make_the_compiler_raise(tmp_path: Path, file: str, data: bytes) -> None:
    root = tmp_path / "tenants"
    shutil.rmtree(root, ignore_errors=True)
    shutil.copytree(BASE, root)
    (root / file).write_bytes(data)
    assert not check(root, today=TODAY).ok


def test_a_leap_day_has_a_year_ahead() -> None:
    assert check(BASE, today=date(2028, 2, 29)).tenants["plain"] is not None
