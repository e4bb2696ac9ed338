"""`convo init`: a new tenant, and around it what a repository of tenants needs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from commands import OK, UsageProblem
from commands.options import Today, day_of

if TYPE_CHECKING:
    from compiler.scaffold import Planned

NEXT = """
Next:
  convo compile {folder} --check   what is still to be put right, with its place
  convo chat {folder}              talk to it
"""


def init(
    name: Annotated[str, typer.Argument(help="the tenant's name: lower-case words joined by hyphens")],
    *,
    pack: Annotated[
        list[str] | None,
        typer.Option(help="a pack of rules it takes besides `all`; repeat for several"),
    ] = None,
    organisation: Annotated[
        str | None,
        typer.Option(help="the group it belongs to (default: the only one there is, or a new one)"),
    ] = None,
    firm: Annotated[str | None, typer.Option(help="legal name of the firm (default: an EXAMPLE)")] = None,
    domain: Annotated[str, typer.Option(help="where its pages and mail are")] = "example.com",
    root: Annotated[Path, typer.Option(help="the repository; tenants/ is below it")] = Path("."),
    tenant_only: Annotated[
        bool, typer.Option(help="leave CODEOWNERS, workflows, README and schemas alone")
    ] = False,
    dry_run: Annotated[bool, typer.Option(help="only say what would be written")] = False,
    today: Today = None,
) -> int:
    """Start a tenant: a folder that compiles, with EXAMPLE values to replace, and the repository's files around it.

    Overwrites nothing. Packs the repository lacks are copied from this installation.
    """
    from compiler.scaffold import Refused, Wanted, plan, write

    wanted = Wanted(
        slug=name,
        today=day_of(today),
        packs=tuple(pack or ()),
        organisation=organisation,
        firm=firm,
        domain=domain,
        repository=not tenant_only,
    )
    try:
        planned = plan(root, wanted)
        if not dry_run:
            write(root, planned)
    except Refused as refused:
        raise UsageProblem(str(refused)) from None
    except OSError as error:
        raise UsageProblem(f"{error.filename}: {error.strerror}") from None
    _tell(planned, dry_run=dry_run)
    if not dry_run:
        print(NEXT.format(folder=(root / "tenants" / name).as_posix()), end="")
    return OK


def _tell(planned: Planned, *, dry_run: bool) -> None:
    """Folders of many files as one line: a newcomer wants to see the shape."""
    counted: dict[str, int] = {}
    for path in planned.files:
        many = path.startswith(("tenants/_packs/", "schemas/"))
        shown = "/".join(path.split("/")[: 3 if path.startswith("tenants/") else 2]) + "/" if many else path
        counted[shown] = counted.get(shown, 0) + 1
    would = "would " if dry_run else ""
    for shown, number in counted.items():
        verb = "change" if shown in planned.changed else "write"
        print(f"{would}{verb:<6} {shown}" + (f" ({number} files)" if shown.endswith("/") else ""))
    for note in planned.notes:
        print(note)
