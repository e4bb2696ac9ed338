"""What is kept of a check is the same as the check, follows from content alone, and is never trusted blindly."""

from __future__ import annotations

import os
import shutil
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import compiler.pipeline.passes
from compiler.cache import Cache, cache_for
from compiler.pipeline import CheckResult, check
from compiler.report import FORMATS, render
from tests.compiling import EXAMPLES, TODAY, copy_tenant, lay_out

CASES = sorted(path for path in (EXAMPLES / "negative").iterdir() if not path.name.startswith("CV60"))


def told(result: CheckResult) -> list[Any]:
    """Everything a caller can see of a result."""
    tenants = {
        slug: (c.digest, c.size, c.unapproved, c.diagnostics) if c is not None else None
        for slug, c in result.tenants.items()
    }
    return [result.diagnostics, tenants, result.sources, [render(result, form) for form in FORMATS]]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    lay_out(tmp_path / "tenants")
    copy_tenant(tmp_path / "tenants", "plain", "other")
    (tmp_path / "tenants" / "other" / "approvals.yaml").unlink()
    return tmp_path / "tenants"


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return {"XDG_CACHE_HOME": f"{tmp_path / 'cache'}"}


def cached(root: Path, environment: dict[str, str], **how: Any) -> CheckResult:
    cache = cache_for(root, environment)
    assert cache is not None
    return check(root, **{"today": TODAY, **how}, cache=cache)


def kept(environment: dict[str, str]) -> Path:
    (file,) = (Path(environment["XDG_CACHE_HOME"]) / "convo").iterdir()
    return file


