"""The strict YAML subset: what is read, where it stood, and what is refused with which code."""

from __future__ import annotations

from typing import Any

import pytest

from compiler.diagnostics import Span
from compiler.source.files import Parsed
from compiler.source.parse import parse
from compiler.source.tree import Map, Seq, locate


def read(text: str) -> Parsed:
    return parse(Parsed("a.yaml", "claims", text=text))


def codes(text: str) -> list[str]:
    return [d.code for d in read(text).diagnostics]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: 1", {"a": 1}),
        ("a: -12", {"a": -12}),
        ("a: true\nb: false\nc: null\nd:", {"a": True, "b": False, "c": None, "d": None}),
        ("a: '1'\nb: \"no\"\nc: |\n  yes\n", {"a": "1", "b": "no", "c": "yes\n"}),
        ("- a\n- [b, c]", ["a", ["b", "c"]]),
        ("a: {b: c}", {"a": {"b": "c"}}),
        ("a: nobody\nb: yesterday\nc: 10.0.0.1", {"a": "nobody", "b": "yesterday", "c": "10.0.0.1"}),
        ("---\na: b\n", {"a": "b"}),
        ("a: what is *this* & that! # remark", {"a": "what is *this* & that!"}),
    ],
)
def test_plain_data_is_read_as_written(text: str, value: Any) -> None:
    parsed = read(text)
    assert parsed.data == value
    assert parsed.diagnostics == []
    assert parsed.doubtful == []


@pytest.mark.parametrize(
    "word",
    [
        "no",
        "NO",
        "n",
        "y",
        "Yes",
        "on",
        "off",
        "True",
        "NULL",
        "~",
        "010",
        "0x1f",
        "0o7",
        "1_000",
        "+447700900123",
        "20:00",
        "20:30:15",
        "1.10",
        "1.",
        ".5",
        "1e3",
        "-0",
        ".inf",
        ".NaN",
        "2022-03-01",
        "2022-3-1",
        "2022-03-01T10:00:00Z",
        "=",
    ],
)
def test_a_word_with_two_readings_is_kept_as_text_and_doubted(word: str) -> None:
    parsed = read(f"a: {word}")
    assert parsed.data == {"a": word}
    assert [(d.path, d.text) for d in parsed.doubtful] == [(("a",), word)]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("a: 1\na: 2", "CV2002"),
        ("a: &x 1", "CV2004"),
        ("a: &x 1\nb: *x", "CV2004"),
        ("a: !!str 1", "CV2005"),
        ("a: !local 1", "CV2005"),
        ("%YAML 1.1\n---\na: 1", "CV2005"),
        ("<<: {a: 1}", "CV2006"),
        ("a: 1\n---\nb: 2", "CV2007"),
        ("on: 1", "CV2008"),
        ("1: a", "CV2008"),
        ("[a]: b", "CV2008"),
        ("null: b", "CV2008"),
        ("a:\n\tb: 1", "CV2010"),
        ("", "CV2011"),
        ("# nothing", "CV2011"),
        ("null", "CV2011"),
        ("--- # nothing", "CV2011"),
        ("a: 9007199254740993", "CV2012"),
        ("a: [1", "CV2001"),
        ("a: b: c", "CV2001"),
        ("a: \x00", "CV2001"),
        ("a: *unknown", "CV2004"),
    ],
)
def test_what_readers_disagree_about_is_refused(text: str, code: str) -> None:
    assert set(codes(text)) == {code}


@pytest.mark.parametrize(
    "text", ["[" * 40 + "]" * 40, "- " * 40 + "a", "[" * 200_000, "- " * 200_000, "{a: " * 90_000]
)
def test_nesting_ends_at_a_limit_and_not_in_a_crash(text: str) -> None:
    assert codes(text) == ["CV2009"]


def test_a_very_long_text_is_no_nesting() -> None:
    assert codes("a: " + "word " * 2_000) == []


def test_a_duplicate_key_shows_both_places() -> None:
    (fault,) = read("a: 1\nb: 2\na: 3").diagnostics
    assert fault.span == Span(file="a.yaml", line=3, column=1, end_line=3, end_column=2)
    assert [label.span.line for label in fault.labels] == [1]


def test_positions_count_code_points_from_one() -> None:
    data = read("a:\n  - é🙂: x\n    b: [c, dd]\n").data
    assert locate(data, ("a", 0, "b", 1)) == Span(file="a.yaml", line=3, column=12, end_line=3, end_column=14)
    assert locate(data, ("a", 0, "é🙂")).column == 9


def test_the_place_of_what_is_missing_is_the_place_of_what_holds_it() -> None:
    data = read("a:\n  b: 1\n").data
    assert isinstance(data, Map)
    assert locate(data, ("a", "c", "d")).line == 1


def test_containers_are_plain_data_with_a_place() -> None:
    data = read("- a: [1]\n").data
    assert isinstance(data, Seq)
    assert data == [{"a": [1]}]
    assert data.item(0).line == 1


def test_a_bracket_that_is_never_closed_is_told_in_our_words_with_both_ends() -> None:
    (found,) = parse(Parsed("f.yaml", "caps", text="a: [b\nc: d\n")).diagnostics
    assert found.message == "a list in brackets is not closed, or lacks a comma"
    assert found.help == "close it with `]`"
    assert [(label.span.line, label.span.column) for label in found.labels] == [(1, 4)]
