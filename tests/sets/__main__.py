"""`python -m tests.sets`: recall and false alarms of screen and review, per set and part, over both shipped tenants.

--dev         the dev part only, for tuning; the held part is opened seldom
--misses      what the dev part gets wrong; never a line of the held part
--only NAME   only sets whose name holds this, more than once if need be
--json        one object per row
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict

from tests.sets.goals import table
from tests.sets.measure import PARTS, Figures, figures, misses


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.sets", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)  # fmt: skip
    parser.add_argument("--dev", action="store_true")
    parser.add_argument("--misses", action="store_true")
    parser.add_argument("--only", action="append", default=[])
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--markdown", action="store_true")
    args = parser.parse_args()
    if args.markdown:
        print("\n".join(table(figures("held", args.only))))
        return
    if args.misses:
        for name, what, text in misses(args.only):
            print(json.dumps({"set": name, "what": what, "text": text}, ensure_ascii=False) if args.json
                  else f"{name}: {what}: {text}")  # fmt: skip
        return
    if not args.json:
        print(f"{'set':36} part  recall       of   alarms  of   on benign  on trigger words  kept")
    for part in PARTS[:1] if args.dev else PARTS:
        for row in figures(part, args.only):
            print(json.dumps(asdict(row)) if args.json else _line(row))


def _line(row: Figures) -> str:
    return (
        f"{row.set:36} {row.part:5} {_share(row.recall):7} {row.shown:7}   {_share(row.false_alarms):6} "
        f"{row.not_shown:4}   {_share(row.on_benign):9}  {_share(row.on_trigger_words):16}  {_share(row.kept)}"
    )


def _share(share: float | None) -> str:
    return "-" if share is None else f"{share:.3f}"


main()
