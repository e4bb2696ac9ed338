"""The front door: parses arguments, prints, and is the one place where compiler and runtime meet.

Exit codes: 0 all is well, 1 there is something to put right (a diagnostic, a refusal), 2 the command cannot run as it was
given or configured, 3 `plan` found changes. Everything is imported where it is used: `convo compile --check` must stay quick.
"""

from __future__ import annotations

import argparse
import asyncio
import functools
import importlib
import json
import os
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn, TypeVar
from uuid import UUID

if TYPE_CHECKING:
    import typer
    from runtime.console import Console

    from runtime.settings import Settings
    from schemas.bundle import Bundle

    Today = datetime | None
    Slug = Stage = By = Kind = str
    AsJson = bool

OK, WRONG, USAGE, CHANGES = 0, 1, 2, 3
TENANTS = Path("tenants")
T = TypeVar("T")


def main(argv: Sequence[str] | None = None) -> NoReturn:
    """The `convo` command."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if arguments[:1] == ["compile"]:  # without typer: loading it would cost more than the check
        sys.exit(_guarded(lambda: _compile(arguments[1:])))
    sys.exit(_guarded(lambda: _typer(arguments)))


def _guarded(run: Callable[[], int]) -> int:
    """Runs a command. What it may raise for its user becomes a message on stderr and an exit code."""
    try:
        return run()
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # `convo ... | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return WRONG
    except Exception as error:
        code = _code_of(error)
        if code is None:
            raise
        print(f"convo: {error}", file=sys.stderr)
        return code


# By name, so that nothing needs to be imported to know them. An error that is not here is a fault of ours and shows itself.
_CODES = {
    "UsageProblem": USAGE,
    "SettingsError": USAGE,
    "NotConfigured": USAGE,
    "KeyUnusable": USAGE,
    "EmbeddedPostgresError": USAGE,
    "MigrationError": USAGE,
    "ConvoError": WRONG,
    "DatabaseDown": WRONG,
    "ChildrenGone": WRONG,
    "SignatureRefused": WRONG,
    "CompileRefused": WRONG,
}


def _code_of(error: Exception) -> int | None:
    return next((_CODES[kind.__name__] for kind in type(error).__mro__ if kind.__name__ in _CODES), None)


class UsageProblem(Exception):
    """The command cannot run as it was given."""


# ---- compile: argparse, so that it starts fast -------------------------------------------------------------------------


def _compile(arguments: Sequence[str]) -> int:
    if "--check" in arguments:
        from compiler.pipeline import main_check

        return main_check([argument for argument in arguments if argument != "--check"])
    given = _compile_parser().parse_args(arguments)
    from compiler.pipeline import check
    from compiler.report import render
    from compiler.write import sign, signing_key, write

    root, only = _tenants_of(given.tenants)
    result = check(root, today=given.today, only=only, stage=given.stage, authority=True)
    print(render(result, given.format, color=sys.stdout.isatty()))
    if not result.ok:
        return WRONG
    key = signing_key(given.sign_key.read_bytes()) if given.sign_key else None
    for compiled in filter(None, result.tenants.values()):
        envelope = key and sign(compiled.bundle, tenant=compiled.tenant, stages=[given.stage], keys=[key])
        path = write(given.out, compiled.bundle, envelope)
        notes = ["unapproved"] * compiled.unapproved + ["unsigned"] * (key is None)
        print(f"{compiled.tenant}  {compiled.digest}  {path}  {', '.join(notes)}".rstrip())
    return OK


def _compile_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="convo compile",
        description="Check tenants and write their bundles. Touches no database and no network.",
    )
    add = parser.add_argument
    add("tenants", nargs="*", type=Path, help="tenants/, or one or more tenants/<slug> (default: tenants)")
    add("--check", action="store_true", help="only say what is wrong; write nothing")
    add("--today", type=date.fromisoformat, default=_today(), help="the day perishable facts are judged on")
    add("--stage", choices=("sandbox", "staging", "live"), default="sandbox", help="which stage it is for")
    add("--format", choices=("text", "concise", "json", "github", "sarif"), default="text")
    add("--out", type=Path, default=Path("dist"), help="where <digest>.json is written (default: dist)")
    add("--sign-key", type=Path, help="Ed25519 private key (PEM); without it the bundle is unsigned")
    return parser


def _tenants_of(paths: Sequence[Path]) -> tuple[Path, tuple[str, ...]]:
    """(the folder of tenants, the slugs asked for; none = all)."""
    if not paths:
        return TENANTS, ()
    if len(paths) == 1 and not (paths[0] / "tenant.yaml").exists():
        return paths[0], ()
    if len({path.resolve().parent for path in paths}) > 1:
        raise UsageProblem("the tenants must be in one folder")
    return paths[0].parent, tuple(path.resolve().name for path in paths)


def _today() -> date:
    return datetime.now().astimezone().date()


# ---- everything else: typer --------------------------------------------------------------------------------------------


def _typer(arguments: Sequence[str]) -> int:
    _know_typer()
    front = _group(
        "Regulated firms talk to customers without losing a message or saying what nobody approved."
    )
    for panel, commands in COMMANDS.items():
        for name, command in commands.items():
            front.command(name, rich_help_panel=panel)(_exiting(command))
    for name, (panel, words, commands) in GROUPS.items():
        nested = _group(words)
        for inner, command in commands.items():
            nested.command(inner)(_exiting(command))
        front.add_typer(nested, name=name, rich_help_panel=panel)
    front(args=list(arguments), prog_name="convo")
    return OK


def _know_typer() -> None:
    """The names that the commands' annotations use; they are looked up when a command is added, which is now."""
    from enum import Enum

    typer = importlib.import_module("typer")
    option, argument = typer.Option, typer.Argument
    day = option(formats=["%Y-%m-%d"], help="the day perishable facts are judged on")
    globals().update(
        typer=typer,
        Today=Annotated[datetime | None, day],
        Slug=Annotated[str, argument(help="slug of the tenant")],
        Stage=Annotated[Enum("Stage", {s: s for s in ("sandbox", "staging", "live")}, type=str), option()],
        By=Annotated[str, option(help="who acts, for the audit (default: your login name)")],
        Kind=Annotated[Enum("Kind", {k: k for k in ("dead", "unknown")}, type=str), argument()],
        AsJson=Annotated[bool, option("--json", help="as JSON")],
    )


