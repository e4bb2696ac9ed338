"""What the bundle holds: closed sets, the strictest limits, merged words, and a send table that was proved."""

from __future__ import annotations

from pathlib import Path

import pytest

import compiler.build
from compiler.pipeline import compile_tenant
from schemas.bundle import Bundle
from schemas.sendtable import CHANNELS, decide, default_rows
from tests.compiling import EXAMPLES, TODAY, lay_out


def built(tmp_path: Path, case: str | None = None) -> Bundle:
    root = tmp_path / "tenants"
    lay_out(root, EXAMPLES / "positive" / case if case else None)
    return Bundle.decode(compile_tenant(root / "plain", TODAY).bundle)


def test_a_required_set_is_closed_and_never_holds_its_own_claim(tmp_path: Path) -> None:
    root = tmp_path / "tenants"
    lay_out(root)
    path = root / "plain/claims/core.yaml"
    text = path.read_text().replace("covers: [stop]", "covers: [stop]\n  required_with: [PL-D03, PL-D01]")
    path.write_text(text)
    (root / "plain/approvals.yaml").unlink()
    bundle = Bundle.decode(compile_tenant(root / "plain", TODAY).bundle)
    assert bundle.claims["PL-D01"].required_with == ("PL-D02", "PL-D03")
    assert bundle.claims["PL-D02"].required_with == ("PL-D03", "PL-D01")
    assert bundle.claims["PL-D03"].required_with == ()


def test_the_strictest_limit_of_tenant_pack_and_organisation_holds(tmp_path: Path) -> None:
    policy = built(tmp_path, "stricter-than-pack").policy
    assert (policy.open_minute, policy.close_minute) == (600, 1050)
    assert policy.quiet_weekdays == (6, 7)
    assert (policy.proactive_per_day, policy.proactive_per_30_days, policy.strikes) == (1, 1, 3)
    assert "2026-12-25" in policy.quiet_dates


def test_prices_are_the_tenants_own_by_channel_and_class(tmp_path: Path) -> None:
    root = tmp_path / "tenants"
    lay_out(root)
    path = root / "plain/caps.yaml"
    path.write_text(path.read_text() + "prices:\n  email:\n    proactive: 40000\n    reply: 0\n")
    priced = Bundle.decode(compile_tenant(root / "plain", TODAY).bundle)
    assert priced.policy.prices == {"email": {"proactive": 40000, "reply": 0}}
    assert built(tmp_path / "without").policy.prices == {}


def test_a_tenant_that_confirms_no_opt_out_has_a_table_that_drops_it(tmp_path: Path) -> None:
    silent = built(tmp_path / "silent", "stricter-than-pack").send_table
    usual = built(tmp_path / "usual").send_table
    for channel in CHANNELS:
        flags = {"first_confirmation"}
        assert decide(silent, {"opted_out"}, "confirmation", channel, flags).effect == "drop"
        assert decide(usual, {"opted_out"}, "confirmation", channel, flags).effect == "send"


def test_a_claim_says_where_it_stands_whatever_folder_it_was_compiled_in(tmp_path: Path) -> None:
    claim = built(tmp_path).claims["PL-D02"]
    assert (claim.file, claim.line) == ("tenants/plain/claims/core.yaml", 13)


def test_a_link_fills_its_slot_and_names_the_answers_it_waits_for(tmp_path: Path) -> None:
    bundle = built(tmp_path)
    assert (
        bundle.tenant.values["form_url"] == bundle.links["form"].url == "https://example.com/claim?ref={ref}"
    )
    assert bundle.links["form"].answers == {"PL-Q01": "Not yet"}


def test_translations_stand_beside_the_first_language(tmp_path: Path) -> None:
    texts = built(tmp_path, "translated-claim").claims["PL-F01"].texts
    assert texts == {
        "en-GB": {"full": "We answer in two days."},
        "cy": {"full": "Rydym yn ateb o fewn dau ddiwrnod."},
    }


def test_the_prompt_is_plain_text_already(tmp_path: Path) -> None:
    assert built(tmp_path).persona.prompt == "You choose the moves of Pat for Plain.\nVoice: plain."


def test_what_packs_and_tenant_say_adds_up(tmp_path: Path) -> None:
    bundle = built(tmp_path)
    assert bundle.handoff_words == ("agent", "human")
    assert [c.id for c in bundle.categories] == ["danger_now", "confusion"]
    assert bundle.lines.fallback == "ALL-HANDOFF"
    assert bundle.lines.off_hours is None
    assert bundle.opt_out["en"].unless == ("don't stop",)


def test_a_table_that_cannot_be_proved_is_never_handed_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lay_out(tmp_path / "tenants")
    rows = default_rows()
    rows[1].update(effect="defer", until="never")
    monkeypatch.setattr(compiler.build, "_table", compiler.build._table.__wrapped__)  # proved anew
    monkeypatch.setattr(compiler.build, "default_rows", lambda: rows)
    with pytest.raises(RuntimeError, match="the send table does not hold"):
        compile_tenant(tmp_path / "tenants" / "plain", TODAY)
