"""Tenants by the thousand: the example tenant under other names, and each put together in one file for who reads one.

A tenant made here is a folder of nine files with some two hundred lines in all (5.5 kB) and takes the small pack of
tests/examples/base. Ten tenants share an organisation, as one firm's brands do.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from tests.compiling import BASE

EXAMPLE = "plain"
A_GROUP = 10
EXTRA_CLAIMS = 4
A_CLAIM = """
- id: PL-F{number:02}
  kind: fact
  says: >-
    Plain keeps a record of every conversation, and a person of the team reads it before anything is sent to a lender.
  when: on_question
  source: [LAW-1]
  effective: 2026-01-01
  review_by: 2027-06-01
  questions:
    - who reads what I write, question {number}
"""


def make_tenants(root: Path, count: int) -> None:
    """A tenants folder with `count` tenants, `t00000` upwards. The same bytes every time."""
    root.mkdir(parents=True)
    shutil.copytree(BASE / "_packs", root / "_packs")
    files = {
        str(path.relative_to(BASE / EXAMPLE)): path.read_text(encoding="utf-8")
        for path in sorted((BASE / EXAMPLE).rglob("*.yaml"))
    }
    files["claims/core.yaml"] += "".join(A_CLAIM.format(number=n) for n in range(1, EXTRA_CLAIMS + 1))
    for number in range(count):
        slug = name_of(number)
        (root / slug / "claims").mkdir(parents=True)
        for name, text in files.items():
            (root / slug / name).write_text(_renamed(text, slug, number), encoding="utf-8")
    _organisations(root, count)


_DAY_OR_TIME = re.compile(r": (\d{4}-\d\d-\d\d|\d\d:\d\d)$", re.MULTILINE)


def name_of(number: int) -> str:
    return f"t{number:05}"


def one_file_each(root: Path, into: Path) -> Iterator[Path]:
    """Every tenant of `root` as one file: a mapping from the name of a file to what stands in it.

    Nothing is added but quotes round bare days and times of day, which other readers take for something else.
    """
    into.mkdir(parents=True)
    for folder in sorted(path for path in root.iterdir() if path.name[0] != "_"):
        parts = []
        for path in sorted(folder.rglob("*.yaml")):
            kind = path.parent.name if path.parent != folder else path.stem
            body = _DAY_OR_TIME.sub(r': "\1"', path.read_text(encoding="utf-8"))
            parts.append(
                f"{kind}:\n"
                + "".join(f"  {line}" if line.strip() else line for line in body.splitlines(True))
            )
        made = into / f"{folder.name}.yaml"
        made.write_text("".join(parts), encoding="utf-8")
        yield made


def _renamed(text: str, slug: str, number: int) -> str:
    text = text.replace("organisation: example\n", f"organisation: group-{number // A_GROUP:04}\n")
    text = text.replace("900101", f"{700000 + number}"[-6:])
    text = re.sub(r"(?<![A-Za-z])plain(?=[-\n])", slug, text)
    return text.replace("PLAIN", slug.upper()).replace("Plain", slug.capitalize())


def _organisations(root: Path, count: int) -> None:
    example = (BASE / "_organisations" / "example.yaml").read_text(encoding="utf-8")
    (root / "_organisations").mkdir()
    for first in range(0, count, A_GROUP):
        slug = f"group-{first // A_GROUP:04}"
        members = ", ".join(name_of(n) for n in range(first, min(first + A_GROUP, count)))
        text = example.replace("slug: example", f"slug: {slug}").replace(f"[{EXAMPLE}]", f"[{members}]")
        (root / "_organisations" / f"{slug}.yaml").write_text(text, encoding="utf-8")
