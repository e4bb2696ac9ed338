"""Disk -> bytes -> positioned trees: the closed table of files a tenants folder may hold, and its reading."""

from __future__ import annotations

import gc
import hashlib
import json
import os
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import schemas
from compiler.diagnostics import Diagnostic, Fix, Span
from compiler.diagnostics import codes as c
from compiler.diagnostics.suggest import did_you_mean
from compiler.source.alike import Alike
from compiler.source.files import Folder, Parsed, Tree

MAX_FILE_BYTES = 1 << 20
BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of file: the name of its schema, what it is called in its folder, and whether it must be there."""

    name: str
    called: str
    file: re.Pattern[str]
    required: bool = False


def _kind(name: str, file: str, *, required: bool = False) -> Kind:
    pattern = re.escape(file).replace(r"\*", r"[a-z0-9][a-z0-9_-]*")
    return Kind(name, file, re.compile(pattern + r"\Z"), required)


# The same table as `x-convo-files` in the schemas; a test holds them together.
TENANT_FILES = (
    _kind("tenant", "tenant.yaml", required=True),
    _kind("persona", "persona.yaml", required=True),
    _kind("claims", "claims/*.yaml", required=True),
    _kind("approvals", "approvals.yaml"),
    _kind("consent", "consent.yaml", required=True),
    _kind("caps", "caps.yaml", required=True),
    _kind("destinations", "destinations.yaml", required=True),
    _kind("channels", "channels.yaml", required=True),
    _kind("guardrails", "guardrails.yaml", required=True),
    _kind("journeys", "journeys.yaml", required=True),
    _kind("sources", "sources.yaml"),
    _kind("golive", "golive.yaml"),
    _kind("waivers", "waivers.yaml"),
    _kind("drills", "drills/*.yaml"),
)
PACK_FILES = (
    _kind("pack", "pack.yaml", required=True),
    _kind("claims", "claims/*.yaml"),
    _kind("consent", "consent.yaml"),
    _kind("signals", "signals/*.yaml"),
    _kind("optout", "optout/*.yaml"),
    _kind("calendar", "calendar.yaml"),
    _kind("checklist", "checklist.yaml"),
    _kind("sources", "sources.yaml"),
)
ORGANISATION_FILES = (_kind("organisation", "*.yaml"),)
PACKS, ORGANISATIONS = "_packs", "_organisations"
_DOCUMENT = re.compile(r"documents/[a-z0-9][a-z0-9._-]*\Z")
_SLUG = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*\Z")
_PACK_ID = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*\Z")
_NAMES = {name for kind in (*TENANT_FILES, *PACK_FILES) for name in kind.called.split("/*.yaml")} - {""} | {
    "documents"
}


@dataclass(slots=True)
class Raw:
    """A folder as it was read, before anybody asks what stands in it."""

    folder: Folder
    files: list[tuple[str, str, bytes | None, Diagnostic | None]] = field(default_factory=list)

    def texts(self) -> Iterator[tuple[str, bytes]]:
        """Every file that could be read, with its bytes."""
        return ((file, data) for _, file, data, _ in self.files if data is not None)


@dataclass(slots=True)
class Seen:
    """A tenants folder with its packs and organisations as they were read. Of tenants there are the names."""

    tree: Tree
    shared: list[Raw] = field(default_factory=list)
    whole: bool = False

    def parsed(self) -> Tree:
        """The same with packs and organisations parsed, which is done once."""
        for raw in self.shared if not self.whole else ():
            parsed(raw)
        self.whole = True
        return self.tree


def load(root: Path, *, wanted: Sequence[str] = ()) -> Tree:
    """Everything under a tenants folder. Faults are in the tree; nothing in a file makes this raise.

    That a tenant of `wanted`, or any tenant at all, is not there is such a fault.
    """
    tree = look(root, wanted=wanted).parsed()
    for slug in tree.tenants:
        tree.tenants[slug] = parsed(read_tenant(root, slug))
    return tree


def look(root: Path, *, wanted: Sequence[str] = ()) -> Seen:
    """The same without the tenants' files, which `read_tenant` and `parsed` bring one by one: their folders are empty."""
    seen = _seen(root)
    tree = seen.tree
    missing = [slug for slug in wanted if slug not in tree.tenants]
    if not tree.tenants and not missing and not tree.diagnostics:
        tree.diagnostics.append(c.MISSING_FILE.at(Span(file=""), "the folder holds no tenant"))
    for slug in missing:
        fault = c.MISSING_FILE.at(
            Span(file=slug), f"there is no tenant `{slug}`", help=did_you_mean(slug, tree.tenants)
        )
        tree.diagnostics.append(fault)
    return seen


