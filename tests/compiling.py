"""Small tenants folders for tests: the base of tests/examples, an overlay on it, and approvals signed by its approvers.

A case is a folder whose files are laid over the base. `case.json` beside them may say what files cannot:
  remove     paths to delete from the base
  copy       {"plain": "other"}: a second tenant, with the name replaced in every file
  pad        {path: bytes}: append a comment of that many bytes to a file
  repeat     {path: [[text, times], ...]}: write a file of repeated texts; {n} counts, {next} is the next number, round
  hostile    true: made to hurt; tests/unit/compiler/test_hostile.py compiles it under limits of time and memory
  link       {path: target}: a symbolic link
  approvals  per claim or script: {"drop": true}, {"drop": [names]}, {"was": {old: new}} for the words approved,
             {"signed": {field: value}} before signing, {"edited": {field: value}} after it, {"with": name} whose key signs,
             {"again": {field: value}} for a second line. Of a script it is about Ada Example's line.
  enrolled   "base": who may approve is judged by the base of a change, as it stands in tests/examples/base
  stage      the stage to compile for
  over       a folder of tests/examples to lay over the base before the case: `ready` is a tenant ready for live
A `subject: AS-IT-STANDS` in a golive.yaml becomes the digest of the tenant as it then stands.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import shutil
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from compiler.approvals import (
    SIGNED_FIELDS,
    Subject,
    approval_payload,
    digest_of_words,
    subjects_of,
    words_of,
    written,
)
from compiler.load import load, schema
from compiler.pipeline import CheckResult, check, enrolled
from compiler.source.golive import subject_of
from compiler.source.model import Source
from compiler.source.read import read
from compiler.validate import validate
from schemas.signing import keyid

EXAMPLES = Path(__file__).parent / "examples"
BASE = EXAMPLES / "base"
AS_IT_STANDS = "AS-IT-STANDS"
TODAY = date(2026, 11, 24)
APPROVER = "Ada Example"
COUNTERSIGNER = "Bea Example"
ROLES = {APPROVER: "solicitor", COUNTERSIGNER: "compliance"}


def key_of(name: str) -> Ed25519PrivateKey:
    """The private key of a person of the examples (Ada, Bea, Mallory Example) or of their `CI`."""
    return Ed25519PrivateKey.from_private_bytes(hashlib.sha256(f"convo tests: {name}".encode()).digest())


def lay_out(into: Path, case: Path | None = None) -> dict[str, Any]:
    """Copy the base to `into`, lay the case over it and approve all as it then stands. Returns its case.json."""
    shutil.copytree(BASE, into)
    settings: dict[str, Any] = {}
    if case is not None and (case / "case.json").exists():
        settings = json.loads((case / "case.json").read_text())
    if "over" in settings:
        shutil.copytree(EXAMPLES / settings["over"], into, dirs_exist_ok=True)
    for old, new in settings.get("copy", {}).items():
        copy_tenant(into, old, new)
    if case is not None:
        shutil.copytree(case, into, dirs_exist_ok=True, ignore=shutil.ignore_patterns("case.json"))
    for path, parts in settings.get("repeat", {}).items():
        (into / path).write_text("".join(_repeated(text, times) for text, times in parts))
    for path in settings.get("remove", ()):
        (into / path).unlink()
    for path, size in settings.get("pad", {}).items():
        with (into / path).open("a") as file:
            file.write("#" * size + "\n")
    for path, target in settings.get("link", {}).items():
        (into / path).unlink(missing_ok=True)
        (into / path).symlink_to(target)
    approve(into, settings.get("approvals", {}))
    sign_off(into)
    return settings


def _repeated(text: str, times: int) -> str:
    if "{n}" not in text:
        return text * times
    return "".join(text.replace("{n}", str(n)).replace("{next}", str((n + 1) % times)) for n in range(times))


def copy_tenant(root: Path, old: str, new: str) -> None:
    """A second tenant that differs from the first by name, in every id and reference; its organisation knows it."""
    shutil.copytree(root / old, root / new)
    for path in sorted((root / new).rglob("*.yaml")):
        text = path.read_text().replace("900101", "900102")
        for this, that in ((old, new), (old.capitalize(), new.capitalize()), (old.upper(), new.upper())):
            text = re.sub(rf"(?<![A-Za-z]){this}(?![a-z])", that, text)
        path.write_text(text)
    organisation = root / "_organisations" / "example.yaml"
    organisation.write_text(organisation.read_text().replace(f"[{old}]", f"[{old}, {new}]"))


def sources(root: Path) -> dict[str, Source]:
    """Every tenant of a folder as typed values, from whatever the schemas accept."""
    tree = load(root)
    for folder in tree.folders():
        for parsed in folder.files:
            validate(parsed, schema(parsed.kind))
    return read(tree)


def approve(root: Path, changes: dict[str, Any]) -> None:
    """Write each tenant's approvals.yaml, with the changes a case asks for. A tenant that brings its own keeps it."""
    for slug, source in sources(root).items():
        if not (root / slug / "approvals.yaml").exists():
            lines = [
                line for s in subjects_of(source).values() for line in _lines(slug, s, changes.get(s.id, {}))
            ]
            (root / slug / "approvals.yaml").write_text(json.dumps(lines, indent=1))  # JSON is YAML


