"""The words of a question as they are compared: without noise, as they are typed on a phone, stemmed, synonyms made one."""

from __future__ import annotations

import re
from itertools import pairwise

from schemas.text import normalise


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)?")
_NOISE = _words(
    "a an the of to in on at by for from with and or but so if then than that this these those there here it its it's is am "
    "are was were be been being do does did doing have has had having can could will would shall should may might must i me "
    "my mine you your yours u ur we us our they them their he she his her just really actually please pls tell about any "
    "some as up out get got want wanna like know ok okay hi hello hey thanks oh well also ive i've im i'm youre you're "
    "not no yes dont don't didnt didn't s t all everything thing things stuff now then still yet too also very even else "
    "anyway going go lot sort kind bit mean said happen happens happened happening "
    "think thought guess suppose reckon"
)
_ASKING = _words("who why what how where when which")
_WEAK = _words(
    "want need get have will can know you your i my me not no is are do did am"
)  # they tell likenesses apart
_LAST_RESORT = _words("not you i me my your")  # all that is left of "who are you"
_TYPED = {  # how words are typed on a phone, and we for I: who asks makes no other question of it
    "we": "i", "our": "my", "ours": "mine", "us": "me", "we're": "i", "ourselves": "myself",
    "comision": "commission", "comission": "commission", "commision": "commission",
    "wot": "what", "wat": "what", "wots": "what", "wats": "what", "whts": "what", "n": "and", "cud": "could", "wud": "would",
    "shud": "should", "gonna": "going", "gunna": "going", "wanna": "want", "gotta": "got", "cos": "because", "coz": "because",
    "bout": "about", "summat": "something", "sumthing": "something", "owt": "anything", "nowt": "nothing", "ppl": "people",
    "txt": "text", "txts": "texts", "txting": "texting", "fone": "phone", "thru": "through", "b4": "before", "hav": "have",
    "dunno": "know", "lemme": "let", "wen": "when", "hu": "who", "y": "why", "ya": "you", "yous": "you", "yer": "your",
    "dat": "that", "dis": "this", "cant": "can't", "shld": "should", "wld": "would", "govt": "government", "compo": "money",
}  # fmt: skip
_SAME = {  # everyday words only; what a trade calls things stands in the tenant's example questions
    "cost": "fee", "costs": "fee", "charge": "fee", "charges": "fee", "fees": "fee", "price": "fee", "pay": "fee",
    "paying": "fee", "percentage": "fee", "robot": "bot", "machine": "bot", "computer": "bot", "ai": "bot", "chatbot": "bot",
    "automated": "bot", "human": "person", "someone": "person", "somebody": "person", "people": "person", "genuine": "real",
    "legit": "real", "scam": "real", "con": "real", "myself": "self", "yourself": "self", "alone": "self", "company": "firm",
    "organisation": "firm", "details": "data", "info": "data", "information": "data", "messages": "message",
    "texts": "message", "texting": "message", "msg": "message", "payout": "money", "compensation": "money", "cash": "money",
    "worth": "amount", "much": "amount", "vehicle": "car", "cars": "car", "link": "form", "apply": "form",
    "application": "form", "dosh": "money", "refund": "money", "lawyer": "solicitor", "lawyers": "solicitor",
    "solicitors": "solicitor", "bloke": "person", "guy": "person", "chap": "person", "fella": "person", "employees": "staff",
    "workers": "staff", "judge": "court", "judges": "court", "courts": "court", "ruling": "court", "papers": "paperwork",
    "documents": "paperwork", "contacted": "message", "contacting": "message", "quit": "cancel", "withdraw": "cancel",
    "exit": "cancel", "agreed": "sign", "signed": "sign", "committed": "sign", "joined": "sign", "enrolled": "sign",
    "dodgy": "real", "fake": "real", "fraud": "real", "recorded": "record", "recording": "record", "saved": "record",
    "stored": "record", "keep": "record", "kept": "record", "forgotten": "forgot", "remember": "forgot", "mobile": "number",
    "outfit": "firm", "proportion": "fee", "percent": "fee", "gripe": "complain", "grievance": "complain", "moan": "complain",
    "swap": "switch", "docs": "paperwork", "quid": "money", "sum": "amount", "wiped": "delete", "erased": "delete",
    "commenced": "start", "commence": "start", "begin": "start", "hours": "open", "opening": "open", "weekend": "open",
    "weekends": "open",
}  # fmt: skip


def features(text: str) -> list[str]:
    """Content words, stemmed and with their synonyms made one, and neighbouring pairs of them."""
    said = [_TYPED.get(w, w) for w in map(_bare, _WORD.findall(normalise(text).text))]
    words = [_stem(w) for w in said if w not in _NOISE and w not in _ASKING]
    if not words:
        words = [w for w in said if w in _LAST_RESORT]
    words += [f"{w} ?" for w in said if w in _ASKING or w in _WEAK]
    pairs = [f"{a} {b}" for a, b in pairwise(said) if not (a in _NOISE and b in _NOISE)]
    return [*words, *pairs]


def _bare(word: str) -> str:
    """The word without what an apostrophe ties to it: "what's" and "whats" ask what "what is" asks."""
    head, _, tail = word.partition("'")
    if tail in ("s", "re", "ve", "ll", "d", "m"):
        return head
    return word.removesuffix("s") if word in ("whats", "wheres", "whens", "hows", "whos") else head + tail


def _stem(word: str) -> str:
    if word in _SAME:
        return _SAME[word]
    for ending in (
        "ations",
        "ation",
        "ings",
        "ing",
        "edly",
        "ies",
        "ied",
        "ed",
        "es",
        "ly",
        "s",
        "e",
    ):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            word = word[: -len(ending)]
            break
    return _SAME.get(word, word)