@pytest.fixture
def compiled(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The tenants that were really compiled."""
    slugs: list[str] = []
    really = compiler.pipeline.passes.Passes.compile

    def noting(self: Any, slug: str, folder: Any, *, bundles: bool) -> Any:
        slugs.append(slug)
        return really(self, slug, folder, bundles=bundles)

    monkeypatch.setattr(compiler.pipeline.passes.Passes, "compile", noting)
    return slugs


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.name)
def test_a_result_from_the_cache_is_the_result_to_the_last_span(case: Path, tmp_path: Path) -> None:
    environment = {"XDG_CACHE_HOME": f"{tmp_path / 'cache'}"}
    case_settings = lay_out(tmp_path / "tenants", case)
    stage = case_settings.get("stage", "sandbox")
    plain = told(check(tmp_path / "tenants", today=TODAY, stage=stage))
    for _ in range(2):
        assert told(cached(tmp_path / "tenants", environment, stage=stage)) == plain


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    steps=st.lists(
        st.tuples(st.integers(0, 40), st.integers(0, 400), st.sampled_from("x:-\n[\u200b")), max_size=4
    )
)
def test_whatever_is_edited_the_cache_says_what_the_compiler_says(
    steps: list[tuple[int, int, str]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("edited")
    lay_out(folder / "tenants")
    copy_tenant(folder / "tenants", "plain", "other")
    environment = {"XDG_CACHE_HOME": f"{folder / 'cache'}"}
    cached(folder / "tenants", environment)
    for which, where, what in steps:
        files = sorted((folder / "tenants").rglob("*.yaml"))
        file = files[which % len(files)]
        text = file.read_text(encoding="utf-8")
        at = where % (len(text) + 1)
        file.write_text(text[:at] + what + text[at:], encoding="utf-8")
        assert told(cached(folder / "tenants", environment)) == told(check(folder / "tenants", today=TODAY))
    shutil.rmtree(folder)


def test_only_what_changed_is_compiled_again(
    root: Path, environment: dict[str, str], compiled: list[str]
) -> None:
    cached(root, environment)
    assert compiled == ["other", "plain"]
    cached(root, environment)
    (root / "plain" / "caps.yaml").write_text((root / "plain" / "caps.yaml").read_text() + "\n# again\n")
    cached(root, environment)
    assert compiled == ["other", "plain", "plain"]


def test_time_and_place_decide_nothing(root: Path, environment: dict[str, str], compiled: list[str]) -> None:
    cached(root, environment)
    for path in root.rglob("*.yaml"):
        os.utime(path, (1, 1))
    cached(root, environment)
    assert len(compiled) == 2
    caps = root / "plain" / "caps.yaml"
    about = caps.stat()
    caps.write_text(caps.read_text().replace("concurrency: 4", "concurrency: 0"))  # as long as it was
    os.utime(caps, ns=(about.st_atime_ns, about.st_mtime_ns))
    assert [d.code for d in cached(root, environment).diagnostics if d.is_error] == ["CV3006"]


def test_a_pack_an_organisation_a_day_and_a_stage_are_part_of_what_is_kept(
    root: Path, environment: dict[str, str], compiled: list[str]
) -> None:
    cached(root, environment)
    for path in (root / "_packs" / "all" / "pack.yaml", root / "_organisations" / "example.yaml"):
        compiled.clear()
        path.write_text(path.read_text() + "\n# other bytes\n")
        cached(root, environment)
        assert compiled == ["other", "plain"]
    compiled.clear()
    later = cached(root, environment, today=date(2027, 6, 15))
    assert {d.code for d in later.diagnostics} >= {"CV5003"}
    assert told(later) == told(check(root, today=date(2027, 6, 15)))
    assert told(cached(root, environment, stage="live")) == told(check(root, today=TODAY, stage="live"))
    assert compiled.count("plain") == 4


def test_another_compiler_believes_nothing(
    root: Path, environment: dict[str, str], compiled: list[str]
) -> None:
    cached(root, environment)
    check(root, today=TODAY, cache=Cache(kept(environment), "another compiler"))
    assert compiled == ["other", "plain"] * 2


@pytest.mark.parametrize("damage", ["cut", "flip", "empty", "garbage", "swapped", "directory"])
def test_a_damaged_cache_is_made_again(
    damage: str, root: Path, environment: dict[str, str], compiled: list[str]
) -> None:
    plain = told(cached(root, environment))
    file = kept(environment)
    data = file.read_bytes()
    match damage:
        case "cut":
            file.write_bytes(data[:-40])
        case "flip":
            file.write_bytes(
                data.replace(b'"unapproved":true', b'"unapproved":True').replace(b"CV60", b"CV61")
            )
        case "empty":
            file.write_bytes(b"")
        case "garbage":
            file.write_bytes(b"\xff\x00" * 5_000)
        case "swapped":  # each result under the other's name
            head, *lines = data.splitlines()
            keys, rest = [line[:64] for line in lines], [line[64:] for line in lines]
            file.write_bytes(
                b"\n".join([head, *(k + r for k, r in zip(keys[::-1], rest, strict=True))]) + b"\n"
            )
        case _:
            file.unlink()
            file.mkdir()
    compiled.clear()
    assert told(cached(root, environment)) == plain
    assert compiled
    compiled.clear()
    assert told(cached(root, environment)) == plain
    assert compiled == ([] if damage != "directory" else ["other", "plain"])


def test_a_cache_that_others_may_write_to_or_that_is_a_link_is_not_read(
    root: Path, environment: dict[str, str], compiled: list[str], tmp_path: Path
) -> None:
    cached(root, environment)
    file = kept(environment)
    file.chmod(0o666)
    cached(root, environment)
    assert len(compiled) == 4
    assert file.stat().st_mode & 0o077 == 0
    file.rename(tmp_path / "elsewhere")
    file.symlink_to(tmp_path / "elsewhere")
    cached(root, environment)
    assert len(compiled) == 6
    assert not file.is_symlink()
    file.parent.chmod(0o777)
    cached(root, environment)
    assert len(compiled) == 8


def test_a_cache_of_somebody_else_is_not_read(
    root: Path, environment: dict[str, str], compiled: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    cached(root, environment)
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    cached(root, environment)
    assert len(compiled) == 4


def test_a_file_that_can_no_longer_be_read_is_never_passed_over(
    root: Path, environment: dict[str, str]
) -> None:
    assert cached(root, environment).ok
    caps = root / "plain" / "caps.yaml"
    caps.write_bytes(b"#" * (1 << 20) + b"\n" * 2)
    assert {d.code for d in cached(root, environment).diagnostics if d.is_error} == {"CV1003"}
    caps.unlink()
    caps.symlink_to("persona.yaml")
    assert {d.code for d in cached(root, environment).diagnostics if d.is_error} == {"CV1002", "CV1006"}


def test_neither_ci_nor_a_user_without_a_home_has_a_cache(root: Path) -> None:
    assert cache_for(root, {"HOME": "/nowhere", "CI": "true"}) is None
    assert cache_for(root, {}) is None
    assert cache_for(root, {"XDG_CACHE_HOME": "relative"}) is None


def test_a_cache_that_cannot_be_written_only_costs_time(root: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    assert cached(root, {"XDG_CACHE_HOME": f"{tmp_path / 'file'}"}).ok


def test_a_bundle_that_was_not_kept_is_compiled_when_asked_for(
    root: Path, environment: dict[str, str]
) -> None:
    fresh = check(root, today=TODAY).tenants["plain"]
    cached(root, environment)
    again = cached(root, environment).tenants["plain"]
    assert fresh is not None
    assert again is not None
    assert again.bundle == fresh.bundle
    (root / "plain" / "caps.yaml").write_text("concurrency: 1\n")
    with pytest.raises(compiler.pipeline.CompileFailed):
        _ = again.bundle


def test_a_check_without_bundles_finds_the_same_and_makes_them_when_asked(root: Path) -> None:
    assert told(check(root, today=TODAY, bundles=False)) == told(check(root, today=TODAY))


def test_a_bundle_asked_for_after_its_files_have_changed_is_refused(root: Path) -> None:
    found = check(root, today=TODAY, bundles=False).tenants["plain"]
    assert found is not None
    caps = root / "plain" / "caps.yaml"
    caps.write_text(caps.read_text() + "# one more remark\n")
    with pytest.raises(compiler.pipeline.CompileFailed):
        _ = found.digest


def test_a_bundle_asked_for_after_its_pack_has_changed_is_refused(root: Path) -> None:
    found = check(root, today=TODAY, bundles=False).tenants["plain"]
    assert found is not None
    pack = root / "_packs" / "all" / "pack.yaml"
    pack.write_text(pack.read_text() + "# one more remark\n")
    with pytest.raises(compiler.pipeline.CompileFailed):
        _ = found.bundle


def test_what_a_check_without_bundles_kept_serves_another_and_is_made_whole_for_one_with(
    root: Path, environment: dict[str, str], compiled: list[str]
) -> None:
    cached(root, environment, bundles=False)
    cached(root, environment, bundles=False)
    assert compiled == ["other", "plain"]
    whole = cached(root, environment)
    assert compiled == ["other", "plain"] * 2
    cached(root, environment)
    cached(root, environment, bundles=False)
    assert compiled == ["other", "plain"] * 2
    assert told(whole) == told(check(root, today=TODAY))


def test_results_nobody_asks_for_any_more_are_dropped(
    root: Path, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compiler.cache, "DEAD_LINES", 10)
    for day in range(12):
        cached(root, environment, today=TODAY + timedelta(days=day))
    assert kept(environment).read_bytes().count(b"\n") <= 20


def test_a_pack_that_nobody_takes_counts_from_the_day_somebody_must_take_it(
    root: Path, environment: dict[str, str]
) -> None:
    pack = root / "_packs/trade/pack.yaml"
    pack.parent.mkdir()
    plain = "id: trade\ntitle: T\nsays: S\nduties: []\nguardrails: []\ndomains: []\n"
    for more in (
        "",
        "required_for: {roles: [claims_management_company]}\n",
        "required_for: {roles: [law_firm]}\n",
    ):
        for above in ("", "# A line more.\n"):  # it is pointed at where it now stands
            pack.write_text(above + plain + more)
            for _ in range(2):
                found = cached(root, environment)
                assert told(found) == told(check(root, today=TODAY))
                assert any(d.code == "CV5059" for d in found.diagnostics) == ("claims" in more)
