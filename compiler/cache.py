"""What a tenant came to the last time, kept by its content, the compiler and the day: never by a file's time.

One file per tenants folder under the user's own cache folder, a line per result: key, checksum, JSON. It is never trusted:
a line that does not carry its checksum, a file that is another user's or that others may write to, and anything else that
is not as we write it is as if it were not there. It lies outside the repository, so that nobody can bring one along in a
pull request, and what signs or publishes does not look at it.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import schemas
from compiler.diagnostics import Diagnostic, Edit, Fix, Label, Span
from compiler.source.neighbours import ConnectionFact, Facts, LinkFact

FORM = "convo-cache 3"
MAX_FILE_BYTES = 256 << 20
DEAD_LINES = 20_000  # a full run that leaves more than this behind writes the file anew
_CHECKSUM_CHARS = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What one tenant came to. `sound`: it has no errors. `needs`: what else it depended on, as it stood.

    `digest` is empty, and `size` 0, when it has errors and when nobody asked for its bundle.
    """

    tenant: str
    sound: bool
    digest: str
    size: int
    unapproved: bool
    diagnostics: tuple[Diagnostic, ...]
    facts: Facts
    needs: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """What is beside the tenants: organisations by slug with their files' digests, and faults by pack, of them under ""."""

    groups: Mapping[str, str]
    faults: Mapping[str, tuple[Diagnostic, ...]]


class Cache:
    """The results kept for one tenants folder: in `file`, or in this process alone.

    Every method works, and keeps nothing, where the disk does not.
    """

    def __init__(self, file: Path | None, compiler: str) -> None:
        self.file = file
        self.compiler = compiler
        self.lines = _lines(file) if file is not None else _Lines()
        self.used: dict[str, bytes] = {}
        self.made: dict[str, bytes] = {}

    def key(self, *parts: str) -> str:
        """The name of a result that follows from these parts and from this compiler."""
        return hashlib.sha256("\0".join((FORM, self.compiler, *parts)).encode()).hexdigest()

    def get(self, key: str, standing: Callable[[str], str]) -> Entry | None:
        """The result under a key, if it is whole and what it depended on is still as it was."""
        try:
            held = self._held(key)
            if held is None or any(standing(need) != stood for need, stood in held["needs"].items()):
                return None
            entry = _entry(held)
        except (ValueError, LookupError, TypeError, AttributeError):
            return None  # written by a version that put it differently
        self.used[key] = self.lines[key]
        return entry

    def put(self, key: str, entry: Entry) -> None:
        self._keep(key, _document(entry))

    def beside(self, key: str) -> Beside | None:
        """The same for what is beside the tenants, which depends on nothing but its key."""
        try:
            held = self._held(key)
            if held is None:
                return None
            faults = {name: _unpacked(faults) for name, faults in held["faults"].items()}
            made = Beside(groups=dict(held["groups"]), faults=faults)
        except (ValueError, LookupError, TypeError, AttributeError):
            return None
        self.used[key] = self.lines[key]
        return made

    def put_beside(self, key: str, beside: Beside) -> None:
        faults = {name: _packed(faults) for name, faults in beside.faults.items()}
        self._keep(key, {"groups": dict(beside.groups), "faults": faults})

    def _held(self, key: str) -> Any:
        line = self.lines.get(key)
        if line is None or not _is_whole(key, line):
            return None
        return json.loads(line[_CHECKSUM_CHARS:])

    def _keep(self, key: str, document: Mapping[str, Any]) -> None:
        body = json.dumps(document, ensure_ascii=True, separators=(",", ":")).encode()
        self.made[key] = self.used[key] = _checksum(key, body) + body

    def save(self, *, everything: bool) -> None:
        """Adds what was made. After a run over `everything` that left much unused, what was used is all that stays."""
        dead = len(self.lines) - sum(key in self.lines for key in self.used)
        if self.file is None:
            self._forget(dead if everything else 0)
            return
        try:
            if self.lines.broken or (everything and dead > DEAD_LINES):
                _write_anew(self.file, self.used if everything else {**self.lines, **self.made})
            elif self.made:
                _append(self.file, self.made)
        except OSError:
            return  # without room or right to write, the next run compiles again
        self.lines.update(self.made)
        self.made.clear()
        self.lines.broken = False

    def _forget(self, dead: int) -> None:
        """In memory only: what was used last, where too much else has gathered."""
        if dead > DEAD_LINES:
            self.lines.clear()
            self.lines.update(self.used)
        self.lines.update(self.made)
        self.made.clear()
        self.used.clear()


