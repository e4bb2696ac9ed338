"""The linguist: sure of a sentence, silent about a word, a name and a language that is not ours."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runtime.linguist import LANGUAGES, LinguaLinguist, linguist
from tests.sets.measure import lines

LINGUIST = LinguaLinguist()
PACKS = Path(__file__).parents[2] / "tenants" / "_packs"


@pytest.mark.parametrize(
    ("text", "tag"),
    [
        ("hello, I would like to know about my car finance", "en"),
        ("dzień dobry, mam pytanie o umowę na samochód", "pl"),
        ("gdzie jest moj wniosek prosze pani", "pl"),
        ("bună ziua, am o întrebare despre contractul meu", "ro"),
        ("shwmae, mae gen i gwestiwn am fy nghar", "cy"),
        ("میں اپنی گاڑی کے بارے میں پوچھنا چاہتا ہوں", "ur"),
        ("i bought a Skoda in Krakow from Pawel", None),
        ("stop", None),
        ("OK dziękuję", None),
        ("07700 900123", None),
        ("", None),
        ("bonjour je voudrais savoir si vous pouvez m'aider", None),
        ("guten Tag, ich habe eine Frage zu meinem Auto", None),
    ],
)
def test_a_sentence_is_known_and_doubt_is_silence(text: str, tag: str | None) -> None:
    assert LINGUIST.language_of(text) == tag


def test_english_is_hardly_ever_taken_for_another_language() -> None:
    english = [line.text for line in lines("benign") if line.part == "dev"]
    said = [LINGUIST.language_of(text) for text in english]
    assert set(said) <= {"en", None}
    assert said.count("en") > len(said) // 2


def test_the_languages_are_those_the_packs_can_stop_in() -> None:
    assert set(LANGUAGES) == {path.stem for path in PACKS.glob("*/optout/*.yaml")}


def test_with_the_extra_there_is_one_and_it_is_loaded_only_when_asked() -> None:
    found = linguist()
    assert isinstance(found, LinguaLinguist)
    assert found._detector is None
    found.warm()
    assert found._detector is not None


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet=st.characters(codec=None)))
def test_no_text_breaks_it(text: str) -> None:
    assert LINGUIST.language_of(text) in {None, *LANGUAGES}
    assert LINGUIST.language_of(f"\ud800 {text}") in {None, *LANGUAGES}
