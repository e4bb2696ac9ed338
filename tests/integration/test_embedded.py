"""The development Postgres: who may reach it, what survives a crash, and that nothing of it outlives us."""

import multiprocessing
import os
import pwd
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from runtime import embedded
from runtime.embedded import EmbeddedPostgres, EmbeddedPostgresError

REPOSITORY = Path(__file__).resolve().parents[2]
NOBODY = pwd.getpwnam("nobody").pw_uid
STRANGER = 54321
PATIENCE_S = 60

needs_root = pytest.mark.skipif(
    os.geteuid() != 0, reason="only root can become another user; run as root to see it"
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    pg = embedded.start(tmp_path_factory.mktemp("pg"), fsync=False)
    embedded.bootstrap(pg)
    yield pg
    pg.discard()


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that every user can reach, unlike pytest's own."""
    with tempfile.TemporaryDirectory(prefix="convo-test-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


def ask(url: str, question: str) -> object:
    with psycopg.connect(url) as connection:
        row = connection.execute(question.encode()).fetchone()
        return row[0] if row else None


def await_true(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + PATIENCE_S
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.02)
    return condition()


def has_ended(pid: int) -> bool:
    """Gone, or dead and not yet collected by an init that takes its time."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def family(pid: int) -> list[int]:
    """A process and its children."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *map(int, children)]


def as_user(uid: int, act: Callable[[], None]) -> int:
    """The exit status of `act`, run in a fork of this process that has become `uid`."""

    def become_and_act() -> None:
        os.setgroups([])
        os.setgid(uid)
        os.setuid(uid)
        act()

    child = multiprocessing.get_context("fork").Process(target=become_and_act)
    child.start()
    child.join(PATIENCE_S)
    assert child.exitcode is not None
    return child.exitcode


# ---- who gets in --------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", embedded.ROLES)
def test_every_role_logs_in_as_itself_and_is_nothing_more(server: EmbeddedPostgres, role: str) -> None:
    powers = "rolsuper or rolbypassrls or rolcreatedb or rolcreaterole or rolreplication"

    assert ask(server.url(role), "select current_user") == role
    assert ask(server.url(role), f"select {powers} from pg_roles where rolname = current_user") is False
    assert (
        ask(server.url(role), "select count(*) from pg_auth_members where member = current_user::regrole")
        == 0
    )


def test_a_role_that_is_not_in_the_map_is_refused(server: EmbeddedPostgres) -> None:
    with pytest.raises(psycopg.OperationalError, match="Peer authentication failed"):
        psycopg.connect(server.url("postgres", "postgres"))


def test_the_database_belongs_to_the_owner_and_knows_vectors(server: EmbeddedPostgres) -> None:
    owner = "select pg_get_userbyid(datdba)::text from pg_database where datname = 'convo'"

    assert ask(server.url("convo_owner"), owner) == "convo_owner"
    assert ask(server.url("convo_owner"), "select ('[1,2]'::vector <-> '[1,2]')::int") == 0


def test_bootstrap_twice_changes_nothing(server: EmbeddedPostgres) -> None:
    embedded.bootstrap(server)

    assert ask(server.url("convo_owner"), "select count(*) from pg_roles where rolname like 'convo%'") == 6


def test_text_sorts_the_same_on_every_machine(server: EmbeddedPostgres) -> None:
    locale = "select datlocprovider::text || datlocale from pg_database where datname = current_database()"

    assert ask(server.url("convo_owner"), locale) == "bC.UTF-8"
    assert ask(server.url("convo_owner"), "show server_encoding") == "UTF8"


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_no_process_of_it_has_a_tcp_socket(server: EmbeddedPostgres) -> None:
    inodes = {
        line.split()[9]
        for name in ("tcp", "tcp6")
        if (table := Path("/proc/net") / name).exists()
        for line in table.read_text().splitlines()[1:]
    }
    opened = {
        os.readlink(link)
        for pid in family(server.pid)
        for link in Path(f"/proc/{pid}/fd").iterdir()
        if link.is_symlink()
    }

    assert any(name.startswith("socket:") for name in opened)
    assert not {f"socket:[{inode}]" for inode in inodes} & opened


def test_the_socket_folder_is_closed_to_others(server: EmbeddedPostgres) -> None:
    assert server.socket_dir.stat().st_mode & 0o777 == 0o700
    assert ask(server.url("convo_owner"), "show unix_socket_permissions") == "0700"


def test_the_log_keeps_what_a_statement_said_to_itself(server: EmbeddedPostgres) -> None:
    with psycopg.connect(server.url("convo_owner")) as connection:
        connection.execute("create temporary table person (phone text primary key)")
        connection.execute("insert into person values ('07700900123')")
        with pytest.raises(psycopg.errors.UniqueViolation):
            connection.execute("insert into person values ('07700900123')")

    log = (server.data_dir / "postgres.log").read_text()
    assert "duplicate key" in log
    assert "07700900123" not in log


# ---- ends and beginnings ------------------------------------------------------------------------------


def test_what_was_committed_survives_a_crash(folder: Path) -> None:
    pg = embedded.start(folder)
    embedded.bootstrap(pg)
    first = pg.pid
    with psycopg.connect(pg.url("convo_owner")) as connection:
        connection.execute("create table kept as select 42 as answer")

    pg.crash()
    assert not pg.running
    pg.restart()

    assert pg.pid != first
    assert ask(pg.url("convo_owner"), "select answer from kept") == 42
    pg.stop()
    assert not pg.running


def test_stop_leaves_no_process_and_frees_the_folder(folder: Path) -> None:
    pg = embedded.start(folder, fsync=False)
    processes = family(pg.pid)
    pg.stop()
    pg.stop()

    assert await_true(lambda: all(map(has_ended, processes)))
    embedded.start(folder, fsync=False).stop()


def test_a_killed_postmaster_does_not_keep_the_next_one_out(folder: Path) -> None:
    pg = embedded.start(folder, fsync=False)
    embedded.bootstrap(pg)
    with psycopg.connect(pg.url("convo_owner")):
        os.kill(pg.pid, signal.SIGKILL)
        assert await_true(lambda: not pg.running)
        pg.restart()

    assert ask(pg.url("convo_owner"), "select 1") == 1
    pg.stop()


def test_a_stale_process_id_that_another_program_has_now_does_not_keep_us_out(folder: Path) -> None:
    pg = embedded.start(folder, fsync=False)
    pidfile = Path(str(ask(pg.url(embedded.SUPERUSER, "postgres"), "show data_directory"))) / "postmaster.pid"
    said = pidfile.read_text()
    pg.crash()
    pidfile.write_text(said.replace(str(pg.pid), str(os.getpid())))

    pg.restart()

    assert pg.running
    pg.stop()


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's death signal is Linux's")
def test_when_we_are_killed_it_ends_and_the_folder_can_be_used_again(folder: Path) -> None:
    program = (
        "import pathlib, sys, time; from runtime import embedded;"
        "pg = embedded.start(pathlib.Path(sys.argv[1])); embedded.bootstrap(pg); print(pg.pid, flush=True); time.sleep(600)"
    )
    command = [sys.executable, "-c", program, str(folder)]
    with subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout
        processes = family(int(owner.stdout.readline()))
        with pytest.raises(EmbeddedPostgresError, match="another convo is using"):
            embedded.start(folder)
        owner.kill()

    again = embedded.start(folder)  # at once: it waits for what is still ending
    assert all(map(has_ended, processes))
    assert ask(again.url("convo_owner"), "select 1") == 1
    again.stop()


def test_an_ordinary_exit_stops_it_too(folder: Path) -> None:
    program = (
        "import pathlib, sys; from runtime import embedded;"
        "pg = embedded.start(pathlib.Path(sys.argv[1]), fsync=False); print(pg.pid)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(folder)],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    )

    assert has_ended(int(done.stdout))
    assert "database system is shut down" in (folder / "postgres.log").read_text()


def test_it_outlives_the_thread_that_started_it(folder: Path) -> None:
    with ThreadPoolExecutor() as threads:
        pg = threads.submit(embedded.start, folder, fsync=False).result()
    time.sleep(0.2)

    assert pg.running
    pg.stop()


# ---- places and complaints ----------------------------------------------------------------------------


def test_a_long_path_gets_a_short_socket_folder(folder: Path) -> None:
    pg = embedded.start(folder / ("long" * 30), fsync=False)

    assert len(os.fsencode(pg.socket_dir)) < 80
    assert pg.socket_dir.stat().st_mode & 0o777 == 0o700
    assert ask(pg.url(embedded.SUPERUSER, "postgres"), "select 1") == 1
    pg.discard()
    assert not pg.socket_dir.exists()


def test_a_socket_folder_that_somebody_else_laid_out_is_not_used(folder: Path) -> None:
    (folder / "socket").mkdir(mode=0o777)

    with pytest.raises(EmbeddedPostgresError, match="must be a folder of mode 0700"):
        embedded.start(folder)


def test_a_setting_that_postgres_refuses_is_shown_with_what_it_said(folder: Path) -> None:
    with pytest.raises(EmbeddedPostgresError, match="unrecognized configuration parameter"):
        embedded.start(folder, fsync=False, settings={"no_such_setting": "1"})

    embedded.start(folder, fsync=False).stop()


def test_settings_of_the_caller_win(folder: Path) -> None:
    pg = embedded.start(folder, fsync=False, settings={"max_connections": "17"})

    assert ask(pg.url(embedded.SUPERUSER, "postgres"), "show max_connections") == "17"
    pg.stop()


def test_a_folder_without_binaries_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONVO_PG_BIN", str(folder))

    with pytest.raises(EmbeddedPostgresError, match="holds no postgres and initdb"):
        embedded.start(folder / "data")


def test_a_data_folder_that_cannot_be_made_is_named(folder: Path) -> None:
    (folder / "file").write_text("")

    with pytest.raises(EmbeddedPostgresError, match=r"could not be started on .*file/data"):
        embedded.start(folder / "file" / "data")


# ---- as root ------------------------------------------------------------------------------------------


@needs_root
def test_as_root_the_server_is_nobody_and_no_other_folder_is_touched(folder: Path) -> None:
    hidden = folder / "hidden"
    hidden.mkdir(mode=0o700)
    before = {path: path.stat().st_mode for path in (hidden, folder, folder.parent, Path("/var/lib"))}

    pg = embedded.start(hidden / "data", fsync=False)
    embedded.bootstrap(pg)

    assert Path(f"/proc/{pg.pid}").stat().st_uid == NOBODY
    assert ask(pg.url("convo_owner"), "select 1") == 1
    assert {path: path.stat().st_mode for path in before} == before
    binaries = Path(os.readlink(f"/proc/{pg.pid}/exe"))
    assert (binaries.stat().st_uid, binaries.stat().st_mode & 0o022) == (0, 0)
    home = pg.socket_dir.parent
    assert not home.is_relative_to(hidden)  # where the server's user could not have reached it
    pg.stop()
    again = embedded.start(hidden / "data", fsync=False)
    assert again.socket_dir.parent == home
    again.discard()
    assert not home.exists()


@needs_root
def test_as_root_a_folder_in_reach_holds_its_own_data(folder: Path) -> None:
    pg = embedded.start(folder, fsync=False)

    assert pg.socket_dir == folder.resolve() / "socket"
    assert pg.socket_dir.stat().st_uid == NOBODY
    pg.stop()


@needs_root
@pytest.mark.parametrize(
    ("uid", "answer"), [(NOBODY, "authentication failed"), (STRANGER, "Permission denied")]
)
def test_as_root_other_users_do_not_get_in(server: EmbeddedPostgres, uid: int, answer: str) -> None:
    def knock() -> None:
        with pytest.raises(psycopg.OperationalError, match=answer):
            psycopg.connect(server.url("convo_owner"))

    assert as_user(uid, knock) == 0


@needs_root
def test_an_ordinary_user_needs_nothing_of_roots(
    server: EmbeddedPostgres, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Root shows it by becoming one, with binaries that user can read; an ordinary user's whole run shows the rest."""
    monkeypatch.setenv("CONVO_PG_BIN", str(Path(os.readlink(f"/proc/{server.pid}/exe")).parent))
    mine = folder / "mine"
    mine.mkdir()
    os.chown(mine, NOBODY, NOBODY)

    def live() -> None:
        pg = embedded.start(mine, fsync=False)
        embedded.bootstrap(pg)
        assert Path(f"/proc/{pg.pid}").stat().st_uid == os.geteuid() == NOBODY
        assert ask(pg.url("convo_tenant"), "select current_user") == "convo_tenant"
        pg.stop()

    assert as_user(NOBODY, live) == 0


@needs_root
def test_a_folder_that_another_user_began_is_named(folder: Path) -> None:
    (folder / "pgdata").mkdir(mode=0o700)

    with pytest.raises(EmbeddedPostgresError, match="belongs to user id 0"):
        embedded.start(folder)


@needs_root
def test_a_user_without_a_name_is_told_so(
    folder: Path, monkeypatch: pytest.MonkeyPatch, server: EmbeddedPostgres
) -> None:
    monkeypatch.setenv("CONVO_PG_BIN", str(Path(os.readlink(f"/proc/{server.pid}/exe")).parent))
    mine = folder / "mine"
    mine.mkdir()
    os.chown(mine, STRANGER, STRANGER)

    def live() -> None:
        with pytest.raises(EmbeddedPostgresError, match="54321 has no name"):
            embedded.start(mine, fsync=False)

    assert as_user(STRANGER, live) == 0
