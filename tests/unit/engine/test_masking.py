"""No identifier reaches a prompt, however it is written; and what a question is about still does."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runtime.engine.masking import LINE_CHARS, masked, one_line


@pytest.mark.parametrize(
    ("text", "secrets"),
    [
        # telephone numbers
        ("call +44 7700 900123", ["7700", "900123"]),
        ("07700900123", ["0770"]),
        ("0 7 7 0 0 9 0 0 1 2 3", ["7 7", "0 0"]),
        ("(07700) 900-123", ["7700", "900"]),
        ("07700.900.123", ["900"]),
        ("+44(0)7700/900/123", ["7700"]),
        ("07700\u200b900\u2060123", ["900"]),
        ("０７７００９００１２３", ["０７", "0770"]),
        ("٠٧٧٠٠٩٠٠١٢٣", ["٠٧", "0770"]),
        ("۰۷۷۰۰۹۰۰۱۲۳", ["۰۷", "0770"]),
        ("০৭৭০০৯০০১২৩", ["০৭", "0770"]),
        ("੦੭੭੦੦੯੦੦੧੨੩", ["੦੭", "0770"]),
        ("07700 9OO l23", ["9OO", "l23"]),
        ("oh seven seven double zero nine double zero one two three", ["seven", "three"]),
        ("zero siedem siedem zero zero dziewięć", ["siedem", "dziewięć"]),
        ("zero șapte șapte zero zero nouă", ["șapte", "nouă"]),
        ("dim saith saith dim dim naw", ["saith", "naw"]),
        ("صفر سات سات صفر صفر نو", ["سات", "نو"]),
        ("ਸਿਫ਼ਰ ਸੱਤ ਸੱਤ ਸਿਫ਼ਰ ਸਿਫ਼ਰ ਨੌਂ", ["ਸੱਤ"]),
        ("শূন্য সাত সাত শূন্য শূন্য নয়", ["সাত"]),
        # e-mail
        ("sam@example.com", ["sam", "example"]),
        ("SAM.EXAMPLE+x@EXAMPLE.CO.UK", ["SAM", "EXAMPLE"]),
        ("sam @ example.com", ["sam", "example"]),
        ("sam＠example．com", ["sam", "example"]),
        ("sam at example dot com", ["sam", "example"]),
        ("sam (at) example (dot) co (dot) uk", ["sam", "example"]),
        ("sam małpa example kropka pl", ["sam", "example"]),
        ("see www.example.org/sam", ["example"]),
        # plates, postcodes, national insurance
        ("AB12 CDE", ["CDE"]),
        ("ab12cde", ["cde"]),
        ("A B 1 2 C D E", ["C D"]),
        ("A123 BCD", ["BCD"]),
        ("ABC 123D", ["123"]),
        ("SW1A 1AA", ["1AA"]),
        ("sw1a1aa", ["1aa"]),
        ("S W 1 A 1 A A", ["W 1"]),
        ("m1 1ae", ["1ae"]),
        ("QQ 12 34 56 C", ["12", "34"]),
        # cards, PINs, accounts
        ("4111 1111 1111 1111", ["4111", "1111"]),
        ("4111-1111-1111-1111", ["4111"]),
        ("my pin is 1984", ["1984"]),
        ("PIN: 123", ["123"]),
        ("cvv 123", ["123"]),
        ("sort code 12-34-56 account 12345678", ["12-34", "12345678"]),
        ("kod 123", ["123"]),
        ("parola este 2007", ["2007"]),
        # names
        ("my name is john smith", ["john", "smith"]),
        ("My name's Sam O'Example-Jones", ["Sam", "Jones"]),
        ("surname: EXAMPLE", ["EXAMPLE"]),
        ("I'm Sam Example", ["Sam", "Example"]),
        ("this is Sam", ["Sam"]),
        ("Mr Example here", ["Example"]),
        ("mrs. example here", ["example"]),
        ("call me Sam", ["Sam"]),
        ("regards, sam example", ["sam", "example"]),
        ("mam na imię Jan Kowalski", ["Jan", "Kowalski"]),
        ("nazywam sie kowalski", ["kowalski"]),
        ("Pani Kowalska", ["Kowalska"]),
        ("mă numesc Ion Popescu", ["Ion", "Popescu"]),
        ("numele meu este ion popescu", ["ion", "popescu"]),
        ("fy enw i yw Dafydd ap Gwilym", ["Dafydd", "Gwilym"]),
        ("میرا نام علی خان ہے", ["علی", "خان"]),
        ("ਮੇਰਾ ਨਾਮ ਗੁਰਪ੍ਰੀਤ ਸਿੰਘ ਹੈ", ["ਗੁਰਪ੍ਰੀਤ", "ਸਿੰਘ"]),
        ("আমার নাম রহিম উদ্দিন", ["রহিম", "উদ্দিন"]),
        ("mera naam ali khan", ["ali", "khan"]),
        # nobody announced them
        ("i am john smith", ["john", "smith"]),
        ("im john smith", ["john", "smith"]),
        ("this is john smith", ["john", "smith"]),
        ("john smith speaking", ["john", "smith"]),
        ("jan kowalski z tej strony", ["kowalski"]),
        ("sunt ion popescu", ["popescu"]),
        ("Siobhan O'Leary here", ["Siobhan", "Leary"]),
        ("my wife Margaret Thatcherson", ["Margaret", "Thatcherson"]),
        # what stands behind a word for it
        ("reg ab 12 cde", ["ab", "cde"]),
        ("plate J0HN 5", ["J0HN"]),
        ("john.smith (a) gmail . com", ["john", "gmail"]),
        ("14 Acacia Avenue, Leeds", ["14", "Acacia", "Leeds"]),
        ("my dob is 3rd of May 1975", ["3rd", "May", "1975"]),
        ("born 3 5 75", ["75"]),
        # digits and words glued
        ("07700nine00123", ["0770", "nine", "123"]),
        ("07700 nine double zero 123", ["0770", "nine", "123"]),
    ],
)  # fmt: skip
def test_an_identifier_is_masked_however_it_is_written(text: str, secrets: list[str]) -> None:
    for said in (text, f"hello, {text}, is leasing included?", f"{text}\n{text}"):
        shown = masked(said)
        assert not [secret for secret in secrets if secret in shown]
    assert masked(f"hello there. {text}. is leasing included?").endswith("leasing included?")


@pytest.mark.parametrize(
    "text",
    [
        "is a 2007 agreement included?",
        "between 2007 and 2014",
        "was it 2007-2014?",
        "I paid 30% on 3 cars in 2010",
        "I'm not sure this is for me",
        "one or two questions about the fee",
        "can I look at it. in the end I want to know",
        "page 12 of 20",
        "oil, lol, ill, Ooooh",
        "did I miss the deadline in August 2025?",
        "is the CMA or the FCA in charge, and what of section 140A?",
        "dwa lub trzy pytania",
        "i am not sure this is right for me",
        "this is really about the lender",
        "Is that a registered agreement? I live with it",
        "was it born of the 2021 ruling, and who is speaking",
        "3 cars on the same way of paying",
    ],
)
def test_what_a_question_is_about_stays(text: str) -> None:
    assert masked(text) == text


def test_known_personal_values_are_masked_as_a_whole_and_word_by_word() -> None:
    shown = masked("Anne-Marie and ANNE-MARIE's car, mrs van den example", ("Anne-Marie", "van den Example"))
    assert "nne" not in shown.casefold()
    assert "example" not in shown
    assert masked("anna", ("ann",)) == "anna"


def test_a_long_text_keeps_its_beginning_and_its_end() -> None:
    shown = masked("begin " + "so " * 5_000 + "end?")
    assert shown.startswith("begin ")
    assert shown.endswith("end?")
    assert len(shown) <= LINE_CHARS


def test_approved_text_stands_on_one_line_without_signs_of_marks() -> None:
    assert one_line("a <<b>>\n\u200bc\u2028d") == "a b c d"


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet=st.characters(codec=None), max_size=300), st.lists(st.text(max_size=12), max_size=2))
def test_any_text_becomes_one_line_without_marks_or_half_signs(text: str, private: list[str]) -> None:
    shown = masked(text, private)
    assert len(shown) <= LINE_CHARS
    assert shown == " ".join(shown.split())
    assert not set(shown) & set("<>«»‹›")
    shown.encode("utf-8")


@pytest.mark.parametrize("unit", ["0 ", "a@", "one ", "my name is ", "A1 ", "at dot ", "+1(", "Mr ", "O0l"])
def test_a_hostile_text_costs_no_more_than_a_friendly_one(unit: str) -> None:
    began = time.perf_counter()
    masked(unit * 50_000)
    assert time.perf_counter() - began < 1.0