def _group(words: str) -> typer.Typer:
    return typer.Typer(
        help=words,
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode="rich",
    )


def _exiting(command: Callable[..., int]) -> Callable[..., None]:
    @functools.wraps(command)
    def run(*args: Any, **kwargs: Any) -> None:
        raise SystemExit(command(*args, **kwargs))

    return run


# ---- write tenants ------------------------------------------------------------------------------------------------------


def compile_(
    tenants: Annotated[list[Path] | None, typer.Argument(help="tenants/ or tenants/<slug>")] = None,
) -> int:
    """Check tenants (--check) and write their bundles. `convo compile --help` shows every option."""
    return _compile([str(path) for path in tenants or ()])


def explain(code: Annotated[str, typer.Argument(help="for example CV5012")]) -> int:
    """What a diagnostic means, with a bad and a good example."""
    from compiler.report import explain as explained

    try:
        print(explained(code.upper()))
    except KeyError:
        raise UsageProblem(f"there is no diagnostic {code}: a code is CV and four digits") from None
    return OK


def plan(
    base: Annotated[Path, typer.Argument(help="bundle .json that is in force")],
    head: Annotated[Path, typer.Argument(help="bundle .json to compare with it")],
) -> int:
    """What changes from one bundle to another, by how much it matters. Exit code 3 when something does."""
    from compiler.plan import plan as planned

    changes = planned(base.read_bytes(), head.read_bytes())
    for change in changes:
        print(f"{change.klass:<14} {change.kind} {change.id}: {change.what}")
    return CHANGES if changes else OK


