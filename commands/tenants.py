"""For whoever writes tenants: what a diagnostic means, what the gates say, how it talks."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from commands import OK, WRONG, UsageProblem
from commands.compile import compile_tenants
from commands.options import AsJson, TenantPath, Today, day_of, tenant_path
from schemas.bundle import Bundle

OPT_OUT = "opt_out"  # what a stop is called among the categories


def compile_(
    tenants: Annotated[list[Path] | None, typer.Argument(help="tenants/ or tenants/<slug>")] = None,
) -> int:
    """Check tenants (--check) and write their bundles. `convo compile --help` shows every option."""
    return compile_tenants([str(path) for path in tenants or ()])


def explain(
    code: Annotated[
        str | None, typer.Argument(help="CV5012, 5012 or missing-disclosure; none lists all")
    ] = None,
    json_: AsJson = False,
) -> int:
    """What a diagnostic means, with a bad and a good example. Without a code: every code there is."""
    from compiler.report import code_of, codes_as_json, index
    from compiler.report import explain as explained

    try:
        asked = [code_of(code)] if code else []
    except KeyError as unknown:
        raise UsageProblem(f"there is no diagnostic {code}: {unknown.args[0]}") from None
    if json_:
        print(codes_as_json(asked), end="")
    else:
        print(explained(asked[0].code) if asked else index(), end="")
    return OK


def screen(tenant: TenantPath, today: Today = None) -> int:
    """Screen inbound messages: one JSON line {id,text} in, one verdict line out. A stop is the category `opt_out`."""
    from runtime.engine.screen import screen_action, screen_text

    bundle = _bundle(tenant, today)

    def judge(text: str) -> dict[str, Any]:
        verdict = screen_text(text, bundle)
        seen: list[dict[str, Any]] = [
            {
                "category": s.category,
                "pattern": s.pattern,
                "start": s.start,
                "end": s.end,
                "reading": s.reading,
            }
            for s in verdict.signals
        ]
        if stop := verdict.stop:
            seen.append({"category": OPT_OUT, "pattern": stop.matched, "scope": stop.scope})
        categories = list(dict.fromkeys(finding["category"] for finding in seen))
        return {"action": screen_action(verdict, bundle), "categories": categories, "findings": seen}

    return _json_lines(judge)


def review(tenant: TenantPath, today: Today = None) -> int:
    """Review text somebody wants to send: one JSON line {id,text} in, one verdict line out."""
    from runtime.engine.review import review_text
    from runtime.guardrails import guardrail_of

    bundle = _bundle(tenant, today)

    def judge(text: str) -> dict[str, Any]:
        findings = review_text(text, bundle)
        action = "block" if any(f.severity == "block" for f in findings) else "warn" if findings else "pass"
        return {
            "action": action,
            "categories": list(dict.fromkeys(guardrail_of(f.rule) for f in findings)),
            "findings": [
                {"rule": f.rule, "message": f.message, "severity": f.severity, "start": f.start, "end": f.end}
                for f in findings
            ],
        }

    return _json_lines(judge)


def chat(tenant: TenantPath, today: Today = None) -> int:
    """Talk to a tenant: a line in, the reply and the claims behind it out. Works in a pipe too.

    With DATABASE_URL it talks to the bundle in force there; otherwise to the folder, on a database that is thrown away.
    """
    from drills.chat import talk

    return talk(tenant_path(tenant), today=today.date() if today else None, env=os.environ)


def _bundle(tenant: str, today: datetime | None) -> Bundle:
    from compiler.pipeline import compile_tenant

    compiled = compile_tenant(tenant_path(tenant), day_of(today))
    return Bundle.decode(compiled.bundle)


def _json_lines(judge: Callable[[str], dict[str, Any]]) -> int:
    """{id,text} a line in, the judgement with id and micros a line out, flushed at once. Exit code 1 if a line was bad."""
    bad = False
    for line in sys.stdin:
        if not line.strip():
            continue
        try:
            given = json.loads(line)
            identity, text = given["id"], given["text"]
            if not isinstance(text, str):
                raise TypeError
        except (ValueError, KeyError, TypeError):
            bad = True
            print(json.dumps({"error": "a line must be a JSON object with id and text"}), flush=True)
            continue
        began = time.perf_counter_ns()
        found = judge(text)
        micros = (time.perf_counter_ns() - began) // 1000
        print(json.dumps({"id": identity, **found, "micros": micros}, ensure_ascii=False), flush=True)
    return WRONG if bad else OK
