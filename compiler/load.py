"""Disk -> bytes -> positioned trees: the closed table of files a tenants folder may hold, and its reading."""

from __future__ import annotations

import gc
import hashlib
import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import schemas
from compiler.diagnostics import Diagnostic, Fix, Span
from compiler.diagnostics import codes as c
from compiler.diagnostics.suggest import did_you_mean
from compiler.source import remedies
from compiler.source.files import Folder, Parsed, Tree
from compiler.source.parse import parse

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


def load(root: Path, *, wanted: Sequence[str] = ()) -> Tree:
    """Everything under a tenants folder. Faults are in the tree; nothing in a file makes this raise.

    That a tenant of `wanted`, or any tenant at all, is not there is such a fault.
    """
    collecting = gc.isenabled()
    gc.disable()  # thousands of small nodes are made and all are kept: collecting meanwhile only costs
    try:
        tree = _load(root)
    finally:
        if collecting:
            gc.enable()
    missing = [slug for slug in wanted if slug not in tree.tenants]
    if not tree.tenants and not missing and not tree.diagnostics:
        tree.diagnostics.append(c.MISSING_FILE.at(Span(file=""), "the folder holds no tenant"))
    for slug in missing:
        fault = c.MISSING_FILE.at(
            Span(file=slug), f"there is no tenant `{slug}`", help=did_you_mean(slug, tree.tenants)
        )
        tree.diagnostics.append(fault)
    return tree


@lru_cache(maxsize=32)
def schema(kind: str) -> Mapping[str, Any]:
    """The JSON Schema of one kind of file, from the package's own data."""
    path = Path(schemas.__file__).parent / "tenant" / f"{kind}.schema.json"
    document: Mapping[str, Any] = json.loads(path.read_bytes())
    return document


def _load(root: Path) -> Tree:
    tree = Tree()
    if not root.is_dir():
        tree.diagnostics.append(c.MISSING_FILE.at(Span(file=""), f"{root.name} is not a folder of tenants"))
        return tree
    for entry in _entries(root, "", tree.diagnostics):
        name = entry.name
        if entry.is_symlink():
            tree.diagnostics.append(_symlink(name))
        elif name == PACKS and entry.is_dir():
            for pack in _folders(Path(entry.path), name, _PACK_ID, tree):
                tree.packs[pack] = _folder(root, f"{PACKS}/{pack}", PACK_FILES, documents=False)
        elif name == ORGANISATIONS and entry.is_dir():
            tree.organisations = _folder(root, ORGANISATIONS, ORGANISATION_FILES, documents=False)
        elif entry.is_dir() and _SLUG.match(name):
            tree.tenants[name] = _folder(root, name, TENANT_FILES, documents=True)
        elif name != "README.md":
            tree.diagnostics.append(c.UNKNOWN_FILE.at(Span(file=name), f"`{name}` is no tenant's folder"))
    return tree


def _entries(folder: Path, file: str, faults: list[Diagnostic]) -> list[os.DirEntry[str]]:
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


def _folder(root: Path, prefix: str, kinds: tuple[Kind, ...], *, documents: bool) -> Folder:
    folder = Folder(prefix)
    seen: set[str] = set()
    for entry, name in _walk(root / prefix, "", folder):
        file = f"{prefix}/{name}"
        kind = next((kind.name for kind in kinds if kind.file.match(name)), None)
        if kind is None and not (documents and _DOCUMENT.match(name)):
            message = f"`{name}` is not a file this folder may have"
            help_ = did_you_mean(name, _NAMES) or "see `convo explain CV1001` for the names"
            folder.diagnostics.append(c.UNKNOWN_FILE.at(Span(file=file), message, help=help_))
            continue
        data, fault = _read(entry, file)
        if kind is None:
            folder.documents[name] = "sha256:" + hashlib.sha256(data).hexdigest() if data is not None else ""
            folder.diagnostics += [fault] if fault else []
            continue
        seen.add(kind)
        folder.files.append(_parsed(kind, file, data, fault))
    for kind_ in kinds:
        if kind_.required and kind_.name not in seen:
            message = f"there is no `{kind_.called}`"
            folder.diagnostics.append(c.MISSING_FILE.at(Span(file=prefix), message))
            folder.missing.add(kind_.name)
    return folder


def _walk(folder: Path, prefix: str, into: Folder) -> Iterator[tuple[os.DirEntry[str], str]]:
    """Files, at most one folder down; a link or a deeper folder is a fault."""
    for entry in _entries(folder, f"{into.prefix}/{prefix}".rstrip("/"), into.diagnostics):
        name = prefix + entry.name
        if entry.is_symlink():
            into.diagnostics.append(_symlink(f"{into.prefix}/{name}"))
        elif entry.is_file():
            yield entry, name
        elif not prefix and entry.is_dir():
            yield from _walk(Path(entry.path), f"{name}/", into)
        else:
            fault = c.UNKNOWN_FILE.at(Span(file=f"{into.prefix}/{name}"), f"`{name}` does not belong here")
            into.diagnostics.append(fault)


def _read(entry: os.DirEntry[str], file: str) -> tuple[bytes | None, Diagnostic | None]:
    size = entry.stat(follow_symlinks=False).st_size
    if size > MAX_FILE_BYTES:
        return None, c.TOO_LARGE.at(Span(file=file), f"the file has {size:,} bytes", help="split it by topic")
    try:
        with open(entry.path, "rb") as opened:
            return opened.read(MAX_FILE_BYTES + 1), None
    except OSError as error:
        return None, c.MISSING_FILE.at(Span(file=file), f"the file cannot be read: {error.strerror}")


def _parsed(kind: str, file: str, data: bytes | None, fault: Diagnostic | None) -> Parsed:
    if data is None:
        return Parsed(file, kind, diagnostics=[fault] if fault else [])
    if data.startswith(BOM):
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
        span = Span(file=file, line=line, column=1, end_line=line, end_column=2)
        return Parsed(file, kind, diagnostics=[c.NOT_UTF8.at(span, f"byte {error.start} is not UTF-8")])
    return parse(Parsed(file, kind, text=text))


def _symlink(file: str) -> Diagnostic:
    return c.SYMLINK.at(Span(file=file), "this is a symbolic link", help="put the file itself here")
