"""For whoever writes tenant files: one layout, newer schemas, where an id is used, a page to read, claims from documents."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from commands import OK, WRONG, UsageProblem
from commands.options import AsJson, TenantPath, Today, day_of, here, tenant_path
from commands.rewriting import Scope, files_of, scope_of, settle
from commands.terminal import Progress

if TYPE_CHECKING:
    from compiler.uses import Place

Paths = Annotated[
    list[Path] | None, typer.Argument(help="tenants/, a tenant, a pack or a file (default: ./tenants)")
]
Check = Annotated[bool, typer.Option("--check", help="write nothing; exit code 1 if anything would change")]
Diff = Annotated[bool, typer.Option("--diff", help="show the change and write nothing")]
Tenants = Annotated[
    Path | None,
    typer.Option("--tenants", help="the folder of tenants (default: ./tenants, else the shipped ones)"),
]
MACHINE_WRITTEN = "approvals"


def fmt(paths: Paths = None, check: Check = False, diff: Diff = False) -> int:
    """Lay tenant files out in one way: block style, keys in order, prose folded at 100 columns. No value or comment changes.

    Files that cannot be read are left alone and named; approvals.yaml is never touched.
    """
    from compiler.fix import Rewrite
    from compiler.layout import layout
    from compiler.load import load, schema

    scope = scope_of(_meant(paths, writes=not (check or diff)))
    files = [f for f in files_of(scope, load(scope.root)) if f.kind != MACHINE_WRITTEN]
    progress = Progress("files", environment=os.environ)
    rewrites, left = [], 0
    for number, file in enumerate(files):
        progress(number, len(files))
        if file.data is None and file.diagnostics:
            reason = f"{file.diagnostics[0].code}: {file.diagnostics[0].message}"
        else:
            made = layout(file.file, file.kind, file.text, schema(file.kind))
            reason = made.reason
            if made.text is not None and made.text != file.text:
                rewrites.append(Rewrite(file=file.file, before=file.text, after=made.text))
        if reason:
            left += 1
            print(f"{scope.shown(file.file)}: left alone: {reason}", file=sys.stderr)
    progress.clear()
    done = settle(scope, rewrites, check=check, diff=diff)
    return WRONG if left else done


def upgrade(paths: Paths = None, check: Check = False, diff: Diff = False) -> int:
    """Bring tenant files to this release's schema, keeping every comment. Says what has to be approved again.

    An approver of an older file may afterwards approve what he could before: facts.
    """
    from compiler import edits
    from compiler.fix import Rewrite
    from compiler.load import load
    from compiler.upgrade import upgrade as upgraded

    scope = scope_of(_meant(paths, writes=not (check or diff)))
    tree = load(scope.root)
    wanted = {file.file.split("/")[0] for file in files_of(scope, tree)}
    rewrites, refused = [], 0
    for slug in sorted(wanted & tree.tenants.keys()):
        files = {file.file: file for file in tree.tenants[slug].files}
        plan = upgraded(files.values())
        if plan.refused:
            refused += 1
            print(f"{slug}: {plan.refused}", file=sys.stderr)
        for name, changes in plan.edits.items():
            before = files[name].text
            rewrites.append(Rewrite(file=name, before=before, after=edits.apply(before, changes)))
        for note in plan.notes:
            print(f"{slug}: {note}", file=sys.stderr)
        if plan.again:
            print(f"{slug}: to be approved again: {', '.join(plan.again)}", file=sys.stderr)
    done = settle(scope, rewrites, check=check, diff=diff)
    return WRONG if refused else done


def schema_export(
    out: Annotated[Path, typer.Option("--out", help="folder to write them to")] = Path("schemas"),
) -> int:
    """Write the schemas of tenant files, for editors: each file's first line tells an editor which one it follows."""
    import schemas

    out.mkdir(parents=True, exist_ok=True)
    for source in sorted((Path(schemas.__file__).parent / "tenant").glob("*.schema.json")):
        (out / source.name).write_bytes(source.read_bytes())
        print(out / source.name)
    return OK


