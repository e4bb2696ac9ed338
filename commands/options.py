"""Arguments and options that several commands share, and what they stand for."""

from __future__ import annotations

import getpass
import re
import sys
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Literal

import typer

from commands import UsageProblem
from commands.compile import TENANTS
from schemas.bundle import Bundle, BundleError

Today = Annotated[
    datetime | None,
    typer.Option(formats=["%Y-%m-%d"], help="the day perishable facts are judged on (default: today)"),
]
Slug = Annotated[str, typer.Argument(help="slug of the tenant")]
TenantPath = Annotated[str, typer.Argument(help="slug, or tenants/<slug>")]
Stage = Annotated[Literal["sandbox", "staging", "live"], typer.Option(help="which pointer")]
By = Annotated[str, typer.Option(help="who acts, for the audit (default: your login name)")]
AsJson = Annotated[bool, typer.Option("--json", help="as JSON")]


Port = Annotated[
    int, typer.Option(min=0, max=65_535, help="of the web process; another one is taken if it is in use")
]


def read_bundle(path: Path) -> bytes:
    """The bytes of a bundle's file. Raises UsageProblem when they cannot be read or are no bundle."""
    try:
        data = path.read_bytes()
        Bundle.decode(data)
    except OSError as error:
        raise UsageProblem(f"{path}: {error.strerror}") from None
    except BundleError as error:
        raise UsageProblem(f"{path}: {error}") from None
    return data


def digest_given(digest: str) -> str:
    """A digest as it is stored, also when it was given without its `sha256:`."""
    return f"sha256:{digest}" if re.fullmatch("[0-9a-f]{64}", digest) else digest


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


def here() -> Path:
    """The tenants of the current folder, else the shipped ones: which then is said, on stderr."""
    if TENANTS.is_dir():
        return TENANTS
    return _told(shipped())


def tenant_path(tenant: str) -> Path:
    """The folder of a tenant given by path, or by a slug of ./tenants or of the shipped ones. Raises UsageProblem."""
    for place in (Path(tenant), TENANTS / tenant):
        if (place / "tenant.yaml").exists():
            return place
    if (shipped() / tenant / "tenant.yaml").exists():
        return _told(shipped() / tenant)
    folder = TENANTS if TENANTS.is_dir() else shipped()
    known = sorted(path.parent.name for path in folder.glob("*/tenant.yaml"))
    raise UsageProblem(f"there is no tenant {tenant} in {folder}; there are {', '.join(known) or 'none'}")


def _told(folder: Path) -> Path:
    """Another folder than ./tenants is never taken silently."""
    if folder.is_absolute():
        print(f"convo: not in ./tenants: using {folder}", file=sys.stderr)
    return folder
