"""The shipped tenants, mutated: whatever stands in their files, every fault has a place and nothing raises."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from compiler.pipeline import check
from compiler.report import FORMATS, render
from tests.compiling import TODAY

TENANTS = Path(__file__).parents[3] / "tenants"
FILES = sorted(str(path.relative_to(TENANTS)) for path in TENANTS.rglob("*.yaml"))
ODD: st.SearchStrategy[Any] = st.sampled_from(
    [
        None,
        True,
        0,
        -1,
        2**60,
        "",
        " ",
        "\n",
        "x" * 5_000,
        "no",
        "20:00",
        "é\u0301",
        "\u202e",
        "{tenant.nothing}",
        "(a",
        [],
        {},
        [[]],
    ]
)
SPLICES = st.sampled_from(
    [
        b"",
        b"\t",
        b": ",
        b"- ",
        b"[",
        b"}",
        b'"',
        b"'",
        b"&a ",
        b"*a ",
        b"!!int ",
        b"<<: ",
        b"\xff",
        b"\xef\xbb\xbf",
        b"\r",
        b"#",
        b"|\n",
        b"---\n",
        b"\xe2\x80\x8b",
        b"%YAML 1.1\n",
        b"\x00",
    ]
)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Path(shutil.copytree(TENANTS, tmp_path_factory.mktemp("fuzz") / "tenants"))


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_tenant_whose_structure_was_mutated_is_judged_and_never_crashes(
    data: st.DataObject, root: Path
) -> None:
    name = data.draw(st.sampled_from(FILES))
    tree: Any = yaml.load((TENANTS / name).read_bytes(), yaml.CBaseLoader)
    for _ in range(data.draw(st.integers(1, 3))):
        tree = _mutated(tree, data)
    judged(
        root, name, json.dumps(tree, ensure_ascii=data.draw(st.booleans())).encode("utf-8", "surrogatepass")
    )


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_file_with_bytes_spliced_in_is_judged_and_never_crashes(data: st.DataObject, root: Path) -> None:
    name = data.draw(st.sampled_from(FILES))
    content = (TENANTS / name).read_bytes()
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(content)))
        gone = data.draw(st.sampled_from([0, 1, 7, 200]))
        content = content[:at] + data.draw(SPLICES) + content[at + gone :]
    judged(root, name, content)


def judged(root: Path, name: str, content: bytes) -> None:
    (root / name).write_bytes(content)
    try:
        result = check(
            root, today=TODAY, only=[name.partition("/")[0]] if name[0] != "_" else ["edward-energy"]
        )
        for d in result.diagnostics:
            for span in (d.span, *(label.span for label in d.labels)):
                assert not span.file or (root / span.file).exists() or span.line == 0, d
                assert not span.line or span.column > 0, d
                if span.line and span.file != name:
                    assert span.line <= len(result.sources[span.file].splitlines()) + 1, d
        for form in FORMATS:
            assert render(result, form)
        if not result.ok and result.tenants:
            assert any(compiled is None for compiled in result.tenants.values()) or all(
                d.span.file.startswith("_") for d in result.diagnostics if d.is_error
            )
    finally:
        shutil.copy(TENANTS / name, root / name)


def _mutated(tree: Any, data: st.DataObject) -> Any:
    """The tree with one place deleted, doubled, exchanged for another of the tree, or made odd."""
    places = list(_places(tree, ()))
    if not places:
        return data.draw(ODD)
    path = data.draw(st.sampled_from(places))
    *above, last = path
    holder = tree
    for step in above:
        holder = holder[step]
    match data.draw(st.sampled_from(["delete", "double", "retarget", "odd", "rename", "wrap"])):
        case "delete":
            del holder[last]
        case "double" if isinstance(holder, list):
            holder.insert(last, holder[last])
        case "retarget":
            other: Any = tree
            for step in data.draw(st.sampled_from(places)):
                other = other[step]
            holder[last] = json.loads(json.dumps(other))
        case "rename" if isinstance(holder, dict):
            holder[data.draw(st.sampled_from(["", "id", "no", "<<", f"{last}s", "kind\n"]))] = holder.pop(
                last
            )
        case "wrap":
            holder[last] = [holder[last]]
        case _:
            holder[last] = data.draw(ODD)
    return tree


def _places(tree: Any, above: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
    steps = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for step, value in steps:
        yield (*above, step)
        yield from _places(value, (*above, step))


def test_a_list_where_true_or_false_belongs_is_told_and_not_tripped_over(root: Path) -> None:
    """Found by the first of these tests."""
    name = "_packs/all/signals/abuse.yaml"
    tree: Any = yaml.load((TENANTS / name).read_bytes(), yaml.CBaseLoader)
    tree[0]["suppress"] = ["true"]
    judged(root, name, json.dumps(tree).encode())
