"""`python -m tests.bench [ROW ...]`: measures, prints a table, and with --json writes every figure.

Exit code 0 whatever the figures: they are not gates. 1 when a row could not run or a check failed: that is a fault.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import shutil
import sys
import tempfile
import time
import traceback
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from runtime.telemetry import configure
from tests.bench.figures import Row, as_json, as_markdown, as_text
from tests.bench.place import ROOT, Ground
from tests.bench.rows import LONG, ROWS

ROUNDS = 5


def main(argv: Sequence[str] | None = None) -> int:
    """Returns the exit code."""
    given = _parser().parse_args(argv)
    folder = Path(tempfile.mkdtemp(prefix="convo-bench-"))
    folder.chmod(0o755)  # as root, Postgres runs as another user below it
    ground = Ground(folder=folder, tenants=ROOT / "tenants", rounds=given.rounds, scale=given.scale)
    rows: list[Row] = []
    crashed: list[str] = []
    try:
        for name in given.rows or [name for name in ROWS if name not in LONG]:
            began = time.monotonic()
            try:
                row = asyncio.run(ROWS[name](ground))
            except Exception:
                traceback.print_exc()
                crashed.append(name)
                continue
            rows.append(row)
            print(as_text(row), f"  [{time.monotonic() - began:.0f} s]\n", sep="\n", flush=True)
    finally:
        if given.keep:
            print(f"kept {folder}", file=sys.stderr)
        else:
            shutil.rmtree(folder, ignore_errors=True)
    if given.json:
        _write(given.json, json.dumps(_document(rows, crashed), indent=1))
    if given.markdown:
        _write(given.markdown, "\n".join(line for row in rows for line in as_markdown(row)))
    unsound = [row.name for row in rows if not row.sound]
    if crashed or unsound:
        print(f"could not run: {crashed}; a check failed: {unsound}", file=sys.stderr)
    return 1 if crashed or unsound else 0


def _parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog="python -m tests.bench", description=(__doc__ or "").split("\n")[0])
    made.add_argument(
        "rows",
        nargs="*",
        type=_known,
        metavar="ROW",
        help=f"{', '.join(ROWS)} (default: all but {', '.join(LONG)})",
    )
    made.add_argument("--rounds", type=int, default=ROUNDS, help=f"turns of each contender ({ROUNDS})")
    made.add_argument("--scale", type=float, default=1.0, help="less than 1 to try the harness out")
    made.add_argument("--json", metavar="FILE", help="every figure; - for stdout")
    made.add_argument(
        "--markdown", metavar="FILE", help="lines for docs/reference/benchmarks.md; - for stdout"
    )
    made.add_argument("--keep", action="store_true", help="leave the folder with databases and logs")
    return made


def _known(name: str) -> str:
    if name not in ROWS:
        raise argparse.ArgumentTypeError(f"no row {name!r}: there are {', '.join(ROWS)}")
    return name


def _document(rows: Sequence[Row], crashed: Sequence[str]) -> dict[str, object]:
    return {
        "at": datetime.now().astimezone().isoformat(timespec="seconds"),
        "machine": {
            "cores": os.cpu_count(),
            "system": platform.system(),
            "python": platform.python_version(),
        },
        "crashed": list(crashed),
        "rows": [as_json(row) for row in rows],
    }


def _write(where: str, text: str) -> None:
    if where == "-":
        print(text)
    else:
        Path(where).write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    configure("json", process="bench", level=50)
    sys.exit(main())
