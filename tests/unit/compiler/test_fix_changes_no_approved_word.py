"""Whatever is broken, no fix changes a word that somebody approved, loosens nothing, and the compiler never raises."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from compiler.approvals import subjects_of
from compiler.fix import repair, write
from compiler.pipeline import check
from tests.compiling import BASE, TODAY, lay_out, sources

FILES = sorted(p.relative_to(BASE).as_posix() for p in (BASE / "plain").rglob("*.yaml"))
SLIPS = [
    "\t",
    " ",
    "x",
    ":",
    ": ",
    '"',
    "no ",
    "[",
    "\u200b",
    "#",
    "-",
    "\r",
    "é",
    "!!str ",
    "\ufeff",
    "&a ",
    "1_",
]


def digests(root: Path) -> dict[str, str]:
    """The digest of everything that can be approved and could be read."""
    return {s.id: s.digest for source in sources(root).values() for s in subjects_of(source).values()}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("whole") / "tenants"
    lay_out(root)
    return root


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    slips=st.lists(
        st.tuples(
            st.sampled_from(FILES),
            st.floats(0, 1),
            st.sampled_from([*SLIPS, "cut", "swap", "double"]),
        ),
        min_size=1,
        max_size=4,
    )
)
def test_what_was_readable_and_approved_says_after_a_fix_what_it_said_before(
    world: Path, slips: list[tuple[str, float, str]]
) -> None:
    root = world.parent / "slipped"
    shutil.rmtree(root, ignore_errors=True)
    shutil.copytree(world, root)
    for file, where, slip in slips:
        text = (root / file).read_bytes().decode()
        (root / file).write_bytes(_slipped(text, int(where * len(text)), slip).encode())
    before = digests(root)
    approved = digests(world)
    faults = check(root, today=TODAY).diagnostics
    made = repair(root, faults, lambda folder, only: check(folder, today=TODAY, only=only).diagnostics)
    write(root, made.rewrites)
    after = digests(root)
    kept = {id_: digest for id_, digest in before.items() if approved.get(id_) == digest}
    assert {id_: after.get(id_) for id_ in kept} == kept
    left = check(root, today=TODAY).diagnostics
    assert not [d for d in left if d.fix is not None and d in faults and _alone(d.span.file, faults)]


def _slipped(text: str, at: int, slip: str) -> str:
    match slip:
        case "cut":
            return text[:at] + text[at + 1 :]
        case "swap":
            return text[:at] + text[at + 1 : at + 2] + text[at : at + 1] + text[at + 2 :]
        case "double":
            begun, end = text.rfind("\n", 0, at) + 1, text.find("\n", at) + 1
            return text[:end] + text[begun:end] + text[end:]
        case _:
            return text[:at] + slip + text[at:]


def _alone(file: str, faults: object) -> bool:
    return isinstance(faults, tuple) and sum(d.span.file == file for d in faults) == 1
