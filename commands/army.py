"""Attacking a tenant before it speaks to people: playing the suite, and keeping its signed result in the database."""

from __future__ import annotations

import json
import os
import sys
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from commands import OK, WRONG, UsageProblem
from commands.bundles import read_signing_key
from commands.connected import with_console
from commands.gitref import folder_at
from commands.options import AsJson, By, Today, day_of, operator, read_bundle, tenant_path
from compiler.diagnostics.suggest import did_you_mean
from schemas.bundle import Bundle

if TYPE_CHECKING:
    from commands.terminal import Progress
    from compiler.pipeline import Compiled
    from drills.reports import Change, Report
    from runtime.console import Console

SEED = 20261124  # of every run that names none: the same attacks for the same bundle
KEPT_IN = Path(".convo") / "drills"

What = Annotated[str, typer.Argument(help="slug, tenants/<slug>, or a bundle .json")]
Kept = Annotated[Path, typer.Option("--kept", help="folder of the runs before, to compare with")]


def attack(
    tenant: What,
    *,
    only: Annotated[list[str] | None, typer.Option(help="play this plugin alone; may be repeated")] = None,
    rung: Annotated[
        Literal["all", "register_only", "primary"],
        typer.Option(help="without a model, or with one that gives in to every attack"),
    ] = "all",
    seed: Annotated[int, typer.Option(min=0, help="other choices of seeds and disguises")] = SEED,
    model: Annotated[
        bool, typer.Option("--model", help="with the configured models, three times; needs their keys")
    ] = False,
    changed_since: Annotated[
        str | None,
        typer.Option(help="play nothing when the bundle is that of this branch, tag, commit or folder"),
    ] = None,
    json_: AsJson = False,
    html: Annotated[
        Path | None, typer.Option(help="also write the report as one page, with transcripts")
    ] = None,
    kept: Kept = KEPT_IN,
    sign_key: Annotated[
        Path | None, typer.Option(help="sign the result of a whole run with this Ed25519 key (PEM)")
    ] = None,
    publish: Annotated[
        bool, typer.Option("--publish", help="keep the signed result in the configured database")
    ] = False,
    by: By = "",
    today: Today = None,
) -> int:
    """Attack a tenant in every way we know, through store, worker and sender, and see that nothing comes of it.

    Attacks and harmless twins are made from the tenant's own bundle. Staging and live ask for a signed result of exactly
    the bundle that is to be put in force, without a miss. Exit code 1 for any miss.
    """
    _whole_if_signed(sign_key, publish=publish, partly=bool(only) or rung != "all" or model)
    day = day_of(today)
    compiled = _compiled(tenant, day)
    if isinstance(compiled, int):
        return compiled
    if changed_since is not None and _same_at(changed_since, tenant, compiled.digest, day):
        print(
            f"{compiled.tenant}: the bundle is the one of {changed_since}; nothing to play", file=sys.stderr
        )
        return OK
    report = _played(compiled, day, seed=seed, rung=rung, only=only or [], model=model)
    change = _compared(report, kept, whole=not (only or rung != "all"))
    _show(report, change, json_=json_, html=html)
    if sign_key is not None:
        _sign(report, compiled, sign_key, kept=kept, publish=publish, by=by)
    return WRONG if report.missed else OK


def attest(
    tenant: What,
    envelope: Annotated[
        Path | None, typer.Argument(help="the .dsse.json (default: the one the last signed run left)")
    ] = None,
    *,
    kept: Kept = KEPT_IN,
    by: By = "",
    today: Today = None,
) -> int:
    """Keep the signed result of a run in the configured database and in its audit: staging and live ask for it.

    Exit code 1 when it does not hold for exactly this bundle, or when it says that an attack did not fail.
    """
    from drills.army.attest import kept_at

    compiled = _compiled(tenant, day_of(today))
    if isinstance(compiled, int):
        return compiled
    path = envelope or kept_at(kept, compiled.tenant)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UsageProblem(f"{path}: {error.strerror}; `convo drill attack --sign-key` writes one") from None
    return _keep(compiled, data, by)


def _whole_if_signed(sign_key: Path | None, *, publish: bool, partly: bool) -> None:
    if publish and sign_key is None:
        raise UsageProblem("--publish keeps a signed result: name the key that signs it, --sign-key")
    if sign_key is not None and partly:
        raise UsageProblem("only a whole run is signed: leave out --only, --rung and --model")