def uses(
    name: Annotated[str, typer.Argument(metavar="ID", help="of a claim, link, source, pack, document ...")],
    tenants: Tenants = None,
    json_: AsJson = False,
) -> int:
    """Where an id is defined, where it is used, and what that reaches. Exit code 1 when there is no such id."""
    from compiler.diagnostics.suggest import did_you_mean
    from compiler.load import load, schema
    from compiler.uses import uses as found_uses

    scope = scope_of([tenants or here()])
    tree = load(scope.root)
    kinds = {file.kind: schema(file.kind) for folder in tree.folders() for file in folder.files}
    found = found_uses(tree, kinds, name)
    if not found.defined and not found.direct:
        help_ = did_you_mean(name, found.known)
        raise UsageProblem(f"nothing is called {name}{f': {help_}' if help_ else ''}")
    if json_:
        parts = {
            part: [_place(p) for p in getattr(found, part)] for part in ("defined", "direct", "indirect")
        }
        print(json.dumps({"id": name, **parts, "tenants": found.tenants}, ensure_ascii=False, indent=2))
        return OK
    for place in found.defined:
        print(f"{_at(scope, place)}: {place.thing.kind} {name} is defined here")
    if found.tenants:
        print(f"in force for {', '.join(found.tenants)}")
    for title, places in (("used", found.direct), ("reached through these", found.indirect)):
        if places:
            print(f"\n{title} ({len(places)})")
        for place in places:
            print(f"  {_at(scope, place)}: {_told(place)}")
    return OK


def docs(
    tenant: TenantPath,
    out: Annotated[Path | None, typer.Option("--out", help="file to write (default: <tenant>.html)")] = None,
    today: Today = None,
) -> int:
    """A tenant as one page for people who will not read YAML: what it says, what it rests on, who approved it, and when."""
    from compiler.approvals.judge import judge
    from compiler.load import load
    from compiler.page import Subject, page
    from compiler.pipeline import compile_tenant, source_of
    from schemas.bundle import Bundle

    path, day = tenant_path(tenant).resolve(), day_of(today)
    bundle = Bundle.decode(compile_tenant(path, day).bundle)
    tree = load(path.parent)
    sections = {file.kind: file.data for file in tree.tenants[path.name].files if isinstance(file.data, dict)}
    sources = {
        source["id"]: source
        for folder in tree.folders()
        for file in folder.of("sources")
        for source in file.data or ()
    }
    held = judge(source_of(path.parent, path.name), today=f"{day}").held
    written = page(
        Subject(
            bundle=bundle,
            sections=sections,
            sources=sources,
            today=f"{day}",
            scripts={name: held.lines.get(name, ()) for name in held.scripts},
            lacking={name: held.lacks(name) for name in held.scripts},
        )
    )
    target = out or Path(f"{path.name}.html")
    _write(target, written)
    print(target)
    return OK


def _meant(paths: list[Path] | None, *, writes: bool) -> list[Path]:
    """What to work on without a path: nothing is written where nobody asked for it, so only ./tenants is."""
    return paths or ([] if writes else [here()])


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, "utf-8")
    except OSError as error:
        raise UsageProblem(f"{path}: {error.strerror}") from None


def _at(scope: Scope, place: Place) -> str:
    span, file = place.span, scope.shown(place.span.file)
    return f"{file}:{span.line}:{span.column}" if span.line else file


def _told(place: Place) -> str:
    where = f"{place.path} of the {place.inside.kind} {place.inside.id}" if place.inside else place.path
    return f"{where}, through {' > '.join(place.through)}" if place.through else where


def _place(place: Place) -> dict[str, Any]:
    span = place.span
    return {
        "kind": place.thing.kind,
        "file": span.file,
        "line": span.line,
        "column": span.column,
        "path": place.path,
        "inside": {"kind": place.inside.kind, "id": place.inside.id} if place.inside else None,
        "through": place.through,
    }