def screen(
    tenant: Annotated[str, typer.Argument(help="slug, or tenants/<slug>")], today: Today = None
) -> int:
    """Screen inbound messages: one JSON line {id,text} in, one verdict line out."""
    from runtime.engine.screen import screen_action, screen_text

    bundle = _bundle(tenant, today)

    def judge(text: str) -> dict[str, Any]:
        verdict = screen_text(text, bundle)
        seen = [{"category": s.category, "pattern": s.pattern} for s in verdict.signals]
        categories = list(dict.fromkeys(s.category for s in verdict.signals))
        return {"action": screen_action(verdict, bundle), "categories": categories, "findings": seen}

    return _json_lines(judge)


def review(
    tenant: Annotated[str, typer.Argument(help="slug, or tenants/<slug>")], today: Today = None
) -> int:
    """Review text somebody wants to send: one JSON line {id,text} in, one verdict line out."""
    from runtime.engine.review import review_text

    bundle = _bundle(tenant, today)

    def judge(text: str) -> dict[str, Any]:
        findings = review_text(text, bundle)
        action = "block" if any(f.severity == "block" for f in findings) else "warn" if findings else "pass"
        return {
            "action": action,
            "categories": list(dict.fromkeys(f.rule for f in findings)),
            "findings": [
                {"rule": f.rule, "message": f.message, "severity": f.severity, "start": f.start, "end": f.end}
                for f in findings
            ],
        }

    return _json_lines(judge)


def chat(tenant: Annotated[str, typer.Argument(help="slug, or tenants/<slug>")], today: Today = None) -> int:
    """Talk to a tenant: a line in, the reply and the claims behind it out. Works in a pipe too."""
    from drills.chat import talk

    path = _tenant_path(tenant)
    return asyncio.run(talk(path, today=today.date() if today else _today(), interactive=sys.stdin.isatty()))


def demo(
    exit_: Annotated[bool, typer.Option("--exit", help="play three conversations and leave")] = False,
    json_: Annotated[bool, typer.Option("--json", help="with --exit: print them as JSON")] = False,
    port: Annotated[
        int, typer.Option(help="of the web process; another one is taken if it is in use")
    ] = 8000,
    keep: Annotated[Path | None, typer.Option(help="keep database, keys and logs in this folder")] = None,
    tenants: Annotated[
        Path | None, typer.Option(help="folder of tenants (default: the shipped ones)")
    ] = None,
) -> int:
    """Two tenants with a sandbox phone, web chats and the desk, on a database of their own. Needs no key and no network."""
    from drills.demo import Wishes, run

    if json_ and not exit_:
        raise UsageProblem("--json goes with --exit")
    return run(Wishes(leave=exit_, as_json=json_, port=port, keep=keep, tenants=tenants or _shipped()))


# ---- put bundles in force -----------------------------------------------------------------------------------------------


def publish(
    path: Annotated[
        Path, typer.Argument(help="a bundle .json with its .dsse.json beside it, or tenants/<slug>")
    ],
    sign_key: Annotated[
        Path | None, typer.Option(help="for a folder: the Ed25519 key (PEM) that signs it")
    ] = None,
    stage: Stage = "sandbox",
    by: By = "",
    today: Today = None,
) -> int:
    """Store a signed bundle, so that it can be activated. Prints its digest."""
    tenant, data, envelope = _signed_bundle(path, sign_key, stage, today)

    async def act(console: Console) -> int:
        print(await console.publish(tenant, data, envelope, stage=stage, by=_operator(by)))
        return OK

    return _with_console(act)


def activate(
    tenant: Slug,
    digest: Annotated[str, typer.Argument(help="sha256:... as `publish` printed it")],
    expect_active: Annotated[
        str | None, typer.Option(help="refuse unless this digest (or `none`) is in force now")
    ] = None,
    stage: Stage = "sandbox",
    by: By = "",
) -> int:
    """Put a published bundle in force. Running processes take it within seconds and drop no message."""

    async def act(console: Console) -> int:
        pointer = await console.activate(tenant, stage, digest, expect_active=expect_active, by=_operator(by))
        print(f"{tenant}/{stage}: {pointer.digest} is in force (serial {pointer.serial})")
        return OK

    return _with_console(act)


