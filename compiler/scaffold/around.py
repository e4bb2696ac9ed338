"""What stands around the tenants: their organisation, their packs, and the repository's own files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from compiler.edits import apply, insertion
from compiler.layout.scalars import bare_reads_the_same, quoted
from compiler.scaffold.packs import PACKS, shipped
from compiler.scaffold.template import SCHEMAS, laid_out, template
from compiler.scaffold.wanted import Refused
from compiler.source.files import Parsed
from compiler.source.parse import parse
from compiler.source.tree import Seq

ORGANISATIONS = "_organisations"
VERSION_FILE = ".github/convo-requirements.txt"
# Where each file of the repository comes from, and where else one may already be that does its work.
REPOSITORY: Mapping[str, tuple[str, tuple[str, ...]]] = {
    ".github/CODEOWNERS": ("CODEOWNERS", ("CODEOWNERS", "docs/CODEOWNERS")),
    ".github/workflows/convo.yml": ("workflows/convo.yml", ()),
    ".github/workflows/convo-trusted.yml": ("workflows/convo-trusted.yml", ()),
    VERSION_FILE: ("convo-requirements.txt", ()),
    ".gitignore": ("gitignore", ()),
    "README.md": ("README.md", ()),
    "trust/README.md": ("trust/README.md", ()),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Organisation:
    """The organisation a tenant joins, and its file as it must become (none when it lists the tenant already)."""

    slug: str
    files: Mapping[str, str]


def organisation(tenants: Path, slug: str, asked: str | None) -> Organisation:
    """The one asked for, else the only one there is, else a new one. Raises Refused."""
    known = sorted(path.stem for path in (tenants / ORGANISATIONS).glob("*.yaml"))
    if asked is None and len(known) > 1:
        raise Refused(f"name the organisation with --organisation: there are {', '.join(known)}")
    name = asked or (known[0] if known else f"{slug}-group")
    path = f"tenants/{ORGANISATIONS}/{name}.yaml"
    if name not in known:
        title = name.replace("-", " ").title()
        text = template("organisation.yaml", {"organisation": name, "title": title, "slug": slug})
        return Organisation(slug=name, files={path: laid_out(path, text)})
    text = (tenants / ORGANISATIONS / f"{name}.yaml").read_text(encoding="utf-8")
    joined = _joined(path, text, slug)
    return Organisation(slug=name, files={path: joined} if joined != text else {})


def packs(tenants: Path, names: tuple[str, ...]) -> Mapping[str, str]:
    """The files of the packs that the repository does not have yet."""
    files = {}
    for name in names:
        if not (tenants / PACKS / name).is_dir():
            for path in sorted((shipped() / name).rglob("*.yaml")):
                relative = path.relative_to(shipped())
                files[f"tenants/{PACKS}/{relative.as_posix()}"] = path.read_text(encoding="utf-8")
    return files


def repository(root: Path) -> tuple[Mapping[str, str], list[str]]:
    """(files that are missing, what to add by hand to those that exist)."""
    values = {"version": _version()}
    files: dict[str, str] = {}
    notes: list[str] = []
    for path, (name, elsewhere) in REPOSITORY.items():
        text = template(f"repository/{name}", values)
        there = next((place for place in (path, *elsewhere) if (root / place).exists()), None)
        if there is None:
            files[path] = text
        elif missing := _missing(text, (root / there).read_text(encoding="utf-8", errors="replace")):
            notes.append(_note(there, missing))
    if not (root / "schemas" / "tenant").is_dir():
        for schema in sorted(SCHEMAS.glob("*.schema.json")):
            files[f"schemas/tenant/{schema.name}"] = schema.read_text(encoding="utf-8")
    return files, notes


def _joined(path: str, text: str, slug: str) -> str:
    """The organisation's file with one more tenant, and everything else as it was. Raises Refused."""
    data = parse(Parsed(path, "organisation", text=text)).data
    listed = data.get("tenants") if isinstance(data, dict) else None
    if not isinstance(listed, Seq):
        raise Refused(
            f"{path} has no list of `tenants`: put it right first, `convo compile --check` says how"
        )
    if slug in listed:
        return text
    entry = slug if bare_reads_the_same(slug, flow=True) else quoted(slug)
    end = listed.node.end_mark
    if listed.node.flow_style or not listed:
        new = f", {entry}" if listed else entry
        return apply(text, [insertion(path, end.line + 1, end.column, new)])
    lines = text.splitlines(keepends=True)
    last = listed.node.value[-1].end_mark.line  # a comment may stand beside it
    lead = lines[listed.node.value[0].start_mark.line].partition("-")[0]
    return "".join([*lines[:last], lines[last].rstrip("\n"), f"\n{lead}- {entry}\n", *lines[last + 1 :]])


def _missing(wanted: str, there: str) -> list[str]:
    """Lines of ours that the file does not have; comments are of no matter."""
    has = {line.strip() for line in there.splitlines()}
    lines = (line.strip() for line in wanted.splitlines())
    return [line for line in lines if line and not line.startswith("#") and line not in has]


def _note(path: str, missing: list[str]) -> str:
    if path.endswith((".yml", "README.md")):
        return f"{path} exists and stays as it is; compare it with the one a new folder gets"
    return "\n".join([f"{path} exists and stays as it is; add to it:", *(f"    {line}" for line in missing)])


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("convo-engine")
    except PackageNotFoundError:  # run from a source tree that is not installed
        return "0.1.0"
