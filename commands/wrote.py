"""Who wrote a part of a tenant file, as git tells: whoever changed its own lines since a commit, trailers and all."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

from commands.whochanged import told
from compiler.source.people import mails_of, same_person

_NOT_COMMITTED = "0" * 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Some lines of a file as it stands in the working folder, both ends included, counted from 1."""

    file: Path
    first: int
    last: int


def part_of(file: Path, node: Any) -> Part:
    """The lines of a PyYAML node. A mapping's own end mark overshoots, so its last scalar ends it."""
    return Part(file=file, first=node.start_mark.line + 1, last=max(_ends(node)))


def authors(part: Part, since: str = "", *, also: Iterable[Path] = ()) -> tuple[str, ...]:
    """`Name <mail>` of all who changed these lines after a commit, co-authors included; () where git does not tell.

    Without a commit, or when nobody changed them since: of whoever changed the files `also`, else of the lines that stand.
    """
    where = part.file.parent
    if not told(where, "ls-files", "--", part.file.name):
        return _here(where) if told(where, "rev-parse", "--git-dir") else ()
    head, edited = _in_head(part)
    found = _here(where) if edited else ()
    if since and head is not None:
        span = f"{head.first},{head.last}:{part.file.name}"
        found += _of(where, told(where, "log", "-s", "--format=%H", "-L", span, f"{since}..HEAD").split())
    if since and not found:
        found = tuple(name for file in also for name in _of_file(file, since))
    if not found:
        found = _of(where, _standing(part))
    return tuple(dict.fromkeys(found))


def commit_that_brought(text: str, file: Path) -> str:
    """The newest commit that added a text to a file, or took it away; empty when git knows none."""
    return told(file.parent, "log", "-1", "--format=%H", f"-S{text}", "--", file.name)


def addresses_of(name: str, where: Path) -> frozenset[str]:
    """The mail addresses under which somebody of this name has ever committed here."""
    rows = {tuple(row.rsplit("\t", 1)) for row in told(where, "log", "--format=%an%x09%ae").splitlines()}
    return frozenset(mail.casefold() for known, mail in rows if same_person(known, name))


def listed(found: Sequence[str], person: str, addresses: frozenset[str]) -> list[str]:
    """The names alone, each person once; whoever used an address of `person` is that person, whatever they call themselves."""
    names: list[str] = []
    for one in found:
        name = one.rpartition(" <")[0].strip() or one
        if not addresses.isdisjoint(mails_of(one)) or same_person(one, person):
            name = person
        if not any(same_person(name, known) for known in names):
            names.append(name)
    return names


def _here(where: Path) -> tuple[str, ...]:
    """Whoever works in this folder."""
    name, mail = told(where, "config", "user.name"), told(where, "config", "user.email")
    return (f"{name} <{mail}>",) if name else ()


def _in_head(part: Part) -> tuple[Part | None, bool]:
    """(the same lines as they were committed last, None when they are new; whether they were edited since)."""
    before = told(part.file.parent, "show", f"HEAD:./{part.file.name}").splitlines()
    now = part.file.read_text(encoding="utf-8", errors="replace").splitlines()
    while now and not now[-1].strip():  # as `told` strips
        now.pop()
    first, last = part.first - 1, min(part.last, len(now))
    held: list[int] = []
    edited = False
    for tag, i, j, k, m in SequenceMatcher(None, before, now, autojunk=False).get_opcodes():
        if tag == "equal":
            held += [i + row - k for row in range(max(k, first), min(m, last))]
        elif max(k, first) < min(m, last) or (k == m and first < k < last):
            held += range(i, j)
            edited = True
    if not held:
        return None, True
    return Part(file=part.file, first=min(held) + 1, last=max(held) + 1), edited


def _standing(part: Part) -> list[str]:
    """The commits that wrote the lines that stand, but for what is not committed."""
    span = f"{part.first},{part.last}"
    rows = told(
        part.file.parent, "blame", "-l", "-s", "--root", "-L", span, "--", part.file.name
    ).splitlines()
    return [sha for row in rows if (sha := row.split(" ", 1)[0].lstrip("^")) != _NOT_COMMITTED]


def _of_file(file: Path, since: str) -> Iterator[str]:
    where = file.parent
    if told(where, "status", "--porcelain", "--", file.name):
        yield from _here(where)
    yield from _of(where, told(where, "log", "--format=%H", f"{since}..HEAD", "--", file.name).split())


def _of(where: Path, commits: Sequence[str]) -> tuple[str, ...]:
    """The authors of commits, as `Name <mail>`, and whoever their messages name as co-authors."""
    from compiler.forge import co_authors

    if not commits:
        return ()
    found: list[str] = []
    shas = dict.fromkeys(commits)
    entries = told(where, "show", "-s", "-z", "--format=%an <%ae>%n%B", *shas).split("\0")
    for entry in entries:
        author, _, message = entry.partition("\n")
        found += [author, *co_authors(message)]
    return tuple(name for name in found if name)


def _ends(node: Any) -> Iterator[int]:
    mark = node.end_mark
    match node.id:
        case "scalar":  # a block scalar ends where the next line begins
            yield max(mark.line + (mark.column > 0), node.start_mark.line + 1)
        case "mapping":
            for pair in node.value:
                yield from (end for each in pair for end in _ends(each))
        case _:
            for each in node.value:
                yield from _ends(each)
    yield node.start_mark.line + 1