def rollback(tenant: Slug, stage: Stage = "sandbox", by: By = "") -> int:
    """Put the bundle in force that was before the present one."""

    async def act(console: Console) -> int:
        pointer = await console.rollback(tenant, stage, by=_operator(by))
        print(f"{tenant}/{stage}: back to {pointer.digest} (serial {pointer.serial})")
        return OK

    return _with_console(act)


def status(stage: Stage = "sandbox", json_: AsJson = False) -> int:
    """Which bundle each tenant should use and which one each process really uses. Exit code 1 when they differ."""

    async def act(console: Console) -> int:
        rows = await console.status(stage)
        if json_:
            print(json.dumps(rows))
        else:
            for row in rows:
                print(f"{row['tenant']}/{stage}  {row['digest']}  serial {row['serial']}")
                for seen in row["processes"]:
                    state = (
                        "ok"
                        if seen["digest"] == row["digest"]
                        else f"STALE: {seen['error'] or 'not yet taken'}"
                    )
                    print(f"    {seen['process']:<24} {seen['digest'] or 'nothing'}  {state}")
        stale = any(seen["digest"] != row["digest"] for row in rows for seen in row["processes"])
        return WRONG if stale or not rows else OK

    return _with_console(act)


def keys_new(
    path: Annotated[
        Path, typer.Argument(help="where the private key goes; the public one goes beside it as .pub")
    ],
) -> int:
    """A fresh Ed25519 pair to sign bundles with (development; a real deployment signs in CI or a key service)."""
    from compiler.write import new_key
    from drills.devkeys import write_private

    private, public = new_key()
    try:
        write_private(path, private)
    except OSError as error:
        raise UsageProblem(f"{path}: {error.strerror}") from None
    path.with_suffix(".pub").write_bytes(public)
    print(f"private key {path}; public key {path.with_suffix('.pub')}: name it in CONVO_TRUST")
    return OK


# ---- run ----------------------------------------------------------------------------------------------------------------


def serve(
    dev: Annotated[
        bool, typer.Option("--dev", help="on an embedded Postgres, with keys made for it")
    ] = False,
    watch: Annotated[
        Path | None, typer.Option(help="with --dev: recompile this folder and swap on save")
    ] = None,
    clock: Annotated[
        datetime | None, typer.Option(help="with --dev: start at this time (UTC), ticking")
    ] = None,
    port: Annotated[int | None, typer.Option(help="of the web process (default: CONVO_PORT or 8000)")] = None,
    data: Annotated[Path | None, typer.Option(help="with --dev: where the database is kept")] = None,
) -> int:
    """Run web, worker and sender as children of this process. Without --dev it needs DATABASE_URL."""
    from runtime.settings import Settings

    if dev:
        from drills.serve_dev import run

        begin = clock.replace(tzinfo=UTC) if clock else None
        day = clock.date() if clock else _today()
        return run(tenants=_shipped(), watch=watch, clock=begin, port=port or 8000, today=day, folder=data)

    if watch or clock or data:
        raise UsageProblem("--watch, --clock and --data go with --dev")
    from runtime.app import serve as serve_all

    settings = Settings.from_env(os.environ)
    settings.url("ingest")  # without a database it refuses here, before anything starts
    return asyncio.run(serve_all(settings, port=port))


def web(
    fd: Annotated[int | None, typer.Option(help="an open listening socket to use", hidden=True)] = None,
) -> int:
    """Run the web process: webhooks, web chat, desk."""
    from runtime.app import web as run

    return run(_settings(), fd=fd)


def worker() -> int:
    """Run a worker: it answers conversations."""
    from runtime.app import worker as run

    return run(_settings())


def sender() -> int:
    """Run a sender: it looks once more, then sends."""
    from runtime.app import sender as run

    return run(_settings())


def migrate() -> int:
    """Bring the database to this version."""
    from runtime.console import migrate as run

    applied = run(_settings())
    print("\n".join(f"applied {name}" for name in applied) or "nothing to do")
    return OK


