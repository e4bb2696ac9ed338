"""Arguments and options that several commands share, and what they stand for."""

from __future__ import annotations

import getpass
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Literal

import typer

from commands import UsageProblem
from commands.compile import TENANTS

Today = Annotated[
    datetime | None,
    typer.Option(formats=["%Y-%m-%d"], help="the day perishable facts are judged on (default: today)"),
]
Slug = Annotated[str, typer.Argument(help="slug of the tenant")]
TenantPath = Annotated[str, typer.Argument(help="slug, or tenants/<slug>")]
Stage = Annotated[Literal["sandbox", "staging", "live"], typer.Option(help="which pointer")]
By = Annotated[str, typer.Option(help="who acts, for the audit (default: your login name)")]
AsJson = Annotated[bool, typer.Option("--json", help="as JSON")]


def operator(by: str) -> str:
    """Who acts: --by, or the login name."""
    return by or getpass.getuser()


def day_of(today: datetime | None) -> date:
    """The day given, or this one."""
    return today.date() if today else datetime.now().astimezone().date()


def shipped() -> Path:
    """The tenants of this checkout, else those of the current folder."""
    beside = Path(__file__).resolve().parent.parent / TENANTS
    return beside if beside.is_dir() else TENANTS


def tenant_path(tenant: str) -> Path:
    """The folder of a tenant given by slug or by path. Raises UsageProblem."""
    given = Path(tenant)
    path = given if (given / "tenant.yaml").exists() else shipped() / tenant
    if not (path / "tenant.yaml").exists():
        known = sorted(folder.parent.name for folder in shipped().glob("*/tenant.yaml"))
        raise UsageProblem(f"there is no tenant {tenant}; there are {', '.join(known) or 'none'}")
    return path
