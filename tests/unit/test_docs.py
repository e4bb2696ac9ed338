"""Documentation that can be checked is: generated pages are current, links lead somewhere, commands and files exist."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest

import cli
from docs.generate import REFERENCE, WRITERS, Writer
from docs.writers import diagnostics, send_table, storage_tables
from docs.writers.commands import options
from runtime.settings import KNOWN
from runtime.web import health
from runtime.web.chat import views
from runtime.web.desk import routes as desk_routes
from schemas.sendtable import ADVICE, CLASSES, RESTRICTIONS, SEVERITY

ROOT = REFERENCE.parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
COMMANDS = options()
GROUPS = {name.split()[0] for name in COMMANDS if " " in name}
FOLDERS = (
    "tests/",
    "runtime/",
    "compiler/",
    "schemas/",
    "drills/",
    "commands/",
    "docs/",
    "tenants/",
    "requirements/",
)

# What a reader of a recipe is told to write.
INVENTED = {
    "compiler/rules/shouting.py",
    "runtime/guardrails/no_emoji.py",
    "tenants/your-brand",
    "tenants/harbour-hal/",
}

_LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
_CODE = re.compile(r"`([^`\n]+)`")
_BLOCK = re.compile(r"^(?:    |\t).*$", re.MULTILINE)
_FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
_SETTING = re.compile(r"\bCONVO_[A-Z_]+\b")


def _name(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("writer", WRITERS, ids=lambda writer: writer.NAME)
def test_a_page_written_from_code_is_what_the_code_says(writer: Writer) -> None:
    assert (REFERENCE / writer.NAME).read_text("utf-8") == writer.page(), "run: python -m docs.generate"


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_every_link_leads_somewhere(page: Path) -> None:
    for target in _LINK.findall(page.read_text("utf-8")):
        if "://" in target:
            continue
        path, _, anchor = target.partition("#")
        there = (page.parent / path).resolve() if path else page
        assert there.exists(), target
        assert not anchor or anchor in _anchors(there), target


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_every_file_that_is_named_exists(page: Path) -> None:
    for named in _CODE.findall(page.read_text("utf-8")):
        path = named.partition("::")[0]
        if path.startswith(FOLDERS) and re.fullmatch(r"[\w./-]+", path) and path not in INVENTED:
            assert (ROOT / path).exists(), named


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_every_test_that_is_named_exists(page: Path) -> None:
    for named in _CODE.findall(page.read_text("utf-8")):
        path, _, test = named.partition("::")
        if test:
            assert re.search(rf"def {test}\b", (ROOT / path).read_text("utf-8")), named


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_every_command_that_is_shown_exists_and_takes_the_options_shown(page: Path) -> None:
    for line in _command_lines(page.read_text("utf-8")):
        words = line.split()
        name = " ".join(words[1:3]) if words[1] in GROUPS else words[1]
        if name in GROUPS or words[1].isupper() or words[1].startswith("-"):
            continue
        assert name in COMMANDS, line
        given = {word.partition("=")[0] for word in words[2:] if word.startswith("--")}
        assert given <= COMMANDS[name], line


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_every_make_target_that_is_shown_exists(page: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    for line in _code_lines(page.read_text("utf-8")):
        if found := re.match(r"(?:[A-Z]+=\S+ )?make ([a-z-]+)", line.strip()):
            assert found[1] in targets, line


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_every_setting_that_is_named_is_known(page: Path) -> None:
    for name in _SETTING.findall(page.read_text("utf-8")):
        assert name in KNOWN or name == "CONVO_", name


def test_the_reference_lists_every_setting() -> None:
    listed = re.findall(r"^\| `(\w+)` \|", (REFERENCE / "settings-env.md").read_text("utf-8"), re.MULTILINE)
    assert listed == ["DATABASE_URL", *KNOWN]


def test_every_address_of_the_web_process_is_in_the_reference() -> None:
    nothing = cast(Any, None)
    served = [*views.routes(nothing, nothing, nothing), *health.routes(nothing), *desk_routes(nothing)]
    page = (REFERENCE / "http.md").read_text("utf-8")
    for route in served:
        path = re.sub(r":\w+}", "}", cast(Any, route).path)
        assert f"`{path}`" in page or f" {path}`" in page, path


def test_every_table_has_a_purpose_in_the_reference() -> None:
    schema = (ROOT / "runtime" / "storage" / "schema.sql").read_text("utf-8")
    described = {name for group in storage_tables.GROUPS.values() for name in group}
    assert described == set(storage_tables.tables_of(schema))


def test_every_word_of_the_send_table_is_explained() -> None:
    assert set(send_table.CLASS_WORDS) == set(CLASSES)
    assert set(send_table.EFFECT_WORDS) == set(SEVERITY)
    assert set(send_table.WORDS) == {*RESTRICTIONS, *ADVICE}


@pytest.mark.parametrize(
    "command", ["plan", "diff", "approve", "waive", "withdraw", "propose", "init", "fmt", "docs", "why-send"]
)
def test_the_first_page_names_the_commands_that_bring_a_change_into_force(command: str) -> None:
    assert command in COMMANDS
    assert f"`convo {command}" in (ROOT / "README.md").read_text("utf-8")


@pytest.mark.parametrize("code", range(5))
def test_every_exit_code_is_explained_in_the_reference_and_at_the_front_door(code: int) -> None:
    said = (REFERENCE / "commands.md").read_text("utf-8").partition("Exit codes:")[2].partition("\n\n")[0]
    assert re.search(rf"(?:^|; ) ?{code} ", said.replace("\n", " "))
    assert re.search(rf"(?:Exit codes:|,) {code} ", (cli.__doc__ or "").replace("\n", " "))


def test_every_page_is_in_the_index() -> None:
    linked = {
        (index.parent / target.partition("#")[0]).resolve()
        for index in (ROOT / "docs" / "README.md", REFERENCE / diagnostics.NAME)
        for target in _LINK.findall(index.read_text("utf-8"))
    }
    assert {page for page in PAGES if page.is_relative_to(ROOT / "docs")} - {
        ROOT / "docs" / "README.md"
    } <= linked


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("see `convo kill dave --reason x`", ["convo kill dave --reason x"]),
        ("    convo queue list", ["convo queue list"]),
        ("    echo x | .venv/bin/convo chat dave", ["convo chat dave"]),
        ("the word convo alone", []),
    ],
)
def test_commands_are_found_where_they_are_shown(text: str, found: list[str]) -> None:
    assert list(_command_lines(text)) == found


def _command_lines(text: str) -> Iterator[str]:
    for line in _code_lines(text):
        for part in re.split(r"[|;&]+ ", line):
            words = part.split(" #")[0].split()
            words = words[next((i for i, w in enumerate(words) if "=" not in w), 0) :]  # NAME=value before it
            if len(words) > 1 and words[0].rpartition("/")[2] == "convo":
                yield " ".join(["convo", *words[1:]])


def _code_lines(text: str) -> Iterator[str]:
    fenced = [line for block in _FENCE.findall(text) for line in block.splitlines()[1:-1]]
    rest = _FENCE.sub("", text)
    yield from fenced
    yield from _BLOCK.findall(rest)
    yield from _CODE.findall(_BLOCK.sub("", rest))


def _anchors(page: Path) -> set[str]:
    """Anchors of a page's headings, as code hosts make them."""
    return {
        re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        for heading in _HEADING.findall(page.read_text("utf-8"))
    }
