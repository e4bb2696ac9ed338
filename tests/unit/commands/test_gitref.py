"""A ref becomes a folder: byte for byte what was committed, wherever the tenants lie, and nothing else."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from commands import UsageProblem
from commands.gitref import folder_at, merge_base, resolved, tenants_at


def git(root: Path, *arguments: str) -> str:
    who = ("-c", "user.name=Wat Example", "-c", "user.email=wat@example.com", "-c", "commit.gpgsign=false")
    done = subprocess.run(
        ["git", "-C", str(root), *who, *arguments], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def repository(root: Path, files: dict[str, bytes]) -> str:
    """A repository with these files on `main`. Returns the commit."""
    root.mkdir(exist_ok=True)
    git(root, "init", "-q", "-b", "main")
    for name, data in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(data)
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "First")
    return git(root, "rev-parse", "HEAD")


def held(folder: Path) -> dict[str, bytes]:
    return {f"{p.relative_to(folder)}": p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.mark.parametrize(
    ("tenants", "within"), [("tenants", "tenants/"), ("a/b/tenants", "a/b/tenants/"), (".", "")]
)
def test_files_are_those_of_the_commit_whatever_became_of_them(
    tmp_path: Path, tenants: str, within: str
) -> None:
    root = tmp_path / "r"
    odd = b"\r\n\x00$Id$\xff"
    commit = repository(root, {f"{within}x/a.yaml": odd, f"{within}_packs/p/b c.yaml": b"1\n"})
    (root / f"{within}x/a.yaml").write_bytes(b"other")
    (root / f"{within}new.yaml").write_bytes(b"new")
    with tenants_at("main", root / tenants) as at:
        assert at.commit == commit
        assert held(at.folder) == {"x/a.yaml": odd, "_packs/p/b c.yaml": b"1\n"}
        kept = at.folder
    assert not kept.exists()
    assert (root / f"{within}x/a.yaml").read_bytes() == b"other"


def test_attributes_of_the_commit_change_nothing(tmp_path: Path) -> None:
    root = tmp_path / "r"
    attributes = b"*.yaml export-ignore export-subst eol=crlf working-tree-encoding=UTF-16\n"
    repository(root, {"tenants/x/a.yaml": b"$Format:%H$\n"})
    (root / ".gitattributes").write_bytes(attributes)
    git(root, "add", ".gitattributes")
    git(root, "commit", "-q", "-m", "Hide")
    with tenants_at("HEAD", root / "tenants") as at:
        assert held(at.folder) == {"x/a.yaml": b"$Format:%H$\n"}


def test_a_commit_without_the_folder_is_an_empty_one(tmp_path: Path) -> None:
    repository(tmp_path / "r", {"README.md": b"Hello.\n"})
    with tenants_at("HEAD", tmp_path / "r" / "tenants") as at:
        assert held(at.folder) == {}


def test_what_is_beside_the_folder_stays_there(tmp_path: Path) -> None:
    repository(tmp_path / "r", {"tenants/x/a.yaml": b"1", "tenants-old/y.yaml": b"2", "z.yaml": b"3"})
    with tenants_at("HEAD", tmp_path / "r" / "tenants") as at:
        assert held(at.folder) == {"x/a.yaml": b"1"}


@pytest.mark.parametrize(
    "ref",
    [
        "",
        "-p",
        "--all",
        "main..main",
        "main:x",
        "main@{0}",
        "ma in",
        "main\n",
        "main^{tree}",
        "^main",
        "a" * 300,
        "nope",
    ],
)
def test_what_names_no_commit_is_refused(tmp_path: Path, ref: str) -> None:
    repository(tmp_path / "r", {"a": b"1"})
    with pytest.raises(UsageProblem):
        resolved(ref, tmp_path / "r")


@pytest.mark.parametrize("ref", ["main", "HEAD", "HEAD~0", "v1.0", "feature/x-1"])
def test_branches_tags_and_what_stands_before_them_are_refs(tmp_path: Path, ref: str) -> None:
    commit = repository(tmp_path / "r", {"a": b"1"})
    git(tmp_path / "r", "tag", "v1.0")
    git(tmp_path / "r", "branch", "feature/x-1")
    assert resolved(ref, tmp_path / "r") == commit


def test_the_base_is_where_the_branch_left_main(tmp_path: Path) -> None:
    root = tmp_path / "r"
    first = repository(root, {"tenants/a": b"1"})
    git(root, "checkout", "-q", "-b", "work")
    git(root, "commit", "-q", "--allow-empty", "-m", "Work")
    assert merge_base(root / "tenants") == first
    git(root, "branch", "-q", "-D", "main")
    with pytest.raises(UsageProblem, match="--base"):
        merge_base(root / "tenants")
    (tmp_path / "bare").mkdir()
    with pytest.raises(UsageProblem, match="no git repository"):
        merge_base(tmp_path / "bare")


def test_a_folder_of_tenants_that_is_a_link_in_the_commit_is_refused(tmp_path: Path) -> None:
    root = tmp_path / "r"
    repository(root, {"elsewhere/x/a.yaml": b"1"})
    (root / "tenants").symlink_to("elsewhere")
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "Link")
    (root / "tenants").unlink()
    (root / "tenants").mkdir()
    with pytest.raises(UsageProblem, match="no folder in that commit"), tenants_at("HEAD", root / "tenants"):
        pass


def test_a_submodule_in_the_folder_is_refused(tmp_path: Path) -> None:
    root = tmp_path / "r"
    commit = repository(root, {"tenants/x/a.yaml": b"1"})
    git(root, "update-index", "--add", "--cacheinfo", f"160000,{commit},tenants/y")
    git(root, "commit", "-q", "-m", "Module")
    with pytest.raises(UsageProblem, match="tenants/y is a submodule"), tenants_at("HEAD", root / "tenants"):
        pass


def test_a_folder_may_stand_where_a_ref_does(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    with folder_at(f"{tmp_path / 'other'}", tmp_path / "tenants") as folder:
        assert folder == tmp_path / "other"
