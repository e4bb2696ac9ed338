"""The harness behind `make bench` works: one small row, measured, judged and written out. Its figures prove nothing here."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.bench.__main__ import main


def test_a_small_row_is_measured_judged_and_written_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    figures = tmp_path / "figures.json"

    assert main(["activation", "--rounds", "2", "--scale", "0.1", "--json", str(figures)]) == 0

    row = json.loads(figures.read_text())["rows"][0]
    assert (row["name"], row["sound"]) == ("activation", True)
    ratio = row["figures"][0]
    assert (ratio["unit"], ratio["goal"], ratio["value"]["rounds"]) == ("x", 3, 2)
    assert 0 < ratio["value"]["low"] <= ratio["value"]["middle"] <= ratio["value"]["high"]
    assert "activation of a 300-claim bundle" in capsys.readouterr().out


def test_a_row_that_nobody_knows_is_refused() -> None:
    with pytest.raises(SystemExit) as refused:
        main(["no-such-row"])
    assert refused.value.code == 2
