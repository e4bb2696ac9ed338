"""Six hostile people over a tenant, and every sentence it said traced to a claim: `convo drill personas` and `drill facts`."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from commands import OK, WRONG, UsageProblem
from commands.options import AsJson, By, Slug, TenantPath, Today, day_of, operator, tenant_path

if TYPE_CHECKING:
    from datetime import date

    from commands.terminal import Progress
    from drills.facts.run import Fact
    from drills.reports import Change, Report
    from runtime.console import Console

KEPT_IN = Path(".convo") / "drills"

Kept = Annotated[Path, typer.Option("--kept", help="folder of the runs before, to compare with")]
Html = Annotated[Path | None, typer.Option(help="also write the report as one page, with transcripts")]


def personas(
    tenant: TenantPath,
    *,
    rung: Annotated[
        Literal["all", "register_only", "primary"],
        typer.Option(help="without a model, or with a scripted one that means well"),
    ] = "all",
    model: Annotated[
        bool, typer.Option("--model", help="with the configured models, three times; needs their keys")
    ] = False,
    json_: AsJson = False,
    html: Html = None,
    kept: Kept = KEPT_IN,
    today: Today = None,
) -> int:
    """Play six hostile people over a tenant: fixed words, a clock that jumps, races, duplicates, models and money gone.

    Everything goes through store, worker and sender on a database that is thrown away. Exit code 1 when a check fails. With
    --model hard checks must hold in three runs of three, and those of which safe answer is given in two.
    """
    from commands.terminal import Progress
    from drills.army.real import NoModels
    from drills.rollout import CompileRefused

    if model and rung != "all":
        raise UsageProblem("--model plays the rungs that are configured: leave out --rung")
    _without_logs()
    progress = Progress("conversations", environment=os.environ)
    try:
        report = _played(tenant_path(tenant), day_of(today), rung=rung, model=model, progress=progress)
    except NoModels as none:
        raise UsageProblem(str(none)) from None
    except CompileRefused as refused:
        from compiler.report import render

        print(render(refused.result, "concise", color=False), end="", file=sys.stderr)
        return WRONG
    finally:
        progress.clear()
    _show(report, kept, whole=rung == "all", json_=json_, html=html)
    return WRONG if report.missed else OK


def _played(tenant: Path, day: date, *, rung: str, model: bool, progress: Progress) -> Report:
    from drills.plays.configured import personas_with_models
    from drills.plays.run import PRIMARY, REGISTER
    from drills.plays.run import personas as played

    if model:
        return personas_with_models(tenant, today=day, progress=progress)
    rungs = (REGISTER, PRIMARY) if rung == "all" else (rung,)
    return played(tenant, today=day, rungs=rungs, progress=progress)


def facts(
    tenant: Slug,
    reports: Annotated[
        list[Path] | None,
        typer.Argument(help="reports of drills as JSON (default: those kept of this tenant)"),
    ] = None,
    *,
    live: Annotated[
        bool,
        typer.Option("--live", help="instead: the latest hundred conversations of the configured database"),
    ] = False,
    json_: AsJson = False,
    html: Html = None,
    kept: Kept = KEPT_IN,
    by: By = "",
    today: Today = None,
) -> int:
    """List every sentence that was said with the approved claim it came from, file and line, or the word UNTRACED.

    Compared with the list before of the same source. Exit code 1 when one is untraced. With --live each look into a
    conversation is recorded under your name.
    """
    from drills.facts.run import LIVE, PLAYED, as_report, table, untraced

    _without_logs()
    if live:
        if reports:
            raise UsageProblem("--live reads the database: name no reports with it")
        found, digest, source = _of_log(tenant, operator(by))
    else:
        found, digest, source = _of_reports(tenant, reports, kept, day_of(today).isoformat())
    report = as_report(found, tenant=tenant, digest=digest, source=source, kind=LIVE if live else PLAYED)
    change = _compared(report, kept) if not reports else None
    _shown(report, change, table(found, change), json_=json_, html=html)
    return WRONG if untraced(found) else OK


def _of_reports(
    tenant: str, reports: list[Path] | None, kept: Path, day: str
) -> tuple[tuple[Fact, ...], str, str]:
    """Sentences of reports, judged by the tenant's folder as it stands."""
    from datetime import date

    from drills.facts.run import facts as traced
    from drills.facts.spoken import Spoken, of_report
    from drills.played_bundle import bundle_to_play
    from drills.reports import read
    from schemas.bundle import Bundle

    # What an earlier list of facts says was never said to anybody by itself.
    paths = reports or sorted(
        path for path in kept.glob(f"*-{tenant}.json") if not path.name.startswith("facts-")
    )
    if not paths:
        raise UsageProblem(f"{kept} holds no report of {tenant}: play `convo drill personas {tenant}` first")
    bundle = Bundle.decode(bundle_to_play(tenant_path(tenant), today=date.fromisoformat(day)).bundle)
    spoken: list[Spoken] = []
    for path in paths:
        try:
            report = read(json.loads(path.read_text(encoding="utf-8")))
        except OSError as error:
            raise UsageProblem(f"{path}: {error.strerror}") from None
        except (ValueError, KeyError, TypeError):
            raise UsageProblem(f"{path}: no report of a drill this version can read") from None
        if report.digest != bundle.digest:
            raise UsageProblem(
                f"{path} was played with {report.digest[:19]}, and the folder is {bundle.digest[:19]}: play it again, or name "
                "the reports that belong to it"
            )
        spoken += of_report(report, bundle)
    return traced(spoken), bundle.digest, ", ".join(path.name for path in paths)


def _of_log(tenant: str, by: str) -> tuple[tuple[Fact, ...], str, str]:
    """Sentences of the latest conversations, each judged by the bundle it was composed from."""
    from commands.connected import with_console
    from drills.facts.run import facts as traced
    from drills.facts.spoken import Spoken, of_log

    spoken: list[Spoken] = []

    async def act(console: Console) -> int:
        spoken.extend([each async for each in of_log(console, tenant, by=by)])
        return OK

    with_console(act)
    digests = {each.bundle.digest for each in spoken if each.bundle is not None}
    return traced(spoken), min(digests, default=""), "live"


def _show(report: Report, kept: Path, *, whole: bool, json_: bool, html: Path | None) -> None:
    """The table or the JSON, the page where one is asked for, and what differs from the run before."""
    from drills.reports import table

    change = _compared(report, kept) if whole else None
    _shown(report, change, table(report, change), json_=json_, html=html)


def _compared(report: Report, kept: Path) -> Change | None:
    """What differs from the run before, which this one replaces."""
    from drills.reports import ReportUnreadable, before, compare, keep

    last = None
    try:
        last = before(report.kind, report.tenant, kept)
    except ReportUnreadable as error:
        print(f"convo: {error}; compared with nothing", file=sys.stderr)
    keep(report, kept)
    return compare(report, last) if last is not None else None


def _shown(report: Report, change: Change | None, table: str, *, json_: bool, html: Path | None) -> None:
    from drills.reports import as_json, write_html

    if html is not None:
        try:
            write_html(report, html, change)
        except OSError as error:
            raise UsageProblem(f"{html}: {error.strerror}") from None
    print(json.dumps(as_json(report), ensure_ascii=False) if json_ else table)


def _without_logs() -> None:
    """What the processes of a deployment write down is no news to somebody at a terminal; errors are."""
    import logging

    from runtime.telemetry import configure

    configure("pretty", process="drill", level=logging.CRITICAL)
