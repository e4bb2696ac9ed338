"""fmt: one layout for a tenant file. Values and comments come out as they went in, or the file is left alone."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

import schemas
from compiler.layout import layout
from compiler.layout.comments import comments_of
from compiler.load import load, schema
from compiler.source.files import Parsed
from compiler.source.parse import parse

EXAMPLES = Path(__file__).parents[2] / "examples"
TENANTS = Path(schemas.__file__).parent.parent / "tenants"
FILES = [f for folder in load(TENANTS).folders() for f in folder.files if f.kind != "approvals"]


def laid(text: str, kind: str = "claims") -> str:
    made = layout("a.yaml", kind, text, schema(kind))
    assert made.text is not None, made.reason
    return made.text


def plain(text: str) -> Any:
    return parse(Parsed("", "", text=text)).data


def unordered(value: Any) -> Any:
    match value:
        case dict():
            return [(key, unordered(value[key])) for key in sorted(value)]
        case list():
            return sorted((unordered(item) for item in value), key=repr)
        case _:
            return value


@pytest.mark.parametrize("file", FILES, ids=lambda f: f.file)
def test_the_shipped_files_are_laid_out(file: Parsed) -> None:
    assert laid(file.text, file.kind) == file.text


styles = st.fixed_dictionaries(
    {
        "default_flow_style": st.sampled_from([True, False, None]),
        "default_style": st.sampled_from([None, "'", '"', "|", ">"]),
        "width": st.sampled_from([20, 80, 400]),
        "indent": st.integers(2, 7),
        "allow_unicode": st.just(True),  # else the dumper itself changes a text at a fold
        "sort_keys": st.booleans(),
    }
)


@given(file=st.sampled_from([f for f in FILES if len(f.text) < 6_000]), style=styles)
@settings(max_examples=60, deadline=None)
def test_however_a_shipped_file_is_written_its_values_survive_and_twice_is_once(
    file: Parsed, style: dict[str, Any]
) -> None:
    if style["default_style"] is not None and any(type(v) in (int, bool) for v in leaves(file.data)):
        style["default_style"] = None  # it would tag numbers, which a tenant may not
    mutated = yaml.safe_dump(unmapped(file.data), **style)
    done = laid(mutated, file.kind)
    assert unordered(plain(done)) == unordered(file.data)
    assert laid(done, file.kind) == done
    assert done.endswith("\n")
    assert not done.endswith("\n\n")


@given(file=st.sampled_from([f for f in FILES if len(f.text) < 6_000]), data=st.data())
@settings(max_examples=60, deadline=None)
def test_comments_between_the_lines_survive(file: Parsed, data: st.DataObject) -> None:
    lines = file.text.splitlines()
    for number in data.draw(st.lists(st.integers(0, len(lines)), max_size=4)):
        indent = " " * data.draw(st.integers(0, 6))
        blank = [""] * data.draw(st.integers(0, 2))
        candidate = [*lines[:number], *blank, f"{indent}# remark {number}", *lines[number:]]
        if unordered(plain("\n".join([*candidate, ""]))) == unordered(file.data):  # not inside a folded text
            lines = candidate
    text = "\n".join(lines) + "\n"
    done = laid(text, file.kind)
    assert Counter(comments_of(done)) == Counter(comments_of(text))
    assert unordered(plain(done)) == unordered(file.data)
    assert laid(done, file.kind) == done


def leaves(value: Any) -> list[Any]:
    match value:
        case dict():
            return [leaf for item in value.values() for leaf in leaves(item)]
        case list():
            return [leaf for item in value for leaf in leaves(item)]
        case _:
            return [value]


def unmapped(value: Any) -> Any:
    match value:
        case dict():
            return {key: unmapped(item) for key, item in value.items()}
        case list():
            return [unmapped(item) for item in value]
        case _:
            return value


def test_keys_stand_in_the_order_of_the_schema_and_take_their_comments_along() -> None:
    text = (
        "# head\n\n"
        "- says: Hello there.   # as the firm wrote it\n"
        "  # the office\n"
        "  kind: fact\n"
        "  id: PL-F01\n"
        "  source: [A]\n"
        "  effective: 2026-01-01\n"
    )
    assert laid(text) == (
        "# head\n\n"
        "- id: PL-F01\n"
        "  # the office\n"
        "  kind: fact\n"
        "  says: Hello there.  # as the firm wrote it\n"
        "  source: [A]\n"
        "  effective: 2026-01-01\n"
    )


def test_ids_whose_order_means_nothing_are_sorted_and_packs_are_not() -> None:
    assert "covers: [alpha, beta]" in laid("- covers: [beta, alpha]\n")
    assert "required_with: [B-2, A-1]" in laid("- required_with: [B-2, A-1]\n")
    assert "packs: [whatsapp, energy]" in laid("packs: [whatsapp, energy]\n", "tenant")


def test_long_prose_is_folded_at_a_hundred_columns_and_a_list_that_does_not_fit_gets_a_line_an_item() -> None:
    words = "every word of this sentence is approved " * 8
    done = laid(f"- says: {words.strip()}\n  never_say: [{words[:90].strip()}, {words[:60].strip()}]\n")
    assert max(map(len, done.splitlines())) <= 100
    assert "- says: >-\n    every word" in done
    assert "  never_say:\n    - every word" in done


@pytest.mark.parametrize(
    ("written", "wanted"),
    [
        ("'plain words'", "plain words"),
        ("'no'", '"no"'),
        ("'2026-04'", '"2026-04"'),
        ("'20:00'", '"20:00"'),
        ("'a: b'", '"a: b"'),
        ('"say \\"x\\""', 'say "x"'),
        ("'[x] \"y\"'", "'[x] \"y\"'"),
        ("'# x'", '"# x"'),
    ],
)
def test_quotes_stand_only_where_they_are_needed(written: str, wanted: str) -> None:
    assert laid(f"- says: {written}\n") == f"- says: {wanted}\n"


def test_nested_braces_become_a_line_a_field() -> None:
    text = "voice: {tone: [plain], reading_age: 9}  # how it sounds\n"
    assert laid(text, "persona") == "voice:  # how it sounds\n  tone: [plain]\n  reading_age: 9\n"


@pytest.mark.parametrize(
    "text", ["a: 1\na: 2\n", "a: &x 1\n", "a: [1\n", "", "a: !!str 1\n", "\ta: 1\n", "a: b\n---\nc: d\n"]
)
def test_what_the_compiler_would_refuse_to_read_is_left_alone_with_the_reason(text: str) -> None:
    made = layout("a.yaml", "claims", text, schema("claims"))
    assert made.text is None
    assert made.reason.startswith("CV")


def test_a_file_of_line_ends_from_elsewhere_gets_ours() -> None:
    assert laid("- says: one\r\n  # two\r\n  note: three\r\n") == "- says: one\n  # two\n  note: three\n"


@given(text=st.text(alphabet="ab:-#[]{}|>&*!'\"\\ \n\t,?0\u2028\x85é", max_size=60))
@settings(max_examples=400, deadline=None)
def test_any_text_comes_out_whole_or_is_left_alone(text: str) -> None:
    made = layout("a.yaml", "claims", text, schema("claims"))
    if made.text is None:
        assert made.reason
    else:
        assert unordered(plain(made.text)) == unordered(plain(text))
        assert laid(made.text) == made.text


@pytest.mark.parametrize("path", sorted(EXAMPLES.rglob("*.yaml")), ids=lambda p: str(p.relative_to(EXAMPLES)))
def test_every_bad_example_is_laid_out_or_left_alone(path: Path) -> None:
    text = path.read_bytes().decode("utf-8", "replace")
    made = layout("a.yaml", "claims", text, schema("claims"))
    assert made.text or made.reason


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("# x\n---  # y\n- note: z\n", "# x\n# y\n- note: z\n"),
        ("- # y\n  note: z\n", "# y\n- note: z\n"),
        ("- {note: a, # y\n  says: b}\n", "- says: b\n  note: a  # y\n"),
        ("- covers: [b, # y\n   a]\n", "- covers:\n    - a\n    - b  # y\n"),
        ("- says: >-  # y\n    a\n    b\n", "- says: >-  # y\n    a b\n"),
        ("- note: a\n# y\n", "- note: a\n# y\n"),
        ("# y\n\n[]\n# z\n", "# y\n\n[]\n# z\n"),
    ],
)
def test_a_comment_goes_where_what_it_is_about_goes(text: str, wanted: str) -> None:
    assert laid(text) == wanted
