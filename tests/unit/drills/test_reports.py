"""Reports of drills: the same in JSON and back, escaped on the page, compared with the run before."""

from __future__ import annotations

import dataclasses
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from drills.reports import (
    Change,
    Report,
    ReportUnreadable,
    Row,
    Said,
    as_json,
    before,
    compare,
    html,
    keep,
    read,
    table,
    write_html,
)

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


def row(id_: str, *, ok: bool = True, said: str = "hello", group: str = "stops") -> Row:
    return Row(
        id=id_,
        group=group,
        strategy="plain",
        ok=ok,
        expected={"decision": "stop", "cases": []},
        got={"decision": "stop" if ok else "reply"},
        faults=() if ok else ("the decision was reply, not stop",),
        transcript=(
            Said(who="person", text=said, at=NOON),
            Said(who="bot", text="A fact.", at=NOON, claims=("PL-D01",)),
            Said(who="bot", text="Noted.", at=NOON),
        ),
    )


def report(*rows: Row) -> Report:
    return Report(
        kind="attack", tenant="acme", digest="sha256:" + "0" * 64, seed=7, played_at=NOON, rows=rows
    )


def test_a_report_reads_back_from_its_json_as_it_was() -> None:
    there = report(row("a"), row("b", ok=False))
    assert read(json.loads(json.dumps(as_json(there)))) == there


def test_of_two_runs_the_newly_failing_the_newly_passing_and_the_gone_are_told_apart() -> None:
    was = report(row("a"), row("b", ok=False), row("c"), row("still", ok=False))
    now = report(row("a", ok=False), row("b"), row("d", ok=False), row("e"), row("still", ok=False))
    assert compare(now, was) == Change(newly_failing=("a", "d"), newly_passing=("b",), gone=("c",))


def test_against_no_run_before_nothing_is_new() -> None:
    assert compare(report(row("a", ok=False)), None).nothing


def test_a_kept_report_is_found_again_and_another_tenants_is_not(tmp_path: Path) -> None:
    there = report(row("a"))
    path = keep(there, tmp_path / "drills")
    assert path.name == "attack-acme.json"
    assert before("attack", "acme", tmp_path / "drills") == there
    assert before("attack", "other", tmp_path / "drills") is None


def test_a_kept_report_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "attack-acme.json").write_text('{"format": "another/v9"}')
    with pytest.raises(ReportUnreadable, match=r"attack-acme\.json"):
        before("attack", "acme", tmp_path)


def test_the_table_counts_each_group_and_shows_what_was_said_where_it_failed() -> None:
    shown = table(
        report(row("a"), row("b", ok=False, said="::error::x\nSTOP")),
        Change(newly_failing=("b",), newly_passing=(), gone=()),
    )
    assert "FAIL  stops  1 of 2" in shown
    assert "the decision was reply, not stop" in shown
    assert "bot: [PL-D01] A fact." in shown
    assert "bot: [no claim] Noted." in shown
    assert "newly failing: b" in shown
    assert shown.rstrip().splitlines()[-2] == "2 played, 1 failed"
    assert not any(line.startswith("::") for line in shown.splitlines())


def test_the_page_escapes_what_people_write_and_loads_nothing() -> None:
    shown = html(report(row("a", said="<script>alert(1)</script>\u202e")))
    assert "<script" not in shown
    assert "&lt;script&gt;alert(1)" in shown
    assert "&lt;U+202E&gt;" in shown
    assert "src=" not in shown and "url(" not in shown and "@import" not in shown
    assert "prefers-color-scheme:dark" in shown


def test_the_page_puts_the_claim_behind_each_sentence_and_says_where_there_is_none() -> None:
    shown = html(report(row("a")))
    assert "A fact.</span><cite>PL-D01</cite>" in shown
    assert "Noted.</span><cite>no claim</cite>" in shown


def test_each_filter_of_the_page_is_a_link_to_an_anchor_with_a_rule_of_its_own() -> None:
    shown = html(report(row("a"), row("b", ok=False, group="links")))
    for name, words in (("missed", "failed (1)"), ("g0", "stops"), ("g1", "links"), ("s0", "plain")):
        assert f'<span id="{name}"></span>' in shown
        assert f'<a href="#{name}">{words}</a>' in shown
        assert f"#{name}:target~ol>li:not(.{name}){{display:none}}" in shown
    assert 'class="row g1 s0 missed"' in shown


def test_the_page_is_written_whole(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    there = report(row("a"))
    write_html(there, path)
    assert path.read_text(encoding="utf-8") == html(there)
    assert html(dataclasses.replace(there, rows=())).count("Nothing was played.") == 2