def doctor() -> int:
    """Check settings, keys, database, roles and installation; say what is wrong and how to put it right."""
    from runtime.doctor import examine

    findings = examine(os.environ)
    for finding in findings:
        print(
            f"{'ok  ' if finding.ok else 'FAIL'} {finding.what}{'' if finding.ok else f': {finding.advice}'}"
        )
    return OK if all(finding.ok for finding in findings) else WRONG


# ---- operate ------------------------------------------------------------------------------------------------------------


def why(
    message: Annotated[str, typer.Argument(help="id of a message: ours, or the provider's")], tenant: Slug
) -> int:
    """Everything behind one message: sentences, claims, approvers, the decision to send and the rule that took it."""

    async def act(console: Console) -> int:
        found = await console.why(tenant, message)
        if found is None:
            print(f"convo: {tenant} has no message {message}", file=sys.stderr)
            return WRONG
        print(json.dumps(found, indent=2, default=str, ensure_ascii=False))
        return OK

    return _with_console(act)


def queue_list(
    tenant: Annotated[str | None, typer.Argument(help="slug (default: every tenant)")] = None,
) -> int:
    """Dead letters and sends whose fate is unknown, as JSON lines."""

    async def act(console: Console) -> int:
        for row in await console.stuck(tenant):
            print(json.dumps(row, default=str))
        return OK

    return _with_console(act)


def queue_replay(tenant: Slug, kind: Kind, item: Annotated[UUID, typer.Argument()], by: By = "") -> int:
    """Try a dead letter or an unknown send again."""

    async def act(console: Console) -> int:
        done = await console.replay(tenant, kind, item, by=_operator(by))
        print("queued again" if done else "nothing there to replay")
        return OK if done else WRONG

    return _with_console(act)


def queue_discard(
    tenant: Slug,
    kind: Kind,
    item: Annotated[UUID, typer.Argument()],
    reason: Annotated[str, typer.Option(help="stands in the audit")],
    by: By = "",
) -> int:
    """Give a dead letter or an unknown send up, with a reason."""

    async def act(console: Console) -> int:
        done = await console.discard(tenant, kind, item, by=_operator(by), reason=reason)
        print("discarded" if done else "nothing there to discard")
        return OK if done else WRONG

    return _with_console(act)


def kill(
    tenant: Annotated[str, typer.Argument(help="slug, or ALL")],
    reason: Annotated[str, typer.Option(help="stands in the audit")],
    everything: Annotated[bool, typer.Option(help="stop people too, not only automatic messages")] = False,
    by: By = "",
) -> int:
    """Stop sending now. Two people are needed to enable it again."""

    async def act(console: Console) -> int:
        in_flight = await console.kill(tenant, everything=everything, by=_operator(by), reason=reason)
        print(f"stopped; {in_flight} message(s) were being sent at that moment")
        return OK

    return _with_console(act)


def enable(tenant: Annotated[str, typer.Argument(help="slug, or ALL")], by: By = "") -> int:
    """Ask to send again, or be the second person to agree. Exit code 1 while the second is missing."""

    async def act(console: Console) -> int:
        state = await console.enable(tenant, by=_operator(by))
        print("sending again" if state == "enabled" else "noted; another person must run this too")
        return OK if state == "enabled" else WRONG

    return _with_console(act)


def audit_verify(json_: AsJson = False) -> int:
    """Check every audit chain and sealed root. Exit code 1 when anything was edited, cut or is missing."""

    async def act(console: Console) -> int:
        report = await console.verify_audit()
        print(json.dumps(report) if json_ else report["text"])
        return OK if report["ok"] else WRONG

    return _with_console(act)


def secret_set(
    tenant: Slug,
    name: Annotated[str, typer.Argument(help="the NAME of secret:NAME in channels.yaml")],
    by: By = "",
) -> int:
    """Store a secret, encrypted. The value is read from the terminal or from stdin, never from the arguments."""
    import getpass

    value = getpass.getpass(f"{name}: ") if sys.stdin.isatty() else sys.stdin.readline().rstrip("\r\n")
    if not value:
        raise UsageProblem("the value is empty")

    async def act(console: Console) -> int:
        await console.set_secret(tenant, name, value, by=_operator(by))
        print(f"{tenant}: secret:{name} is set")
        return OK

    return _with_console(act)


