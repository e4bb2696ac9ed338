"""language: only a language the persona has, the one decided for this reply; own words only where checks can read them."""

from __future__ import annotations

import re
import unicodedata

from runtime.guardrails import Reply, block
from runtime.messages import Finding
from schemas.text import normalise

NAME = "language"

READ = "en"  # the language the checks of own words are written in: in any other, nobody can say what own words mean
_WORD = re.compile(r"[^\W\d_]+")
_BORROWED = frozenset({"café", "naïve", "fiancé", "fiancée", "résumé", "cliché", "née", "façade"})
# Small words that English does not have, of the languages people here write; and those that nearly every English sentence has.
_FOREIGN_WORDS = """
aap aciu apke auf avec bir bisogno bonjour bu buna cette cewch che chi ciao como con croeso czy dank danke
dans das degil della der des dhe diolch dobry du dw dziekuje dzien een eich ein eine el est esta este esto et
evet gallwch gracias grazie gyda hai hay hayir het hola ich icin il ir ist iyo jak jest jo ke kya labas las
les liye los mae mein merci merhaba mit multumesc muy nahi nao nicht nid nie niet non nous nu nuk obrigado os
pani para pentru pero pode por pour prosze puede puoi que questo qui shukriya sie sin sono sunt tak
tesekkurler uma una und une unos usted ve voce vous waa wir ydy yn zu
"""
_ENGLISH_WORDS = """
better explain nope yep yes nothing else needed last next part both find looks look bit still back quite really try tried
a about absolutely afternoon again agreed ah all an and any apologies are as at back be bear brilliant but by
bye can cheers congratulations cool could course did do does don't done enough evening exactly excellent fair
fine for from glad good got great had happy has have hello help here hi hmm how i i'll i'm if in indeed is it
it's just let let's lovely makes me more morning my no not noted now of oh ok okay on one or our out perfect
please point problem question right see sense so sorry super sure take tell thank thanks that that's the then
there this time to too understood up us was we welcome well what when where which who why will with worries
would yes you you're your
"""
_FOREIGN = frozenset(_FOREIGN_WORDS.split())
_ENGLISH = frozenset(_ENGLISH_WORDS.split())


def check(reply: Reply) -> tuple[Finding, ...]:
    """Blocks a reply in a language nobody approved, and own words in another script or language than the reply's."""
    spoken = {_main(tag) for tag in (*reply.bundle.persona.languages, reply.bundle.tenant.language)}
    found: list[Finding] = []
    if not reply.free_text and _main(reply.language) not in spoken:
        found.append(
            block(f"{NAME}/not-spoken", f"the persona does not speak {reply.language}", 0, len(reply.text))
        )
    phrases = {_key(phrase) for phrase in reply.bundle.persona.phrases}
    for start, text in reply.own_words():
        if _main(reply.language) == READ:
            found += _not_english(start, text)
        elif not reply.free_text and (_key(text) not in phrases or _looks_english(text)):
            found.append(
                block(f"{NAME}/own-words", "own words that no check can read", start, start + len(text))
            )
    return tuple(found)


def _not_english(start: int, text: str) -> list[Finding]:
    at = next((i for i, c in enumerate(text) if c.isalpha() and not _latin(c)), None)
    if at is not None:
        return [block(f"{NAME}/script", "a letter of another script", start + at, start + at + 1)]
    if not _reads_as_english(text):
        return [
            block(f"{NAME}/other", "own words in another language than the reply's", start, start + len(text))
        ]
    return []


def _reads_as_english(text: str) -> bool:
    words = _WORD.findall(text.casefold())
    if any(not word.isascii() and word not in _BORROWED for word in words):
        return False
    split = [
        part
        for word in re.findall(r"[a-z]+(?:['’][a-z]+)?", text.casefold())
        for part in (word, word.replace("’", "'"))
    ]
    foreign = sum(word in _FOREIGN for word in re.findall(r"[a-z]+(?:['’][a-z]+)?", text.casefold()))
    english = len({word for word in split if word in _ENGLISH})
    return foreign == 0 or english > foreign if english else foreign == 0 and len(words) < 5


def _looks_english(text: str) -> bool:
    return any(word in _ENGLISH for word in _WORD.findall(text.casefold()))


def _main(tag: str) -> str:
    return tag.split("-", maxsplit=1)[0]


def _key(text: str) -> str:
    return normalise(text).text.rstrip(".!? ")


def _latin(c: str) -> bool:
    return c.isascii() or unicodedata.name(c, "").startswith("LATIN ")
