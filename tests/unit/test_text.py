"""How text is read: disguises fall away, offsets hold, stops are heard in every shape, patterns run in linear time."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.bundle import OptOutWords, Prohibited
from schemas.text import (
    PatternError,
    compile_any,
    compile_pattern,
    compile_patterns,
    find_prohibited,
    match_opt_out,
    matches,
    normalise,
    visible,
)

WORDS = {
    "en": OptOutWords(
        exact=("stop", "stopall", "end", "quit", "cancel", "unsubscribe", "opt out", "remove", "remove me", "no more",
               "s", "x", "🛑", "🚫"),
        contains=("take me off your list", "leave me alone", "stop messaging me", "don't message me", "not interested", "f off"),
        unless=("don't stop", "bus stop", "non-stop", "stop paying"),
        stop_all=("stop all", "stopall"),
    ),
    "cy": OptOutWords(exact=("stopio",), contains=("peidiwch â chysylltu",), unless=(), stop_all=()),
    "pl": OptOutWords(exact=("wypisz",), contains=("proszę przestać", "zły numer"), unless=(), stop_all=()),
    "ro": OptOutWords(exact=("opriți",), contains=("nu mă mai contactați",), unless=(), stop_all=()),
    "ur": OptOutWords(exact=("بند کریں",), contains=("میرا نمبر ہٹا", "mujhe message na karein"), unless=(), stop_all=()),
    "pa": OptOutWords(exact=("ਬੰਦ ਕਰੋ",), contains=("ਮੇਰਾ ਨੰਬਰ ਹਟਾ",), unless=(), stop_all=()),
    "bn": OptOutWords(exact=("বন্ধ করুন",), contains=("ভুল নম্বর",), unless=(), stop_all=()),
}  # fmt: skip

STOPS = (
    "STOP.", "Stop!!!", "sToP", "S.T.O.P", "st0p", "s t o p", "please can you stop now", "STOP and I'll sue",
    "ok stop. how much is it anyway", "stop?", "s\u200btop", "ЅТОР", "thanks but take me off your list x",
    "please stop I can't cope with this", "i want you to stop", "I SAID STOP", "can you just stop please", "stop texting me!!",
    "un subscribe", "sotp", "stip", "Stopp", "pls stpo", "cancle", "unsubcribe", "STOOOP", "dont msg me", "don’t message me",
    "🛑", "🛑🛑", "🛑 stop", "🚫", "Ⓢⓣⓞⓟ", "🆂🆃🅾🅿", "ｓｔｏｐ", "𝐒𝐓𝐎𝐏", "$top", "5top", "p l e a s e  s t o p",
    "st\x00op", "st\ud800op", "s\u202et\u202eop", "\U000e0073stop", "LEAVE ME ALONE", "leeeeave me alone", "f off",
    "Proszę przestać", "prosze przestac", "WYPISZ", "Nu mă mai contactați!", "nu ma mai contactati", "opriti",
    "peidiwch a chysylltu", "بند کریں", "میرا نمبر ہٹا دیں", "Mujhe message na karein", "ਬੰਦ ਕਰੋ", "ਮੇਰਾ ਨੰਬਰ ਹਟਾਓ", "বন্ধ করুন",
    "please don't stop... no wait, STOP", "x", "S",
)  # fmt: skip

NOT_STOPS = (
    "can I stop paying my lender?", "bus stop", "non-stop calls from others", "please don't stop", "at the end of my contract",
    "when does the contract end", "cancel my energy contract?", "I want to remove my old address", "how much does it cost?",
    "top", "shop", "step", "5", "1", "thanks x", "yes", "no", "ok", "it was a one stop shop", "I can't stop thinking about it",
    "is there an end date", "", "   ", "👍", "half off", "quite", "ended in 2019",
)  # fmt: skip


@pytest.mark.parametrize("text", STOPS)
def test_a_stop_is_heard_in_every_shape(text: str) -> None:
    assert match_opt_out(text, WORDS) is not None


@pytest.mark.parametrize("text", NOT_STOPS)
def test_talk_about_stopping_something_else_is_not_a_stop(text: str) -> None:
    assert match_opt_out(text, WORDS) is None


@pytest.mark.parametrize(
    "text", ["STOP ALL", "stopall", "please stop all of you", "s t o p a l l", "STOP  ALL!!"]
)
def test_stop_all_reaches_the_organisation(text: str) -> None:
    found = match_opt_out(text, WORDS)
    assert found is not None
    assert found[0] == "organisation"


def test_the_match_names_the_lexicon_and_never_the_person() -> None:
    assert match_opt_out("oh please STOP now Mr Smith", WORDS) == ("tenant", "stop")


def test_a_stop_is_heard_even_when_the_lexicon_is_lost() -> None:
    assert match_opt_out("STOP", {}) == ("tenant", "stop")


def test_an_excuse_covers_only_what_it_overlaps() -> None:
    assert match_opt_out("I'm at the bus stop. Stop messaging me", WORDS) == ("tenant", "stop messaging me")


@given(st.text())
def test_no_text_breaks_reading_or_the_opt_out(text: str) -> None:
    shadow = normalise(text)
    match_opt_out(text, WORDS)
    for view in shadow.views:
        assert len(view.text) == len(view.offsets)
        assert all(0 <= at < len(text) for at in view.offsets)


@given(st.text(alphabet=st.characters(codec=None), max_size=60), st.sampled_from(["STOP", "stop", "Stop"]))
def test_a_stop_on_its_own_line_is_heard_whatever_stands_before(before: str, word: str) -> None:
    text = f"{before.replace(chr(0x27), '')}.\n{word}"
    if match_opt_out(text, {"en": OptOutWords(exact=(), contains=(), unless=(), stop_all=())}) is None:
        # Only a sign that visibly continues the word may keep it from being read as one.
        assert not normalise(text).text.endswith(". stop")


def _slow() -> Iterator[str]:
    yield "😀" * 4096
    yield "é" * 4096
    yield "1" * 20_000
    yield "a." * 10_000
    yield "ѕ" * 16_000
    yield "stop " * 4_000


@pytest.mark.parametrize("text", list(_slow()), ids=lambda t: f"{t[:2]!a}x{len(t)}")
def test_a_long_message_is_read_in_linear_time(text: str) -> None:
    began = time.perf_counter()
    match_opt_out(text, WORDS)
    assert time.perf_counter() - began < 1.0


def test_a_cue_at_the_end_of_a_very_long_text_is_still_read() -> None:
    shadow = normalise("a " * 50_000 + "want to die")
    assert shadow.cut
    assert matches(r"\bwant to die\b", shadow) == (100_000, 100_011)


@pytest.mark.parametrize(
    ("text", "pattern"),
    [
        ("1gn0re your 1nstructi0ns", "ignore your instructions"),
        ("ｉｇｎｏｒｅ your instructions", "ignore your"),
        ("іgnоrе your instructions", "^ignore"),
        ("i\u200bg\u200bn\u200bo\u200br\u200be this", "ignore this"),
        ("i g n o r e  this", "ignore this"),
        ("IGNOOOORE this", "ignore this"),
        ("naïve café", "naive cafe"),
        ("don’t", "don't"),
        ("a\u00a0b\n\nc", "a b c"),
        ("kill3d", "killed"),
    ],
)
def test_a_pattern_finds_what_is_disguised(text: str, pattern: str) -> None:
    assert matches(pattern, normalise(text)) is not None


def test_a_match_is_shown_where_it_stands_in_the_original() -> None:
    text = "Ok… pleas\u200be s\u200bt\u200bo\u200bp it"
    span = matches("stop", normalise(text))
    assert span is not None
    assert text[span[0] : span[1]] == "s\u200bt\u200bo\u200bp"


def test_numbers_of_digits_alone_stay_numbers() -> None:
    assert matches("soo", normalise("500")) is None


@pytest.mark.parametrize("pattern", ["(?<=a)b", r"(a)\1", "(", "", "a*", "x" * 2_000, "\ud800"])
def test_a_pattern_that_cannot_run_is_refused_with_words(pattern: str) -> None:
    with pytest.raises(PatternError) as refused:
        compile_pattern(pattern)
    assert len(str(refused.value)) > 20


def test_many_patterns_run_as_one() -> None:
    program = compile_any(("\\bone\\b", "\\btwo\\b"))
    assert program is not None
    assert program.search("and TWO") is not None
    assert program.search("and three") is None


def test_prohibited_wording_is_found_with_its_rule_and_place_unless_excepted() -> None:
    entries = (
        Prohibited(id="X01", says="Any amount.", match=(r"£\s?\d",), allow=("F06",), file="x", line=1),
    )
    text = "You could get £ 500"
    found = find_prohibited(text, entries)
    assert [(w.rule, text[w.start : w.end]) for w in found] == [("X01", "£ 5")]
    assert find_prohibited(text, entries, allow=("F06",)) == ()
    assert find_prohibited("nothing here", entries) == ()


@settings(max_examples=50)
@given(st.text(max_size=200))
def test_what_is_shown_holds_no_invisible_sign(text: str) -> None:
    shown = visible(text)
    assert not any(0xD800 <= ord(c) <= 0xDFFF or c in "\u200b\u202e\x00\U000e0041" for c in shown)
    shown.encode()


def test_many_patterns_tried_at_once_find_what_each_finds_alone() -> None:
    every = (r"\bone\b", r"^[0-9 ]+$", r"\btwo\b.{0,40}\bthree\b", "[é-ü]x", r"a{3}")
    texts = (
        "one",
        "07 00",
        "two or even three",
        "éx",
        "baaa",
        "none",
        "",
        "two, and later on in the day no more",
        "\x00",
    )
    for text in texts:
        alone = {n for n, pattern in enumerate(every) if compile_pattern(pattern).search(text)}
        assert compile_patterns(every).in_text(text) == alone
    assert compile_patterns(()).in_text("one") == frozenset()
    with pytest.raises(PatternError):
        compile_patterns(("(?<=a)b",))


def _walls() -> Iterator[str]:
    yield "😀" * 20_000
    yield "😀 👍🏽 ❤️ 👩‍👩‍👧" * 3_000
    yield " 😀" * 20_000
    yield ("😀" * 40 + "❤️ so happy ") * 1_000
    yield "".join(map(chr, range(0x1F000, 0x1FAFF))) * 8


@pytest.mark.parametrize("wall", list(_walls()), ids=lambda t: f"{t[:2]!a}x{len(t)}")
def test_danger_amid_a_wall_of_pictures_is_seen_where_it_stands(wall: str) -> None:
    text = f"{wall} I Want To Die {wall}"
    shadow = normalise(text)
    span = matches(r"\bwant to die\b", shadow)
    assert span is not None
    assert text[span[0] : span[1]] == "Want To Die"
    assert len(shadow.views[-1].text) < len(text)
    assert all(
        text[at] == sign
        for at, sign in zip(shadow.views[-1].offsets, shadow.views[-1].text.casefold(), strict=True)
        if not sign.isalpha()
    )


@pytest.mark.parametrize("wall", list(_walls()), ids=lambda t: f"{t[:2]!a}x{len(t)}")
def test_each_picture_of_a_wall_is_still_read_and_words_on_its_two_sides_stay_apart(wall: str) -> None:
    before, after = f"{wall}kill🔪{wall}", f"{wall}myself{wall}"
    shadow = normalise(before + after)
    whole = shadow.views[-1]
    assert whole.kind == "whole"
    assert set(before) - {"\ufe0f"} <= set(whole.text) | {"\ufe0f"}
    assert "killmyself" not in whole.text


def test_no_run_of_blanks_is_a_wall() -> None:
    shadow = normalise("😀 " + "é" * 7_000 + " kill" + " " * 200 + "myself " + "é" * 7_000)
    assert matches(r"kill\s+myself", shadow) is not None


def test_what_is_read_whole_is_left_out_where_nobody_asks_for_it() -> None:
    text = "é stop it " * 2_000
    assert [v.kind for v in normalise(text).views][-1] == "whole"
    assert normalise(text, whole=False).views == normalise(text).views[:-1]


def test_half_of_a_surrogate_pair_amid_a_long_text_hides_nothing() -> None:
    shadow = normalise("\ud800 x" * 5_000 + " Stop It " + "é" * 5_000)
    assert shadow.views[-1].kind == "whole"
    assert compile_patterns(("stop it",)).in_text(shadow.views[-1].text) == {0}