def cache_for(root: Path, environment: Mapping[str, str]) -> Cache | None:
    """The cache of a tenants folder, under $XDG_CACHE_HOME or ~/.cache. None in CI and where there is no home.

    A CI job starts from nothing, and what it restores from other branches is not its own.
    """
    home = environment.get("HOME")
    base = environment.get("XDG_CACHE_HOME") or (f"{home}/.cache" if home else "")
    if environment.get("CI") or not os.path.isabs(base):
        return None
    folder = Path(base) / "convo"
    name = hashlib.sha256(os.fsencode(os.path.realpath(root))).hexdigest()[:32]
    return Cache(folder / f"{name}.results", compiler_digest())


def compiler_digest() -> str:
    """What compiles: our own source and schemas, the interpreter, and the versions of the libraries beside it."""
    summed = hashlib.sha256(sys.version.encode())
    for package in (Path(__file__).parent, Path(schemas.__file__).parent):
        for folder, folders, files in os.walk(package):
            folders[:] = sorted(name for name in folders if name != "__pycache__")
            for name in sorted(files):
                if name.endswith((".py", ".json")):
                    data = _bytes(Path(folder) / name)
                    summed.update(f"\0{folder[len(str(package)) :]}/{name}\0{len(data)}\0".encode() + data)
    for place in sys.path:
        if place.endswith("-packages"):
            names = sorted(name for name in _listed(place) if name.endswith(".dist-info"))
            summed.update("\0".join(names).encode())
    return summed.hexdigest()


# ---- on disk -------------------------------------------------------------------------------------------------------


class _Lines(dict[str, bytes]):
    """Checksum and body by key. `broken`: the file holds something that is not a line of ours."""

    broken = False


def _lines(file: Path) -> _Lines:
    found = _Lines()
    data = _own(file)
    if data is None:
        found.broken = os.path.lexists(file)
        return found
    head, _, rest = data.partition(b"\n")
    found.broken = head != FORM.encode() or (rest != b"" and not rest.endswith(b"\n"))
    if head != FORM.encode():
        return found
    for line in rest.split(b"\n"):
        if len(line) > 2 * _CHECKSUM_CHARS:
            try:
                found[line[:_CHECKSUM_CHARS].decode("ascii")] = line[_CHECKSUM_CHARS:]
            except UnicodeDecodeError:
                found.broken = True
        elif line:
            found.broken = True
    return found


def _own(file: Path) -> bytes | None:
    """The bytes of a file that is ours alone to write, in a folder that is."""
    try:
        if not _ours(os.lstat(file.parent), stat.S_ISDIR):
            return None
        opened = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        try:
            about = os.fstat(opened)
            if not _ours(about, stat.S_ISREG) or about.st_size > MAX_FILE_BYTES:
                return None
            with os.fdopen(os.dup(opened), "rb") as reader:
                return reader.read()
        finally:
            os.close(opened)
    except OSError:
        return None


def _ours(about: os.stat_result, form: Callable[[int], bool]) -> bool:
    return form(about.st_mode) and about.st_uid == os.geteuid() and not about.st_mode & 0o022


def _append(file: Path, made: Mapping[str, bytes]) -> None:
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not _ours(os.lstat(file.parent), stat.S_ISDIR):
        raise PermissionError(f"{file.parent} is not ours alone")
    opened = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    try:
        new = b"" if os.fstat(opened).st_size else FORM.encode() + b"\n"
        _write_all(opened, new + _joined(made))
    finally:
        os.close(opened)