def read_tenant(root: Path, slug: str) -> Raw:
    """One tenant's bytes."""
    return _folder(root, slug, TENANT_FILES, documents=True)


def parsed(raw: Raw, kinds: Collection[str] = (), *, alike: Alike | None = None) -> Folder:
    """The folder with its files parsed, or only those of some kinds. `alike`: what need not be parsed again."""
    collecting = gc.isenabled()
    gc.disable()  # thousands of small nodes are made and all are kept: collecting meanwhile only costs
    try:
        raw.folder.files = [
            _parsed(kind, file, data, fault, alike)
            for kind, file, data, fault in raw.files
            if not kinds or kind in kinds
        ]
    finally:
        if collecting:
            gc.enable()
    return raw.folder


def text_of(root: Path, file: str) -> str | None:
    """The text of a file of the tree, for an excerpt; None when it can no longer be read."""
    try:
        opened = os.open(root / file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        try:
            return os.read(opened, MAX_FILE_BYTES).decode("utf-8", "replace")
        finally:
            os.close(opened)
    except OSError:
        return None


@lru_cache(maxsize=32)
def schema(kind: str) -> Mapping[str, Any]:
    """The JSON Schema of one kind of file, from the package's own data."""
    path = Path(schemas.__file__).parent / "tenant" / f"{kind}.schema.json"
    document: Mapping[str, Any] = json.loads(path.read_bytes())
    return document


def _seen(root: Path) -> Seen:
    seen = Seen(Tree())
    tree = seen.tree
    if not root.is_dir():
        tree.diagnostics.append(c.MISSING_FILE.at(Span(file=""), f"{root.name} is not a folder of tenants"))
        return seen
    for entry in _entries(root, "", tree.diagnostics):
        name = entry.name
        if entry.is_symlink():
            tree.diagnostics.append(_symlink(name))
        elif name == PACKS and entry.is_dir():
            for pack in _folders(Path(entry.path), name, _PACK_ID, tree):
                seen.shared.append(_folder(root, f"{PACKS}/{pack}", PACK_FILES, documents=False))
                tree.packs[pack] = seen.shared[-1].folder
        elif name == ORGANISATIONS and entry.is_dir():
            seen.shared.append(_folder(root, ORGANISATIONS, ORGANISATION_FILES, documents=False))
            tree.organisations = seen.shared[-1].folder
        elif entry.is_dir() and _SLUG.match(name):
            tree.tenants[name] = Folder(name)
        elif name != "README.md":
            tree.diagnostics.append(c.UNKNOWN_FILE.at(Span(file=name), f"`{name}` is no tenant's folder"))
    return seen


def _entries(folder: Path | str, file: str, faults: list[Diagnostic]) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except OSError as error:
        faults.append(c.MISSING_FILE.at(Span(file=file), f"the folder cannot be read: {error.strerror}"))
        return []


def _folders(folder: Path, prefix: str, form: re.Pattern[str], tree: Tree) -> Iterator[str]:
    for entry in _entries(folder, prefix, tree.diagnostics):
        file = f"{prefix}/{entry.name}"
        if entry.is_symlink():
            tree.diagnostics.append(_symlink(file))
        elif entry.is_dir() and form.match(entry.name):
            yield entry.name
        else:
            tree.diagnostics.append(c.UNKNOWN_FILE.at(Span(file=file), f"`{entry.name}` is no pack's folder"))


def _folder(root: Path, prefix: str, kinds: tuple[Kind, ...], *, documents: bool) -> Raw:
    raw = Raw(Folder(prefix))
    folder, seen = raw.folder, set[str]()
    summed, whole = hashlib.sha256(prefix.encode()), True
    for entry, name in _walk(f"{root}/{prefix}", "", folder):
        file = f"{prefix}/{name}"
        kind = _kind_of(name, kinds)
        if kind is None and not (documents and _DOCUMENT.match(name)):
            message = f"`{name}` is not a file this folder may have"
            help_ = did_you_mean(name, _NAMES) or "see `convo explain CV1001` for the names"
            folder.diagnostics.append(c.UNKNOWN_FILE.at(Span(file=file), message, help=help_))
            continue
        data, fault = _read(entry, file)
        summed.update(f"\0{name}\0{-1 if data is None else len(data)}\0".encode())
        summed.update(data or b"")
        whole = whole and data is not None
        if kind is None:
            folder.documents[name] = "sha256:" + hashlib.sha256(data).hexdigest() if data is not None else ""
            folder.diagnostics += [fault] if fault else []
            continue
        seen.add(kind)
        raw.files.append((kind, file, data, fault))
    for kind_ in kinds:
        if kind_.required and kind_.name not in seen:
            message = f"there is no `{kind_.called}`"
            help_ = "a folder made by `convo init` has one to begin with"
            belongs = Span(file=f"{prefix}/{kind_.called.removesuffix('/*.yaml')}")
            folder.diagnostics.append(c.MISSING_FILE.at(belongs, message, help=help_))
            folder.missing.add(kind_.name)
    for diagnostic in folder.diagnostics:  # what is there and may not be; what is missing shows itself
        summed.update(f"\0{diagnostic.span.file}\0{diagnostic.message}".encode())
    folder.digest = summed.hexdigest() if whole else ""
    return raw


def _kind_of(name: str, kinds: tuple[Kind, ...]) -> str | None:
    known = _kinds_known.setdefault(id(kinds), {})
    if name not in known:
        if len(known) > MANY_NAMES:
            known.clear()
        known[name] = next((kind.name for kind in kinds if kind.file.match(name)), None)
    return known[name]


_kinds_known: dict[int, dict[str, str | None]] = {}  # by table; thousands of tenants have the same few names
MANY_NAMES = 4_096


def _walk(folder: str, prefix: str, into: Folder) -> Iterator[tuple[os.DirEntry[str], str]]:
    """Files, at most one folder down; a link or a deeper folder is a fault."""
    for entry in _entries(folder, f"{into.prefix}/{prefix}".rstrip("/"), into.diagnostics):
        name = prefix + entry.name
        if entry.is_symlink():
            into.diagnostics.append(_symlink(f"{into.prefix}/{name}"))
        elif entry.is_file():
            yield entry, name
        elif not prefix and entry.is_dir():
            yield from _walk(entry.path, f"{name}/", into)
        else:
            fault = c.UNKNOWN_FILE.at(Span(file=f"{into.prefix}/{name}"), f"`{name}` does not belong here")
            into.diagnostics.append(fault)


def _read(entry: os.DirEntry[str], file: str) -> tuple[bytes | None, Diagnostic | None]:
    try:
        opened = os.open(entry.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        try:
            size = os.fstat(opened).st_size
            if size <= MAX_FILE_BYTES:
                return os.read(opened, size + 1)[:MAX_FILE_BYTES], None
        finally:
            os.close(opened)
    except OSError as error:
        return None, c.MISSING_FILE.at(Span(file=file), f"the file cannot be read: {error.strerror}")
    return None, c.TOO_LARGE.at(Span(file=file), f"the file has {size:,} bytes", help="split it by topic")


def _parsed(
    kind: str, file: str, data: bytes | None, fault: Diagnostic | None, alike: Alike | None
) -> Parsed:
    if data is None:
        return Parsed(file, kind, diagnostics=[fault] if fault else [])
    if data.startswith(BOM):
        from compiler.source import remedies

        fault = c.BYTE_ORDER_MARK.at(
            Span(file=file),
            "the file begins with a byte order mark",
            help="save without it",
            fix=Fix(span=remedies.start_of(file), text=""),
        )
        return Parsed(file, kind, diagnostics=[fault])
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        begins = data.rfind(b"\n", 0, error.start) + 1
        column = len(data[begins : error.start].decode("utf-8")) + 1
        span = Span(file=file, line=line, column=column, end_line=line, end_column=column + 1)
        fault = c.NOT_UTF8.at(span, f"byte {error.start} is not UTF-8", help="save the file as UTF-8")
        return Parsed(file, kind, diagnostics=[fault])
    known = alike.take(kind, file, text) if alike is not None else None
    if known is not None:
        return known
    from compiler.source.parse import parse  # and YAML with it: what is in the cache needs neither

    return parse(Parsed(file, kind, text=text))


def _symlink(file: str) -> Diagnostic:
    return c.SYMLINK.at(Span(file=file), "this is a symbolic link", help="put the file itself here")
