"""`convo propose`: a firm's documents become proposed claims that compile, are approved by nobody, and overwrite nothing."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from commands import OK, WRONG, UsageProblem
from commands.options import TenantPath, Today, day_of, tenant_path
from commands.terminal import Progress

if TYPE_CHECKING:
    from compiler.diagnostics import Diagnostic
    from compiler.documents import Kept
    from compiler.propose import Frame, LeftOut, Proposal
    from compiler.source.model import Source

REVIEW_DAYS = 180
ROUNDS = 6  # of compiling and leaving out what the rules refuse
SHOWN = 12  # words left out that are printed; the file lists all
SAID = "says so already"
UNREACHED = "CV5027"  # a disclosure that no journey comes to
SOURCES = "sources.yaml"
SOURCES_HEAD = "# yaml-language-server: $schema=../../schemas/tenant/sources.schema.json\n\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What one document comes to: texts by path relative to the tenant, and what was left out."""

    claims: int
    texts: dict[str, str]
    document: str
    data: bytes
    left_out: tuple[LeftOut, ...]


class NothingNew(Exception):
    """A document without a statement that could be a claim, and why each of them is none."""

    def __init__(self, document: str, left_out: list[LeftOut]) -> None:
        super().__init__(document)
        self.document, self.left_out = document, left_out

    @property
    def said_already(self) -> bool:
        """Whether there are statements, and the register or a proposal has every one."""
        return any(item.why.endswith(SAID) for item in self.left_out)


def propose(
    tenant: TenantPath,
    files: Annotated[list[Path], typer.Argument(help="PDF, Markdown or HTML files of the firm")],
    today: Today = None,
) -> int:
    """Turn a firm's documents into proposed claims, one statement each, with where each stands. Nobody has approved them.

    The document is kept under documents/, the claims go to claims/proposed-<name>.yaml. Nothing is overwritten. What the
    rules would refuse is left out, with the reason. No model is used: every word is the document's.
    """
    from compiler.documents import DocumentRefused, read_document
    from compiler.documents import normalised as name_of

    path, day = tenant_path(tenant).resolve(), day_of(today)
    names = [name_of(file) for file in files]
    if twice := [name for name, count in Counter(names).items() if count > 1]:
        raise UsageProblem(f"two of the files would be called {twice[0]}: rename one")
    progress = Progress("documents", environment=os.environ)
    failed = 0
    for number, file in enumerate(files):
        progress(number, len(files))
        try:
            kept = read_document(file)
            made = _proposed(path, kept, day)
        except NothingNew as nothing:
            progress.clear()
            failed += not nothing.said_already
            _tell_nothing(nothing)
            continue
        except (DocumentRefused, UsageProblem) as refused:
            progress.clear()
            failed += 1
            typer.echo(f"convo: {refused}", err=True)
            continue
        _write(path, made)
        progress.clear()
        _tell(path, made)
    return WRONG if failed else OK


def _proposed(path: Path, kept: Kept, day: date) -> Written:
    """The files for one document, compiled once in a copy. Raises UsageProblem when there is nothing to propose."""
    from compiler.propose import MOST_CLAIMS, MOST_LEFT_OUT, LeftOut, as_fact
    from compiler.propose import propose as statements_of

    source = _source(path)
    frame = _frame(path, source, kept, day)
    claims = _claims_name(path, frame)
    _refuse_to_overwrite(path, kept, claims)
    texts = {claim.id: [t for by in claim.texts.values() for t in by.values()] for claim in source.spoken()}
    found = statements_of(kept.document, texts)
    for most, got, what in (
        (MOST_CLAIMS, found.proposals, "statements"),
        (MOST_LEFT_OUT, found.left_out, "passages that are none"),
    ):
        if len(got) > most:
            raise UsageProblem(f"{kept.document.name}: more than {most} {what}; give the part that matters")
    proposals, left_out = list(found.proposals), list(found.left_out)
    with tempfile.TemporaryDirectory(prefix="convo-propose-") as folder:
        copy = _copied(path, Path(folder), kept)
        before = _errors(copy, day)
        for _ in range(ROUNDS):
            if not proposals:
                break
            texts_now = _texts(path / claims, proposals, left_out, frame, day)
            for name, text in texts_now.items():
                (copy / name).parent.mkdir(exist_ok=True)
                (copy / name).write_text(text, "utf-8")
            new = [d for d in _errors(copy, day) if _key(d) not in {_key(b) for b in before}]
            if not new:
                return Written(
                    claims=len(proposals),
                    texts=texts_now,
                    document=kept.document.name,
                    data=kept.data,
                    left_out=tuple(left_out),
                )
            refused = _refused(new, f"{path.name}/{claims}", texts_now[claims])
            if not refused:
                raise UsageProblem(f"{kept.document.name}: {new[0].code} {new[0].message}")
            for index in sorted(refused, reverse=True):
                if refused[index].startswith(UNREACHED) and proposals[index].kind != "fact":
                    proposals[index] = as_fact(proposals[index])
                    continue
                gone = proposals.pop(index)
                left_out.append(LeftOut(text=gone.says, place=gone.place, why=refused[index]))
    raise NothingNew(kept.document.name, left_out)


def _source(path: Path) -> Source:
    from compiler.load import load, schema
    from compiler.source.read import read
    from compiler.validate import validate

    tree = load(path.parent)
    for folder in tree.folders():
        for parsed in folder.files:
            validate(parsed, schema(parsed.kind))
    return read(tree)[path.name]


