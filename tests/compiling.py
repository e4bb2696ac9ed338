"""Small tenants folders for tests: the base of tests/examples, an overlay on it, and approvals signed by its approver.

A case is a folder whose files are laid over the base. `case.json` beside them may say what files cannot:
  remove     paths to delete from the base
  copy       {"plain": "other"}: a second tenant, with the name replaced in every file
  pad        {path: bytes}: append a comment of that many bytes to a file
  link       {path: target}: a symbolic link
  approvals  per claim: {"drop": true}, {"signed": {field: value}} before signing, {"edited": {field: value}} after it
  stage      the stage to compile for
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import shutil
from datetime import date
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from compiler.approvals import SIGNED_FIELDS, approval_payload, claim_digest
from compiler.load import load, schema
from compiler.pipeline import CheckResult, check
from compiler.source.read import read
from compiler.validate import validate
from schemas.signing import keyid

EXAMPLES = Path(__file__).parent / "examples"
BASE = EXAMPLES / "base"
TODAY = date(2026, 11, 24)
APPROVER = "Ada Example"
KEY = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(b"convo tests: Ada Example").digest())


def lay_out(into: Path, case: Path | None = None) -> dict[str, Any]:
    """Copy the base to `into`, lay the case over it and approve every claim as it then stands. Returns its case.json."""
    shutil.copytree(BASE, into)
    settings: dict[str, Any] = {}
    if case is not None and (case / "case.json").exists():
        settings = json.loads((case / "case.json").read_text())
    for old, new in settings.get("copy", {}).items():
        copy_tenant(into, old, new)
    if case is not None:
        shutil.copytree(case, into, dirs_exist_ok=True, ignore=shutil.ignore_patterns("case.json"))
    for path in settings.get("remove", ()):
        (into / path).unlink()
    for path, size in settings.get("pad", {}).items():
        with (into / path).open("a") as file:
            file.write("#" * size + "\n")
    for path, target in settings.get("link", {}).items():
        (into / path).unlink(missing_ok=True)
        (into / path).symlink_to(target)
    approve(into, settings.get("approvals", {}))
    return settings


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


def approve(root: Path, changes: dict[str, Any]) -> None:
    """Write each tenant's approvals.yaml, with the changes a case asks for. A tenant that brings its own keeps it."""
    tree = load(root)
    for folder in tree.folders():
        for parsed in folder.files:
            validate(parsed, schema(parsed.kind))
    for slug, source in read(tree).items():
        if (root / slug / "approvals.yaml").exists():
            continue
        lines = [
            _line(slug, claim.id, claim_digest(slug, claim, source.documents), changes.get(claim.id, {}))
            for claim in source.spoken()
            if not changes.get(claim.id, {}).get("drop")
        ]
        (root / slug / "approvals.yaml").write_text(json.dumps(lines, indent=1))  # JSON is YAML


def compile_case(root: Path, settings: dict[str, Any]) -> CheckResult:
    return check(root, today=TODAY, stage=settings.get("stage", "sandbox"))


def _line(slug: str, claim: str, digest: str, change: dict[str, Any]) -> dict[str, Any]:
    line: dict[str, Any] = {
        "claim": claim,
        "digest": digest,
        "by": APPROVER,
        "role": "solicitor",
        "on": "2026-11-01",
        "expires": "2027-06-01",
        "ref": "review 1",
        "author": "Wat Example",
        "via": "key",
        "key": keyid(KEY.public_key().public_bytes_raw()),
        **change.get("signed", {}),
    }
    assert set(line) <= set(SIGNED_FIELDS)
    signature = KEY.sign(approval_payload(slug, line))
    return {**line, **change.get("edited", {}), "signature": base64.b64encode(signature).decode()}
