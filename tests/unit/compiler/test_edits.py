"""Edits by span: what is not edited stays as it is, to the byte."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compiler.diagnostics import Span
from compiler.edits import Edit, EditError, Patch, apply, insertion, offsets, span_between

TEXT = "a: 1\r\nb: é2  # why\nc: 3"


def edit(line: int, column: int, end_line: int, end_column: int, text: str) -> Edit:
    span = Span(file="f", line=line, column=column, end_line=end_line, end_column=end_column)
    return Edit(span=span, text=text)


def test_several_edits_are_those_of_the_text_before_any() -> None:
    made = apply(TEXT, [edit(3, 1, 3, 2, "long"), edit(1, 1, 1, 2, "x"), edit(2, 4, 2, 6, "4")])
    assert made == "x: 1\r\nb: 4  # why\nlong: 3"


def test_a_line_is_removed_by_a_span_to_the_next() -> None:
    assert apply(TEXT, [edit(1, 1, 2, 1, "")]) == "b: é2  # why\nc: 3"


def test_text_is_inserted_before_a_place_and_at_the_end() -> None:
    assert apply(TEXT, [insertion("f", 3, 5, "\n"), insertion("f", 1, 1, "# x\n")]) == f"# x\n{TEXT}\n"


def test_touching_edits_both_happen_and_one_given_twice_happens_once() -> None:
    assert apply("abcd", [edit(1, 1, 1, 3, "X"), edit(1, 3, 1, 5, "Y"), edit(1, 1, 1, 3, "X")]) == "XY"


@pytest.mark.parametrize(
    "edits",
    [
        [edit(1, 1, 1, 4, "x"), edit(1, 2, 1, 3, "y")],
        [insertion("f", 1, 1, "x"), insertion("f", 1, 1, "y")],
        [edit(0, 0, 0, 0, "whole file")],
        [edit(4, 1, 4, 1, "no such line")],
        [edit(1, 9, 1, 9, "no such column")],
        [edit(1, 3, 1, 2, "backwards")],
    ],
)
def test_edits_that_overlap_or_lie_outside_are_refused(edits: list[Edit]) -> None:
    with pytest.raises(EditError):
        apply(TEXT, edits)


def test_a_patch_takes_what_fits_beside_what_it_has() -> None:
    patch = Patch("abcdef")
    patch.take([edit(1, 2, 1, 4, "X")])
    assert patch.fits([edit(1, 1, 1, 2, "1"), edit(1, 4, 1, 5, "2"), edit(1, 2, 1, 4, "X")])
    assert not patch.fits([edit(1, 1, 1, 3, "1")])
    assert not patch.fits([edit(1, 5, 1, 7, "1"), edit(1, 6, 1, 7, "2")])
    assert not patch.fits([edit(2, 1, 2, 1, "outside")])
    assert patch.result() == "aXdef"


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9), st.sampled_from("XY")), max_size=5))
def test_whatever_a_patch_takes_no_place_is_changed_twice(spans: list[tuple[int, int, str]]) -> None:
    patch = Patch("0123456789")
    taken: set[tuple[int, int, str]] = set()
    for a, b, new in spans:
        start, end = sorted((a, b))
        if patch.fits([edit(1, start + 1, 1, end + 1, new)]):
            patch.take([edit(1, start + 1, 1, end + 1, new)])
            taken.add((start, end, new))
    gone = [n for start, end, _ in taken for n in range(start, end)]
    assert len(gone) == len(set(gone))
    assert len(patch.result()) == 10 - len(gone) + len(taken)


@given(st.text(alphabet="ab\n\r\u2028é", max_size=20), st.data())
def test_a_span_made_of_offsets_leads_back_to_them(text: str, data: st.DataObject) -> None:
    end = data.draw(st.integers(0, len(text)))
    start = data.draw(st.integers(0, end))
    if text[max(0, start - 1) : start + 1] == "\r\n" or text[max(0, end - 1) : end + 1] == "\r\n":
        return  # between the two halves of one line end is no place
    span = span_between("f", text, start, end)
    assert offsets(text, span) == (start, end)
    assert apply(text, [Edit(span=span, text="X")]) == text[:start] + "X" + text[end:]