def sign_off(root: Path) -> None:
    """Write what a go-live record signs for where a golive.yaml says AS-IT-STANDS."""
    asking = [p for p in sorted(root.glob("*/golive.yaml")) if AS_IT_STANDS in p.read_text()]
    known = sources(root) if asking else {}
    for path in asking:
        path.write_text(path.read_text().replace(AS_IT_STANDS, subject_of(known[path.parent.name])))


def compile_case(root: Path, settings: dict[str, Any]) -> CheckResult:
    enrolments = enrolled(BASE) if settings.get("enrolled") == "base" else None
    return check(root, today=TODAY, stage=settings.get("stage", "sandbox"), enrolments=enrolments)


def signed_line(
    slug: str,
    subject: Subject,
    *,
    by: str = APPROVER,
    key: str = "",
    was: Mapping[str, str] = {},
    **more: Any,
) -> dict[str, Any]:
    """A line by somebody of the examples, signed by `key` (theirs): `was` replaces in the words, `more` are its fields."""
    words = written(subject.normative)
    for old, new in was.items():
        words = words.replace(old, new)
    signing = key_of(key or by)
    line: dict[str, Any] = {
        subject.key: subject.id,
        "digest": digest_of_words(words_of(words), script=subject.script),
        "by": by,
        "role": ROLES.get(by, "solicitor"),
        "on": "2026-11-01",
        "expires": "2027-06-01",
        "ref": "review 1",
        "author": "Wat Example",
        "via": "key",
        "key": keyid(signing.public_key().public_bytes_raw()),
        **more,
    }
    assert set(line) <= set(SIGNED_FIELDS)
    signature = base64.b64encode(signing.sign(approval_payload(slug, line))).decode()
    return {**line, "signature": signature, **({} if "digest" in more else {"text": words})}


def _lines(slug: str, subject: Subject, change: dict[str, Any]) -> Iterator[dict[str, Any]]:
    dropped = change.get("drop", False)
    for by in (APPROVER, COUNTERSIGNER) if subject.script else (APPROVER,):
        if dropped is True or (dropped and by in dropped):
            continue
        if by != APPROVER:
            yield signed_line(slug, subject, by=by)
            continue
        signing = {"key": change.get("with", ""), "was": change.get("was", {})}
        fields = {"by": by, **change.get("signed", {})}
        yield {**signed_line(slug, subject, **{**signing, **fields}), **change.get("edited", {})}
        if "again" in change:
            yield signed_line(slug, subject, **change["again"])
