"""The files of the development Postgres: a cluster made once, and at every start who may log in and how it behaves."""

import os
import pwd
import shutil
import subprocess
from collections.abc import Mapping
from types import MappingProxyType

from runtime.embedded import process
from runtime.embedded.place import EmbeddedPostgresError, Place

ROLES = ("convo_owner", "convo_ingest", "convo_dispatch", "convo_tenant", "convo_desk")
SUPERUSER = "convo_bootstrap"  # for bootstrap() alone; no process of convo logs in as it
INITDB_TIMEOUT_S = 300
BUILTIN_LOCALE_SINCE = 17

# The log is a file on a developer's disk: it must not hold what a statement or a row said.
QUIET_LOG: Mapping[str, str] = MappingProxyType(
    {
        "log_min_error_statement": "panic",
        "log_error_verbosity": "terse",
        "log_parameter_max_length_on_error": "0",
    }
)
WITHOUT_FSYNC: Mapping[str, str] = MappingProxyType(
    {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}
)


def make(where: Place, *, sync: bool) -> None:
    """initdb beside the final place, then a rename: a start that is killed leaves no half-made cluster."""
    fresh = where.home / "pgdata.new"
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(mode=0o700)
    if where.account:
        os.chown(fresh, where.account.pw_uid, where.account.pw_gid)
    options = [f"--pgdata={fresh}", f"--username={SUPERUSER}", "--auth-local=peer", "--auth-host=reject"]
    options += ["--encoding=UTF8", "--no-instructions", *_locale(where), *([] if sync else ["--no-sync"])]
    initdb = process.spawn(where, "initdb", options, output=subprocess.PIPE)
    try:
        said, _ = initdb.communicate(timeout=INITDB_TIMEOUT_S)
    except BaseException:
        initdb.kill()
        raise
    if initdb.returncode != 0:
        raise EmbeddedPostgresError(f"initdb failed:\n{said.decode(errors='replace').strip()}")
    fresh.rename(where.pgdata)


def _locale(where: Place) -> list[str]:
    """The same order of text on every machine: the builtin provider, or plain C before Postgres 17."""
    command = [str(where.binaries / "postgres"), "--version"]  # says: postgres (PostgreSQL) 18.4
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    builtin = int(said.split()[2][:2]) >= BUILTIN_LOCALE_SINCE
    return ["--locale=C", *(["--locale-provider=builtin", "--builtin-locale=C.UTF-8"] if builtin else [])]


def write_access(where: Place) -> None:
    """Peer authentication only: this OS user, and no other, may be any of our roles.

    The files stand outside pgdata: that belongs to the server's user, and root must not write where another could lay a link.
    """
    user = _os_user().replace('"', '""')
    for name, lines in (
        ("pg_hba.conf", ["local all all peer map=convo"]),
        ("pg_ident.conf", [f'convo "{user}" {role}' for role in (*ROLES, SUPERUSER)]),
    ):
        path = where.home / name
        path.write_text("\n".join([*lines, ""]), encoding="utf-8")
        path.chmod(0o644)


def _os_user() -> str:
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        raise EmbeddedPostgresError(
            f"user id {os.geteuid()} has no name on this machine, and peer authentication needs one"
        ) from None


def server_settings(where: Place, *, fsync: bool) -> dict[str, str]:
    return {
        "listen_addresses": "",
        "unix_socket_directories": str(where.socket_dir),
        "unix_socket_permissions": "0700",
        "hba_file": str(where.home / "pg_hba.conf"),
        "ident_file": str(where.home / "pg_ident.conf"),
        "timezone": "UTC",
        "log_timezone": "UTC",
        **QUIET_LOG,
        **({} if fsync else WITHOUT_FSYNC),
    }
