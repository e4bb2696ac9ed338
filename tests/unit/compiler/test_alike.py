"""Files that are the same to the byte are parsed once, and nobody can tell."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from compiler.pipeline import check
from compiler.source.alike import MOST_FILES, Alike
from compiler.source.files import Folder, Parsed
from compiler.source.parse import parse
from tests.compiling import copy_tenant, lay_out

TODAY = date(2026, 11, 24)


def test_a_fault_in_a_file_of_the_same_bytes_is_told_at_each_file(tmp_path: Path) -> None:
    root = tmp_path / "tenants"
    lay_out(root)
    copy_tenant(root, "plain", "twin")
    for slug in ("plain", "twin"):
        consent = root / slug / "consent.yaml"
        consent.write_text(consent.read_text().replace("per_30_days: 3", "per_30_days: 30"))

    told = [d for d in check(root, today=TODAY).diagnostics if d.code == "CV5011"]

    assert [d.span.file for d in told] == ["plain/consent.yaml", "twin/consent.yaml"]
    assert told[0].span.line == told[1].span.line > 0


def test_a_file_taken_again_is_a_tree_of_its_own() -> None:
    alike = Alike()
    alike.keep(Folder("one", files=[parse(Parsed("one/caps.yaml", "caps", text="rates: {a: [1, 2]}\n"))]))

    taken = alike.take("caps", "two/caps.yaml", "rates: {a: [1, 2]}\n")

    assert taken is not None
    taken.data["rates"]["a"].append(3)
    assert taken.data["rates"].file == "two/caps.yaml"
    again = alike.take("caps", "three/caps.yaml", "rates: {a: [1, 2]}\n")
    assert again is not None
    assert again.data == {"rates": {"a": [1, 2]}}


def test_the_same_bytes_are_another_file_where_another_kind_is_asked_for() -> None:
    alike = Alike()
    alike.keep(Folder("one", files=[parse(Parsed("one/caps.yaml", "caps", text="a: 1\n"))]))

    assert alike.take("consent", "two/consent.yaml", "a: 1\n") is None


def test_a_faulty_file_is_not_kept() -> None:
    alike = Alike()
    alike.keep(Folder("one", files=[parse(Parsed("one/caps.yaml", "caps", text="a: 1\na: 2\n"))]))

    assert alike.take("caps", "two/caps.yaml", "a: 1\na: 2\n") is None


def test_only_so_many_are_kept() -> None:
    alike = Alike()
    for n in range(3 * MOST_FILES):
        alike.keep(Folder("one", files=[parse(Parsed("one/caps.yaml", "caps", text=f"a: {n}\n"))]))

    assert len(alike.kept) == MOST_FILES
