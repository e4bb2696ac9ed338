"""The run before: where the last report of a tenant is kept, and what is different since."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

from drills.reports.values import Report, as_json, read

KEPT_IN = Path(".convo") / "drills"  # beside the tenants, ignored by git


class ReportUnreadable(Exception):
    """There is a file of the run before and it cannot be read; the message says which. Nothing is compared with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Ids of rows. `gone`: played before and not now; a row that fails and was not there before is newly failing."""

    newly_failing: tuple[str, ...]
    newly_passing: tuple[str, ...]
    gone: tuple[str, ...]

    @property
    def nothing(self) -> bool:
        return not (self.newly_failing or self.newly_passing or self.gone)


def compare(report: Report, before: Report | None) -> Change:
    """What differs from the run before; against none at all nothing is new and nothing is gone."""
    if before is None:
        return Change(newly_failing=(), newly_passing=(), gone=())
    was = {row.id: row.ok for row in before.rows}
    now = {row.id: row.ok for row in report.rows}
    return Change(
        newly_failing=tuple(id_ for id_, ok in now.items() if not ok and was.get(id_, True)),
        newly_passing=tuple(id_ for id_, ok in now.items() if ok and not was.get(id_, True)),
        gone=tuple(id_ for id_ in was if id_ not in now),
    )


def before(kind: str, tenant: str, folder: Path = KEPT_IN) -> Report | None:
    """The report that was kept last, or None when there is none. Raises ReportUnreadable."""
    path = _path(kind, tenant, folder)
    try:
        return read(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise ReportUnreadable(f"{path}: no report this version can read ({type(error).__name__})") from error


def keep(report: Report, folder: Path = KEPT_IN) -> Path:
    """Writes the report where the next run finds it, whole or not at all. Returns the file."""
    path = _path(report.kind, report.tenant, folder)
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    fresh.write_text(json.dumps(as_json(report)), encoding="utf-8")
    fresh.replace(path)
    return path


def _path(kind: str, tenant: str, folder: Path) -> Path:
    return folder / f"{kind}-{tenant}.json"