def _write_anew(file: Path, held: Mapping[str, bytes]) -> None:
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not _ours(os.lstat(file.parent), stat.S_ISDIR):
        raise PermissionError(f"{file.parent} is not ours alone")
    opened, temporary = tempfile.mkstemp(dir=file.parent, prefix=".", suffix=".part")
    try:
        try:
            _write_all(opened, FORM.encode() + b"\n" + _joined(held))
        finally:
            os.close(opened)
        os.replace(temporary, file)
    except BaseException:
        os.unlink(temporary)
        raise


def _write_all(opened: int, data: bytes) -> None:
    while data:
        data = data[os.write(opened, data) :]


def _joined(held: Mapping[str, bytes]) -> bytes:
    return b"".join(key.encode() + line + b"\n" for key, line in held.items())


def _checksum(key: str, body: bytes) -> bytes:
    return hashlib.sha256(key.encode() + body).hexdigest().encode()


def _is_whole(key: str, line: bytes) -> bool:
    return line[:_CHECKSUM_CHARS] == _checksum(key, line[_CHECKSUM_CHARS:])


def _bytes(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError:
        return b""


def _listed(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []


# ---- in JSON -------------------------------------------------------------------------------------------------------


def _document(entry: Entry) -> dict[str, Any]:
    return {
        "tenant": entry.tenant,
        "sound": entry.sound,
        "digest": entry.digest,
        "size": entry.size,
        "unapproved": entry.unapproved,
        "needs": dict(entry.needs),
        "diagnostics": [_packed(d) for d in entry.diagnostics],
        "connections": [
            [c.id, c.owner, c.channel, c.stage, c.address, {k: _of_span(s) for k, s in c.spans.items()}]
            for c in entry.facts.connections
        ],
        "links": [
            [each.id, each.owner, each.tracking_ref, _of_span(each.span)] for each in entry.facts.links
        ],
    }


def _entry(held: Mapping[str, Any]) -> Entry:
    return Entry(
        tenant=_text(held["tenant"]),
        sound=held["sound"] is True,
        digest=_text(held["digest"]),
        size=int(held["size"]),
        unapproved=held["unapproved"] is True,
        needs=held["needs"],
        diagnostics=tuple(_unpacked(each) for each in held["diagnostics"]),
        facts=Facts(
            slug=_text(held["tenant"]),
            connections=tuple(_connection(each) for each in held["connections"]),
            links=tuple(_link(each) for each in held["links"]),
        ),
    )


def _of_span(span: Span) -> list[Any]:
    return [span.file, span.line, span.column, span.end_line, span.end_column]


def _span(held: list[Any]) -> Span:
    file, line, column, end_line, end_column = held
    return Span(file=file, line=line, column=column, end_line=end_line, end_column=end_column)


_KINDS: Mapping[str, type[Any]] = {kind.__name__: kind for kind in (Diagnostic, Label, Fix, Edit)}
_FIELDS = {name: tuple(field.name for field in fields(kind)) for name, kind in _KINDS.items()}


def _packed(value: Any) -> Any:
    """A diagnostic, with all that hangs on it, as lists: [kind, its fields ...]; a tuple as [values]."""
    match value:
        case Span():
            return ["", *_of_span(value)]
        case tuple():
            return [[_packed(each) for each in value]]
        case None | str() | int():
            return value
        case _:
            name = type(value).__name__
            return [name, *(_packed(getattr(value, each)) for each in _FIELDS[name])]


def _unpacked(value: Any) -> Any:
    if not isinstance(value, list):
        return value
    kind = value[0]
    if kind == "":
        return _span(value[1:])
    if isinstance(kind, list):
        return tuple(_unpacked(each) for each in kind)
    given = dict(zip(_FIELDS[kind], map(_unpacked, value[1:]), strict=True))
    return _KINDS[kind](**given)


def _connection(held: list[Any]) -> ConnectionFact:
    id_, owner, channel, stage, address, spans = held
    places = {key: _span(place) for key, place in spans.items()}
    return ConnectionFact(id=id_, owner=owner, channel=channel, stage=stage, address=address, spans=places)


def _link(held: list[Any]) -> LinkFact:
    id_, owner, tracking_ref, span = held
    return LinkFact(id=id_, owner=owner, tracking_ref=tracking_ref, span=_span(span))


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("not a text")
    return value