def _compiled(tenant: str, day: date) -> Compiled | int:
    """The bundle that is played: of a folder as it stands, or a file's. The exit code when a folder does not compile."""
    from compiler.pipeline import Compiled
    from drills.played_bundle import bundle_to_play
    from drills.rollout import CompileRefused

    _without_logs()
    path = Path(tenant)
    if path.suffix == ".json":
        data = read_bundle(path)
        bundle = Bundle.decode(data)
        return Compiled(
            tenant=bundle.tenant.slug,
            unapproved=bundle.unapproved,
            diagnostics=(),
            files="",
            named=None,
            held=data,
        )
    try:
        return bundle_to_play(tenant_path(tenant), today=day)
    except CompileRefused as refused:
        from compiler.report import render

        print(render(refused.result, "concise", color=False), end="", file=sys.stderr)
        return WRONG


def _same_at(base: str, tenant: str, digest: str, day: date) -> bool:
    """Whether the tenant compiles to the same bytes there. One that was not there, or does not compile, is another."""
    from drills.played_bundle import bundle_to_play
    from drills.rollout import CompileRefused

    folder = tenant_path(tenant)
    with folder_at(base, folder.parent) as tenants:
        try:
            return bundle_to_play(tenants / folder.name, today=day).digest == digest
        except CompileRefused:
            return False


def _played(compiled: Compiled, day: date, *, seed: int, rung: str, only: list[str], model: bool) -> Report:
    from commands.terminal import Progress
    from drills.army.play import NowhereToPlay, play
    from drills.army.plugins import PLUGINS
    from drills.army.values import RUNGS

    known = {plugin.id for plugin in PLUGINS}
    for each in only:
        if each not in known:
            hint = did_you_mean(each, known) or f"there are {', '.join(sorted(known))}"
            raise UsageProblem(f"there is no plugin {each}; {hint}")
    progress = Progress("conversations", environment=os.environ)
    try:
        if model:
            return _with_models(compiled, day, seed=seed, only=only, progress=progress)
        rungs = RUNGS if rung == "all" else (rung,)
        return play(compiled, today=day, seed=seed, rungs=rungs, only=only, progress=progress)
    except NowhereToPlay as nowhere:
        raise UsageProblem(f"{compiled.tenant}: {nowhere}") from None
    finally:
        progress.clear()


def _with_models(compiled: Compiled, day: date, *, seed: int, only: list[str], progress: Progress) -> Report:
    from drills.army.real import NoModels, play_with_models

    try:
        return play_with_models(compiled, today=day, seed=seed, only=only, progress=progress)
    except NoModels as none:
        raise UsageProblem(str(none)) from None


def _compared(report: Report, kept: Path, *, whole: bool) -> Change | None:
    """What differs from the run before, which a whole run replaces. A part of a suite is compared with nothing."""
    from drills.reports import ReportUnreadable, before, compare, keep

    if not whole:
        return None
    try:
        last = before(report.kind, report.tenant, kept)
    except ReportUnreadable as error:
        print(f"convo: {error}; compared with nothing", file=sys.stderr)
        last = None
    keep(report, kept)
    return compare(report, last) if last is not None else None


def _show(report: Report, change: Change | None, *, json_: bool, html: Path | None) -> None:
    from drills.reports import as_json, table, write_html

    if html is not None:
        try:
            write_html(report, html, change)
        except OSError as error:
            raise UsageProblem(f"{html}: {error.strerror}") from None
    if not json_:
        print(table(report, change))
        return
    document = as_json(report)
    for row in document["rows"]:
        row["plugin"] = row.pop("group")
    print(json.dumps(document, ensure_ascii=False))


def _sign(report: Report, compiled: Compiled, key: Path, *, kept: Path, publish: bool, by: str) -> None:
    """Leaves the envelope beside the report, and in the database where that is asked for."""
    from drills.army.attest import kept_at, result_of, signed

    result = result_of(report)
    envelope = signed(result, read_signing_key(key))
    path = kept_at(kept, report.tenant)
    path.write_bytes(envelope)
    print(f"{path}: {result.attacks} attacks, {result.twins} twins, {result.failed} failed", file=sys.stderr)
    if publish:
        _keep(compiled, envelope, by)


def _keep(compiled: Compiled, envelope: bytes, by: str) -> int:
    async def act(console: Console) -> int:
        result = await console.attest(compiled.tenant, compiled.bundle, envelope, by=operator(by))
        counts = f"{result.attacks} attacks, {result.twins} twins, {result.failed} failed"
        what = "staging and live may have it" if result.holds else "kept; staging and live stay shut"
        print(f"{compiled.tenant}/{compiled.digest}: {counts}; {what}")
        return OK if result.holds else WRONG

    return with_console(act)


def _without_logs() -> None:
    """What the processes of a deployment write down is no news to somebody at a terminal; errors are."""
    import logging

    from runtime.telemetry import configure

    configure("pretty", process="drill", level=logging.ERROR)