def _frame(path: Path, source: Source, kept: Kept, day: date) -> Frame:
    from compiler.propose import Frame

    prefixes = Counter(claim.id.split("-")[0] for claim in source.claims.values() if claim.owner == path.name)
    initials = "".join(word[0] for word in path.name.split("-")).upper()
    stem = Path(kept.document.name).stem
    known = {raw.get("id") for file in source.folder.of("sources") for raw in file.data or ()}
    base = "DOC-" + re.sub(r"[^A-Z0-9]+", "-", stem.upper()).strip("-")[:30].strip("-")
    name = next(n for n in [base, *(f"{base}-{i}" for i in range(2, 1000))] if n not in known)
    return Frame(
        tenant=path.name,
        document=kept.document.name,
        source=name,
        effective=f"{day}",
        review_by=f"{day + timedelta(days=REVIEW_DAYS)}",
        prefix=prefixes.most_common(1)[0][0] if prefixes else initials,
        taken=frozenset(source.claims),
        schema_path="../../../schemas/tenant/claims.schema.json",
    )


def _claims_name(path: Path, frame: Frame) -> str:
    """claims/proposed-<name>.yaml, with the suffix in it where the same document was read in another format before."""
    name = Path(frame.document)
    stem = f"claims/proposed-{name.stem}"
    there = path / f"{stem}.yaml"
    if there.exists() and f"document: {frame.document}\n" not in there.read_text("utf-8", "replace"):
        stem += f"-{name.suffix[1:]}"
    return f"{stem}.yaml"


def _refuse_to_overwrite(path: Path, kept: Kept, claims: str) -> None:
    if (path / claims).exists():
        raise UsageProblem(f"{path / claims} is there already: move its claims to their topics, or remove it")
    document = path / kept.document.name
    if document.exists() and document.read_bytes() != kept.data:
        raise UsageProblem(f"{document} is there already and differs: give the new document another name")


def _texts(
    claims: Path, proposals: list[Proposal], left_out: list[LeftOut], frame: Frame, day: date
) -> dict[str, str]:
    """The file of claims, laid out, and sources.yaml with the document in it."""
    from compiler.layout import layout
    from compiler.load import schema
    from compiler.propose import claims_file, numbered, source_entry

    path = claims.parent.parent
    name = claims.relative_to(path).as_posix()
    raw = claims_file(numbered(proposals, frame), left_out, frame)
    made = layout(name, "claims", raw, schema("claims"))
    sources = path / SOURCES
    there = sources.read_text("utf-8").rstrip("\n") + "\n\n" if sources.exists() else SOURCES_HEAD
    written = there + source_entry(frame, seen=f"{day}")
    tidy = layout(SOURCES, "sources", written, schema("sources")).text
    return {name: made.text or raw, SOURCES: tidy or written}


def _copied(path: Path, folder: Path, kept: Kept) -> Path:
    """The tenant with its packs and organisations, in a folder that is thrown away."""
    for name in ("_packs", "_organisations", path.name):
        if (path.parent / name).is_dir():
            shutil.copytree(path.parent / name, folder / name, symlinks=True)
    target = folder / path.name / kept.document.name
    target.parent.mkdir(exist_ok=True)
    target.write_bytes(kept.data)
    return folder / path.name


def _errors(copy: Path, day: date) -> list[Diagnostic]:
    from compiler.pipeline import check

    return [d for d in check(copy.parent, today=day, only=[copy.name]).diagnostics if d.is_error]


def _key(d: Diagnostic) -> tuple[str, str, str]:
    return d.code, d.span.file, d.message


def _refused(new: list[Diagnostic], file: str, text: str) -> dict[int, str]:
    """Which claims of the file the rules object to, by their number in it, and why."""
    starts = [n for n, line in enumerate(text.split("\n"), 1) if line.startswith("- id:")]
    refused: dict[int, str] = {}
    for d in new:
        for span in (d.span, *(label.span for label in d.labels)):
            if span.file == file:
                index = sum(start <= span.line for start in starts) - 1
                refused.setdefault(max(index, 0), f"{d.code}, {d.message}")
                break
    return refused


def _write(path: Path, made: Written) -> None:
    """The document first, then what names it; the file of claims must not be there."""
    document = path / made.document
    try:
        document.parent.mkdir(exist_ok=True)
        if not document.exists():
            with document.open("xb") as new:
                new.write(made.data)
        for name, text in made.texts.items():
            target = path / name
            target.parent.mkdir(exist_ok=True)
            if name == SOURCES:
                fresh = target.with_name(f".{SOURCES}.new")
                fresh.write_text(text, "utf-8")
                fresh.replace(target)
            else:
                with target.open("x", encoding="utf-8") as new_text:
                    new_text.write(text)
    except OSError as error:
        raise UsageProblem(f"{error.filename}: {error.strerror}") from None


def _tell(path: Path, made: Written) -> None:
    claims = next(name for name in made.texts if name != SOURCES)
    typer.echo(f"{path / claims}: {made.claims} claims proposed; nobody has approved them")
    typer.echo(f"{path / made.document}: kept, its digest is part of what is approved")
    _tell_left_out(made.left_out[:SHOWN])
    if len(made.left_out) > SHOWN:
        typer.echo(f"  and {len(made.left_out) - SHOWN} more, listed at the end of the file")


def _tell_nothing(nothing: NothingNew) -> None:
    """Nothing is written, so that every passage is told here."""
    if nothing.said_already:
        typer.echo(f"{nothing.document}: what it states is registered or proposed already; nothing written")
    else:
        typer.echo(
            f"convo: {nothing.document}: no statement in it that the rules let stand as a claim", err=True
        )
    _tell_left_out(nothing.left_out, err=not nothing.said_already)


def _tell_left_out(items: Iterable[LeftOut], *, err: bool = False) -> None:
    from compiler.diagnostics.escape import visible
    from compiler.propose import shown

    for item in items:
        text = visible(f'{item.why}: "{shown(item.text)}"')
        typer.echo(f"  left out, {item.place}: {text}", err=err)
