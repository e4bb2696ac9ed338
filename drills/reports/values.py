"""The values of a report: rows that held or did not, each with what was said. Read back from the JSON they are written as."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

FORMAT = "convo.drill/v1"
Who = Literal["person", "bot", "note"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One message of a person, one sentence of ours, or a note of what happened between. `at` is aware.

    `claims` are the ids behind a sentence of ours; a sentence that came from no claim has none.
    """

    who: Who
    text: str
    at: datetime
    claims: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One thing that was tried. `group` is what was tried (a plugin, a persona), `strategy` how.

    `expected` and `got` are plain JSON values; `faults` are sentences, none when the row is ok.
    """

    id: str
    group: str
    strategy: str
    ok: bool
    expected: Mapping[str, Any]
    got: Mapping[str, Any]
    faults: tuple[str, ...] = ()
    transcript: tuple[Said, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One run over one tenant. `digest` is the bundle's that was played; `played_at` is aware UTC.

    `notes` are plain values that belong to the whole run (tool version, digest of a suite), shown above the rows.
    """

    kind: str
    tenant: str
    digest: str
    seed: int
    played_at: datetime
    rows: tuple[Row, ...]
    notes: Mapping[str, str] = field(default_factory=dict)

    @property
    def missed(self) -> tuple[Row, ...]:
        return tuple(row for row in self.rows if not row.ok)

    @property
    def groups(self) -> tuple[str, ...]:
        """Each group once, in the order of its first row."""
        return tuple(dict.fromkeys(row.group for row in self.rows))

    @property
    def strategies(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(row.strategy for row in self.rows))


def as_json(report: Report) -> dict[str, Any]:
    """Versioned plain values."""
    return {
        "format": FORMAT,
        "kind": report.kind,
        "tenant": report.tenant,
        "digest": report.digest,
        "seed": report.seed,
        "played_at": report.played_at.isoformat(),
        "notes": dict(report.notes),
        "played": len(report.rows),
        "failed": len(report.missed),
        "rows": [
            {
                "id": row.id,
                "group": row.group,
                "strategy": row.strategy,
                "ok": row.ok,
                "expected": dict(row.expected),
                "got": dict(row.got),
                "faults": list(row.faults),
                "transcript": [
                    {
                        "who": said.who,
                        "text": said.text,
                        "claims": list(said.claims),
                        "at": said.at.isoformat(),
                    }
                    for said in row.transcript
                ],
            }
            for row in report.rows
        ],
    }


def read(document: Mapping[str, Any]) -> Report:
    """The report that `as_json` wrote. Raises ValueError, KeyError or TypeError for anything else."""
    if document["format"] != FORMAT:
        raise ValueError(f"the format is {document['format']!r}, not {FORMAT!r}")
    return Report(
        kind=document["kind"],
        tenant=document["tenant"],
        digest=document["digest"],
        seed=document["seed"],
        played_at=datetime.fromisoformat(document["played_at"]),
        notes=document["notes"],
        rows=tuple(_row(row) for row in document["rows"]),
    )


def _row(row: Mapping[str, Any]) -> Row:
    return Row(
        id=row["id"],
        group=row["group"],
        strategy=row["strategy"],
        ok=row["ok"],
        expected=row["expected"],
        got=row["got"],
        faults=tuple(row["faults"]),
        transcript=tuple(
            Said(
                who=said["who"],
                text=said["text"],
                claims=tuple(said["claims"]),
                at=datetime.fromisoformat(said["at"]),
            )
            for said in row["transcript"]
        ),
    )
