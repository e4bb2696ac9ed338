"""Prints, per tenant and part, how well the register answers the frozen questions; `--misses` shows the dev part's."""

from __future__ import annotations

import argparse
import asyncio
import json
from dataclasses import asdict

from runtime.embedder import embedder_of
from tests.questions.measure import TENANTS, Asking, Figures, Part, asking, figures

GOALS = {"first": 0.85, "in_three": 0.95, "none": 0.90}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.questions", description=__doc__)
    parser.add_argument("--dev", action="store_true", help="the dev part only, for tuning")
    parser.add_argument("--misses", action="store_true", help="what went wrong in the dev part")
    parser.add_argument("--embedder", default="none", help="none or local, as CONVO_EMBEDDER")
    parser.add_argument("--json", action="store_true", help="one object per tenant and part")
    asyncio.run(_measured(parser.parse_args()))


async def _measured(args: argparse.Namespace) -> None:
    parts: tuple[Part, ...] = ("dev",) if args.dev else ("dev", "held")
    async with asking(embedder_of(args.embedder)) as ready:
        for tenant in TENANTS:
            for part in parts:
                found = figures(await ready.part(tenant, part))
                print(json.dumps({"tenant": tenant, "part": part, **asdict(found)}) if args.json
                      else _line(tenant, part, found))  # fmt: skip
            if args.misses:
                await _misses(ready, tenant)


def _line(tenant: str, part: str, found: Figures) -> str:
    return (
        f"{tenant:14} {part:5} right first {_of(found.first, found.fitting)} ({found.asked_right} by asking back)  "
        f"in three {_of(found.in_three, found.fitting)}  wrong stated {found.wrong:3}  "
        f"none when none fits {_of(found.none, found.unfitting)} ({found.asked_none} by asking back)"
    )


def _of(some: int, all_of: int) -> str:
    return f"{some}/{all_of} {some / max(all_of, 1):.1%}"


async def _misses(ready: Asking, tenant: str) -> None:
    for question, came in await ready.part(tenant, "dev"):
        right = question.wants & set(came.said[:1]) if question.wants else not came.asserted
        if not right:
            wanted = ",".join(sorted(question.wants)) or "nothing"
            print(f"  {question.asks!r}\n      wants {wanted}; {came.reason}: {' '.join(came.said[:3]) or 'no claim'}"
                  f"   ranked {' '.join(came.shortlist[:5])}")  # fmt: skip


main()
