"""The record of a conversation as the desk shows it, from rows alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from runtime.messages import Sentence
from runtime.storage.desk_rows import (
    CaseRow,
    Conversation,
    Entry,
    Heading,
    LookRow,
    Person,
    SaidRow,
    SendingRow,
    Withdrawal,
)
from runtime.web.desk.timeline import Happened, Said, Wrote, claims_of, timeline
from runtime.web.desk.why import Why, sentence_of, why
from schemas.bundle import Approval, Bundle, Claim
from tests.unit.web.world import DIGEST, NOW, a_bundle

LONDON = ZoneInfo("Europe/London")
ROW = UUID(int=7)
SENTENCE = Sentence(
    text="You can do it yourself, for free.",
    claim="EX-D04",
    variant="short",
    digest="sha256:d4",
    file="claims/free.yaml",
    line=12,
)


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def said(seq: int = 1, text: str | None = "do I need you", **more: Any) -> SaidRow:
    row = SaidRow(
        seq=seq,
        kind="text",
        text=text,
        sent_at=NOW,
        received_at=after(seq * 10),
        stop_scope=None,
        stop_matched=None,
    )
    return replace(row, **more)


def look(effect: str = "send", rule: str = "R-OK", **more: Any) -> LookRow:
    row = LookRow(at=after(12), effect=effect, rule=rule, row=112, until=None, facts=(), notes=())
    return replace(row, **more)


def wrote(state: str = "sent", *looks: LookRow, **more: Any) -> SendingRow:
    row = SendingRow(
        id=ROW,
        n=1,
        upto_seq=1,
        fence=3,
        part=1,
        send_class="reply",
        state=state,
        text=SENTENCE.text,
        options=(),
        sentences=(SENTENCE,),
        answers_seq=1,
        template=None,
        campaign=None,
        bundle=DIGEST,
        author="bot",
        due_at=after(11),
        created_at=after(11),
        sending_at=after(11.6) if state in ("sent", "unknown") else None,
        settled_at=after(12),
        status=None,
        status_at=None,
        error_code=None,
        looks=looks or (look(),),
    )
    return replace(row, **more)


def turn(body: dict[str, Any] | None = None, **header: Any) -> Entry:
    shown = {"what": "turn", "from": 0, "upto": 1, "fence": 3, "sends": [{"part": 1}], **header}
    return Entry(n=2, at=after(11), header=shown, body=body or {}, hash="ab" * 32)


def conversation(**parts: Any) -> Conversation:
    heading = Heading(
        conversation_id=UUID(int=1),
        person=Person(contact_id=UUID(int=2), kind="phone", value="+447700900141", given_name=None),
        connection_id="dave-wa-sandbox",
        channel="whatsapp_360dialog",
        stage="sandbox",
        stopped=False,
        human_owner=None,
        human_since=None,
        pinned=None,
        created_at=NOW,
        waiting=0,
        last_inbound_at=NOW,
        entries=2,
        head="cd" * 32,
        opted_out_at=None,
        opt_out_scope=None,
        struck_out_at=None,
        language=None,
        erased_at=None,
    )
    empty: dict[str, Any] = dict.fromkeys(
        ("said", "sends", "record", "desk", "holds", "cases", "consents", "withdrawn"), ()
    )
    return Conversation(heading=heading, earlier=False, **{**empty, **parts})


def bundle(claim: Claim | None = None) -> Bundle:
    return replace(a_bundle(), claims={"EX-D04": claim or a_claim()}, guardrails=("no-amounts", "links"))


def a_claim(**more: Any) -> Claim:
    made = Claim(
        id="EX-D04",
        kind="fact",
        texts={"en": {"full": SENTENCE.text}},
        slots=(),
        when="",
        required_with=(),
        repeat_after_days=None,
        never_say=(),
        sources=("EXAMPLE-1",),
        effective="2026-01-01",
        expires=None,
        review_by="2027-01-01",
        channels=(),
        audience=(),
        questions=(),
        options=(),
        digest="sha256:d4",
        approvals=(),
        approved=False,
        file="claims/free.yaml",
        line=12,
    )
    return replace(made, **more)


def only_wrote(row: SendingRow, **parts: Any) -> Wrote:
    items = timeline(conversation(sends=(row,), said=(said(),), **parts), bundle(), LONDON)
    return next(item for item in items if isinstance(item, Wrote))


def test_what_was_said_stands_before_its_answer_with_time_and_verdict() -> None:
    verdict = {"verdict": {"signals": [{"category": "anger", "pattern": "anger-3", "seq": 1}]}}
    items = timeline(
        conversation(said=(said(),), sends=(wrote(),), record=(turn(verdict),)), bundle(), LONDON
    )

    assert [type(item) for item in items] == [Said, Wrote]
    heard = items[0]
    assert isinstance(heard, Said)
    assert (heard.time, heard.seen[0].category, heard.seen[0].pattern) == ("10:30:10", "anger", "anger-3")


def test_an_unanswered_message_says_so() -> None:
    (item,) = timeline(conversation(said=(said(),)), bundle(), LONDON)

    assert isinstance(item, Said) and item.waiting


def test_an_opt_out_names_the_words_that_matched_never_what_was_written() -> None:
    row = said(text="oh leave me alone now", stop_scope="organisation", stop_matched="leave me alone")
    (item,) = timeline(conversation(said=(row,)), bundle(), LONDON)

    assert isinstance(item, Said)
    assert (item.stop, item.stop_reach) == ("leave me alone", "every brand of the organisation")


def test_a_turn_that_said_nothing_says_why() -> None:
    record = (turn({"reason": "human_owner"}, sends=[]),)
    (item,) = timeline(conversation(said=(said(),), record=record), bundle(), LONDON)

    assert isinstance(item, Said) and item.silence == "a person has this conversation"


def test_a_sent_reply_tells_how_soon_and_that_nothing_stood_against_it() -> None:
    let_go = look(rule="R-CLEAR", facts=("no_consent",))
    shown = only_wrote(wrote("sent", let_go, status="read", status_at=after(40)))

    assert not shown.unsent
    assert shown.looks[-1].lead == "Sent"
    assert shown.looks[-1].how == "as a reply, 1.6 s after they wrote. Read 10:30:40."
    assert (shown.looks[-1].rule, shown.looks[-1].end) == (None, "Nothing stood against it.")


@pytest.mark.parametrize(
    ("rule", "send_class", "found"),
    [
        ("R-OPT-1", "reply", "they opted out, and this answers what they wrote since or their open case."),
        ("R-OPT-1", "confirmation", "they opted out, and this confirms it, once."),
        ("R-WA-1", "service", "the WhatsApp window was shut, so it went by template."),
        ("R-FREQ-2", "reply", "three strikes."),
        ("R-ELSE-1", "reply", "allowed by this rule."),
    ],
)
def test_a_message_that_met_a_restriction_names_the_rule_and_what_made_it_go(
    rule: str, send_class: str, found: str
) -> None:
    last = only_wrote(wrote("sent", look(rule=rule), send_class=send_class)).looks[-1]

    assert (last.lead, last.rule, last.row, last.found) == ("Sent", rule, 112, found)


def test_what_was_not_sent_names_the_rule_that_refused_it() -> None:
    shown = only_wrote(wrote("superseded", look("drop", "R-OPT-1", facts=("opted_out",))))

    assert shown.unsent
    last = shown.looks[-1]
    assert (last.lead, last.rule, last.row) == ("Not sent.", "R-OPT-1", 112)
    assert (last.found, last.end) == ("reply, WhatsApp, opted out, so drop.", "It never left.")


def test_what_a_stop_overtook_stands_behind_the_stop() -> None:
    stop = said(2, "stop", received_at=after(11.5), stop_scope="tenant", stop_matched="stop")
    row = wrote("superseded", look("drop", "R-OPT-1", facts=("opted_out",)))
    items = timeline(conversation(said=(said(), stop), sends=(row,)), bundle(), LONDON)

    assert [item.sort for item in items] == ["said", "said", "wrote"]


def test_a_reply_that_waits_says_until_when() -> None:
    until = after(22 * 3600)
    shown = only_wrote(wrote("pending", look("defer", "R-TIME-1", until=until, facts=("quiet_hours",))))

    assert shown.unsent
    assert shown.looks[-1].lead == "Waits until Wed 25 Nov, 08:30."


def test_an_unknown_send_is_never_called_sent_or_unsent() -> None:
    shown = only_wrote(wrote("unknown"))

    assert not shown.unsent
    assert (shown.looks[-1].tone, shown.looks[-1].lead) == ("danger", "May have gone.")


@pytest.mark.parametrize("state", ["failed", "dead"])
def test_a_send_that_failed_carries_the_providers_code(state: str) -> None:
    shown = only_wrote(wrote(state, error_code=131026))

    assert shown.unsent and "Code 131026." in shown.looks[-1].how


def test_words_whose_key_is_gone_are_not_made_up() -> None:
    items = timeline(
        conversation(said=(said(text=None),), sends=(wrote(text=None, sentences=()),)), bundle(), LONDON
    )

    assert [getattr(item, "text", "?") for item in items] == [None, None]


def test_a_refused_draft_shows_what_refused_it() -> None:
    body = {"findings": [{"rule": "no-amounts", "message": "names a sum", "severity": "block", "part": 1}]}
    shown = only_wrote(wrote(), record=(turn(body),))

    assert not shown.passed
    assert (shown.findings[0].rule, shown.findings[0].tone) == ("no-amounts", "danger")


def test_an_answer_that_was_made_again_is_explained_by_its_own_turn() -> None:
    old = turn({"rung": "primary", "reason": "close_race"}, fence=3)
    new = turn({"rung": "register_only", "reason": "clear_winner"}, fence=4)
    shown = only_wrote(wrote(fence=4), record=(old, new))

    assert shown.route == "Chosen from the register, without a model: one claim clearly answers it."


def test_cases_and_deeds_stand_in_the_same_column() -> None:
    case = CaseRow(
        id=UUID(int=9),
        ref="C-9",
        conversation_id=UUID(int=1),
        person=None,
        channel=None,
        kind="danger",
        reason="danger_now",
        priority=0,
        page=True,
        paged_at=None,
        due_at=after(900),
        state="open",
        opened_at=after(11),
        opened_by="turn",
        owner=None,
        closed_at=None,
        closed_by=None,
        resolution=None,
    )
    deed = Entry(
        n=4,
        at=after(60),
        header={"what": "taken over", "by": "Asha Example"},
        body={"typed": "she asked"},
        hash="00",
    )
    items = timeline(conversation(said=(said(),), cases=(case,), desk=(deed,)), bundle(), LONDON)

    told = [item for item in items if isinstance(item, Happened)]
    assert [(item.tone, item.lead) for item in told] == [
        ("danger", "Case C-9 opened: danger."),
        ("own", "A person took over."),
    ]
    assert told[0].rest.endswith("It stands at the top of the desk until a person closes it.")
    assert told[1].rest == "By Asha Example: she asked"


def test_only_what_reached_the_person_counts_as_told() -> None:
    rows = (wrote("sent"), wrote("superseded", sentences=(replace(SENTENCE, claim="EX-F09"),)))

    assert claims_of(rows) == ("EX-D04",)


# ---- why did it say that ------------------------------------------------------------------------------------------------


def explained(then: Bundle | None, now: Bundle | None, *withdrawn: Withdrawal) -> Why:
    found = conversation(said=(said(),), sends=(wrote(),), record=(turn(),), withdrawn=withdrawn)
    picked = sentence_of(found, f"{ROW}.0")
    assert picked is not None
    return why(found, *picked, then=then, now=now, serial=31, today=date(2026, 11, 24), zone=LONDON)


def test_a_sentence_leads_back_to_its_file_and_line_and_still_holds() -> None:
    shown = explained(bundle(), bundle())

    assert (shown.claim, shown.written_at) == ("EX-D04", "claims/free.yaml:12")
    assert (shown.holds_tone, shown.holds) == ("ok", "Yes. Same words today, bundle serial 31.")
    assert shown.approved_by == ()
    assert [check.rule for check in shown.checks] == ["no-amounts", "links"]


def test_an_approved_sentence_names_who_approved_it() -> None:
    approval = Approval(
        by="A. Sample", role="solicitor (EXAMPLE)", on="2026-11-16", expires=None, ref="change 214"
    )
    shown = explained(bundle(a_claim(approved=True, approvals=(approval,))), bundle())

    assert shown.approved_by == ("A. Sample, solicitor (EXAMPLE), 2026-11-16, change 214",)


@pytest.mark.parametrize(
    ("now", "words"),
    [
        (None, "no bundle is in force"),
        (replace(a_bundle(), claims={}), "does not have this claim"),
        (bundle(a_claim(digest="sha256:other")), "changed since"),
        (bundle(a_claim(expires="2026-11-24")), "expired on 2026-11-24"),
    ],
)
def test_a_sentence_that_holds_no_more_says_why(now: Bundle | None, words: str) -> None:
    assert words in explained(bundle(), now).holds


def test_a_withdrawn_sentence_says_who_withdrew_it_whatever_the_bundle_says() -> None:
    gone = Withdrawal(claim_digest="sha256:d4", by="Ben Sample", at=NOW, reason="fee changed")

    assert (
        explained(bundle(), bundle(), gone).holds
        == "No. Withdrawn Tue 24 Nov, 10:30 by Ben Sample: fee changed"
    )


@pytest.mark.parametrize("ref", ["", "x.0", f"{ROW}.1", f"{ROW}.-1", f"{ROW}.٣", f"{UUID(int=8)}.0"])
def test_a_reference_to_no_sentence_finds_none(ref: str) -> None:
    assert sentence_of(conversation(sends=(wrote(),)), ref) is None