# ---- helpers ------------------------------------------------------------------------------------------------------------


def _with_console(act: Callable[[Console], Awaitable[int]]) -> int:
    """Runs one operator's command against the configured database."""
    from runtime.console import open_console

    async def run() -> int:
        async with open_console(_settings()) as console:
            return await act(console)

    return asyncio.run(run())


def _settings() -> Settings:
    from runtime.settings import Settings

    return Settings.from_env(os.environ)


def _operator(by: str) -> str:
    """Who acts, for the audit: --by, or the login name."""
    import getpass

    return by or getpass.getuser()


def _shipped() -> Path:
    """The tenants beside this file (a checkout), else those of the current folder."""
    beside = Path(__file__).resolve().parent / TENANTS
    return beside if beside.is_dir() else TENANTS


def _tenant_path(tenant: str) -> Path:
    given = Path(tenant)
    path = given if (given / "tenant.yaml").exists() else _shipped() / tenant
    if not (path / "tenant.yaml").exists():
        known = sorted(folder.parent.name for folder in _shipped().glob("*/tenant.yaml"))
        raise UsageProblem(f"there is no tenant {tenant}; there are {', '.join(known) or 'none'}")
    return path


def _bundle(tenant: str, today: datetime | None) -> Bundle:
    from compiler.pipeline import compile_tenant
    from schemas.bundle import Bundle

    compiled = compile_tenant(_tenant_path(tenant), today.date() if today else _today())
    return Bundle.decode(compiled.bundle)


def _signed_bundle(
    path: Path, sign_key: Path | None, stage: str, today: datetime | None
) -> tuple[str, bytes, bytes]:
    """(tenant, bundle bytes, envelope) of a bundle file, or of a folder compiled and signed now."""
    from schemas.bundle import Bundle

    if path.is_dir():
        from compiler.pipeline import compile_tenant
        from compiler.write import sign, signing_key

        if sign_key is None:
            raise UsageProblem("to publish a folder, name the key that signs it: --sign-key")
        compiled = compile_tenant(path, today.date() if today else _today(), stage=stage, authority=True)
        key = signing_key(sign_key.read_bytes())
        return (
            compiled.tenant,
            compiled.bundle,
            sign(compiled.bundle, tenant=compiled.tenant, stages=[stage], keys=[key]),
        )
    beside = path.with_name(path.name.removesuffix(".json") + ".dsse.json")
    try:
        data, envelope = path.read_bytes(), beside.read_bytes()
    except OSError as error:
        raise UsageProblem(f"{error.filename}: {error.strerror}") from None
    return Bundle.decode(data).tenant.slug, data, envelope


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


# ---- the table of commands ----------------------------------------------------------------------------------------------

COMMANDS: dict[str, dict[str, Callable[..., int]]] = {
    "Start here": {"demo": demo, "chat": chat, "serve": serve, "doctor": doctor},
    "Write tenants": {
        "compile": compile_,
        "explain": explain,
        "plan": plan,
        "screen": screen,
        "review": review,
    },
    "Put bundles in force": {
        "publish": publish,
        "activate": activate,
        "rollback": rollback,
        "status": status,
    },
    "Run one process": {"web": web, "worker": worker, "sender": sender, "migrate": migrate},
    "Operate": {"why": why, "kill": kill, "enable": enable},
}
GROUPS: dict[str, tuple[str, str, dict[str, Callable[..., int]]]] = {
    "queue": (
        "Operate",
        "Dead letters and sends whose fate is unknown.",
        {"list": queue_list, "replay": queue_replay, "discard": queue_discard},
    ),
    "audit": ("Operate", "The audit trail.", {"verify": audit_verify}),
    "secret": ("Operate", "Secrets of connections.", {"set": secret_set}),
    "keys": ("Put bundles in force", "Keys that sign bundles.", {"new": keys_new}),
}


if __name__ == "__main__":
    main()
