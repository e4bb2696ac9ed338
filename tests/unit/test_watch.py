"""`convo compile --watch`: a save is answered with what the changed tenant has come to, and with nothing else."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from commands.watch import watch
from tests.compiling import TODAY, copy_tenant, lay_out

PATIENCE_S = 180.0  # for a machine with much else to do: what is waited for is a condition, never a moment


class Screen(io.StringIO):
    """What was printed, and a way to wait for more."""

    def __init__(self) -> None:
        super().__init__()
        self.more = threading.Condition()

    def write(self, text: str) -> int:
        with self.more:
            written = super().write(text)
            self.more.notify_all()
        return written

    def wait_for(self, words: str, since: int = 0) -> str:
        with self.more:
            came = self.more.wait_for(lambda: words in self.getvalue()[since:], PATIENCE_S)
        assert came, f"{words!r} did not come: {self.getvalue()[since:]}"
        return self.getvalue()[since:]


def save(file: Path, text: str) -> None:
    """As an editor saves: another file takes its place, so that nobody sees half of it."""
    fresh = file.with_name(f".{file.name}.new")
    fresh.write_text(text)
    fresh.replace(file)


@contextmanager
def watching(root: Path, *only: str) -> Iterator[Screen]:
    screen, stop = Screen(), threading.Event()
    codes: list[int] = []

    def run() -> None:
        clock = lambda: datetime(2026, 11, 24, 10, 30, tzinfo=UTC)  # noqa: E731
        codes.append(
            watch(root, only, today=lambda: TODAY, stage="sandbox", out=screen, now=clock, stop=stop)
        )

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield screen
    finally:
        stop.set()
        thread.join(PATIENCE_S)
    assert codes == [0]


def two_tenants(tmp_path: Path) -> Path:
    root = tmp_path / "tenants"
    lay_out(root)
    copy_tenant(root, "plain", "other")
    (root / "other" / "approvals.yaml").unlink()
    return root


def test_a_save_shows_the_changed_tenant_with_the_time_and_leaves_the_others_out(tmp_path: Path) -> None:
    root = two_tenants(tmp_path)
    with watching(root) as screen:
        first = screen.wait_for("2 tenants: ")
        assert first.startswith(f"[10:30:00] {root}\n")
        assert "other/approvals.yaml" in first
        caps = root / "plain" / "caps.yaml"
        save(caps, caps.read_text().replace("concurrency: 4", "concurrency: many"))
        second = screen.wait_for("1 tenant: 1 error", since=len(first))
    assert second.startswith("[10:30:00] plain\n")
    assert "plain/caps.yaml:4:" in second
    assert "other/" not in second


def test_a_half_saved_file_is_told_and_the_whole_one_after_it(tmp_path: Path) -> None:
    root = two_tenants(tmp_path)
    persona = root / "plain" / "persona.yaml"
    whole = persona.read_text()
    with watching(root) as screen:
        said = len(screen.wait_for("2 tenants: "))
        save(persona, whole[: len(whole) // 2] + '\nname: "cut')
        screen.wait_for("error[CV2", since=said)
        said = len(screen.getvalue())
        save(persona, whole)
        assert "error" not in screen.wait_for("1 tenant: no faults", since=said)


def test_a_pack_that_changes_is_told_for_every_tenant(tmp_path: Path) -> None:
    root = two_tenants(tmp_path)
    with watching(root) as screen:
        said = len(screen.wait_for("2 tenants: "))
        pack = root / "_packs" / "all" / "pack.yaml"
        save(pack, pack.read_text() + "unknown: 1\n")
        assert "CV3001" in screen.wait_for("2 tenants: 1 error", since=said)


def test_an_editor_s_own_files_are_no_fault_and_a_tenant_taken_away_is_told(tmp_path: Path) -> None:
    root = two_tenants(tmp_path)
    with watching(root) as screen:
        said = len(screen.wait_for("2 tenants: "))
        (root / "plain" / ".caps.yaml.swp").write_bytes(b"\0")
        (root / "plain" / "caps.yaml").unlink()
        assert "CV1001" not in screen.wait_for("there is no `caps.yaml`", since=said)


def test_what_a_neighbour_now_shares_is_told_though_its_own_files_did_not_change(tmp_path: Path) -> None:
    root = two_tenants(tmp_path)
    with watching(root) as screen:
        said = len(screen.wait_for("2 tenants: "))
        links = root / "other" / "destinations.yaml"
        save(links, links.read_text().replace("tracking_ref: other", "tracking_ref: plain"))
        assert "plain/destinations.yaml" in screen.wait_for("CV5010", since=said)


def test_only_the_tenants_asked_for_are_told(tmp_path: Path) -> None:
    root = two_tenants(tmp_path)
    with watching(root, "plain") as screen:
        assert "other" not in screen.wait_for("1 tenant: no faults").replace(str(root), "")
