"""The same files give the same bytes: in another process, folder, order and year."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from compiler.pipeline import check
from schemas.bundle import Bundle, canonical
from tests.compiling import TODAY

ROOT = Path(__file__).parents[2]
TENANTS = ROOT / "tenants"
PROGRAM = """
import sys, pathlib, datetime
from compiler.pipeline import check
result = check(pathlib.Path(sys.argv[1]), today=datetime.date.fromisoformat(sys.argv[2]))
for slug, compiled in sorted(result.tenants.items()):
    print(slug, compiled.digest)
"""


CACHED = """
import os, sys, pathlib, datetime
from compiler.cache import cache_for
from compiler.pipeline import check
root = pathlib.Path(sys.argv[1])
for _ in range(2):
    result = check(root, today=datetime.date.fromisoformat(sys.argv[2]), cache=cache_for(root, os.environ))
for slug, compiled in sorted(result.tenants.items()):
    print(slug, compiled.digest)
"""
WITHOUT_FAST = "import sys; sys.modules['jsonschema_rs'] = None" + PROGRAM


def digests(
    tenants: Path,
    *,
    today: str = "2026-11-24",
    seed: str = "0",
    cwd: Path = ROOT,
    utc: str = "UTC",
    program: str = PROGRAM,
    more: Mapping[str, str] | None = None,
) -> str:
    environment = {
        **os.environ,
        "PYTHONHASHSEED": seed,
        "TZ": utc,
        "PYTHONPATH": str(ROOT),
        "LC_ALL": "C",
        **(more or {}),
    }
    done = subprocess.run(
        [sys.executable, "-c", program, str(tenants), today],
        env=environment,
        cwd=cwd,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return done.stdout


@pytest.fixture(scope="module")
def usual() -> str:
    return digests(TENANTS)


def test_the_shipped_tenants_compile_and_pretend_no_approval() -> None:
    result = check(TENANTS, today=TODAY, authority=True)
    assert [d for d in result.diagnostics if d.is_error] == []
    assert set(result.tenants) == {"dynamo-dave", "edward-energy"}
    for compiled in result.tenants.values():
        assert compiled is not None
        bundle = Bundle.decode(compiled.bundle)
        assert bundle.unapproved
        assert bundle.tenant.example
        assert {c.stage for c in bundle.connections.values()} == {"sandbox"}


def test_another_hash_seed_and_process_change_nothing(usual: str) -> None:
    assert digests(TENANTS, seed="4242") == usual


def test_another_folder_and_time_zone_change_nothing(usual: str, tmp_path: Path) -> None:
    shutil.copytree(TENANTS, tmp_path / "elsewhere")
    assert digests(Path("elsewhere"), cwd=tmp_path, utc="Pacific/Auckland") == usual


def test_with_the_cache_and_without_the_fast_extra_the_bytes_are_the_same(usual: str, tmp_path: Path) -> None:
    environment = {"XDG_CACHE_HOME": str(tmp_path), "CI": ""}
    assert digests(TENANTS, program=CACHED, more=environment) == usual
    assert list((tmp_path / "convo").iterdir())
    assert digests(TENANTS, program=WITHOUT_FAST) == usual


def test_another_locale_and_order_of_files_change_nothing(usual: str, tmp_path: Path) -> None:
    for path in sorted(TENANTS.rglob("*"), reverse=True):  # made in another order, listed in another order
        if path.is_file():
            copy = tmp_path / "tenants" / path.relative_to(TENANTS)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(path.read_bytes())
    assert digests(tmp_path / "tenants", more={"LC_ALL": "tr_TR.UTF-8", "PYTHONUTF8": "0"}) == usual


def test_the_day_decides_what_is_said_and_never_bytes(tmp_path: Path) -> None:
    today, later = (check(TENANTS, today=day) for day in (TODAY, date(2026, 12, 24)))
    assert {d.code for d in today.diagnostics} != {d.code for d in later.diagnostics}
    for slug, compiled in today.tenants.items():
        other = later.tenants[slug]
        assert compiled is not None
        assert other is not None
        assert compiled.bundle == other.bundle


def test_the_bytes_are_canonical_and_of_the_published_schema() -> None:
    schema = json.loads((ROOT / "schemas" / "bundle.schema.json").read_bytes())
    for compiled in check(TENANTS, today=TODAY).tenants.values():
        assert compiled is not None
        assert list(Draft202012Validator(schema).iter_errors(json.loads(compiled.bundle))) == []
        assert canonical(json.loads(compiled.bundle)) == compiled.bundle
        assert str(ROOT).encode() not in compiled.bundle


def test_one_tenant_alone_compiles_to_the_same_bytes(usual: str) -> None:
    result = check(TENANTS, today=TODAY, only=["edward-energy"])
    compiled = result.tenants["edward-energy"]
    assert compiled is not None
    assert f"edward-energy {compiled.digest}" in usual
    assert set(result.tenants) == {"edward-energy"}
