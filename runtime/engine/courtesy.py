"""Greetings, thanks and a bare yes or no: what people say when they ask nothing."""

from __future__ import annotations

import re
from typing import Literal

import re2

from schemas.text import normalise

Kind = Literal["greeting", "thanks", "declined", "accepted"]

_HELLO = (
    r"(hi+|hello+|hullo|hey+|hiya+|helo|howdy|ey up|hey up|morning|afternoon|evening|good (morning|afternoon|evening|day)|"
    r"greetings|yo|alright|shwmae|salaam|salam|namaste|dzien dobry|czesc|buna)"
)
_NAMED = (
    r"( (to you|there|dave|edward|all|mate|again|everyone|you|sir|madam|pal|love|team|guys|folks|friend))*"
)
_HOW = (
    r"(how are (you|u|things)( (today|doing|keeping))?|how('s| is) it going|(are )?(you|u) (ok(ay)?|alright|all right|well)|"
    r"((are |r )?(you|u)|(is )?any(one|body)) (still )?there|how do you do|hope (you are|you're|ur|u r) (well|ok(ay)?|good)|"
    r"nice to meet (you|u))"
)
_GREETING = re2.compile(rf"^({_HELLO}{_NAMED}( {_HELLO}{_NAMED})*( {_HOW}{_NAMED})?|{_HOW}{_NAMED})$")
_THANKS = re2.compile(
    r"^((ok(ay)?|great|lovely|brilliant|perfect|cool|nice one|cheers|ta|right|fine|sound|got it|understood|no worries|thx|"
    r"thank you|thankyou|thanks|many thanks|that's (great|fine|clear|lovely|perfect|helpful|brilliant|grand|all( i needed)?)|"
    r"(that|it) helps|bye|goodbye|ta ra|cya|see ya|will do|see you|take care|speak soon|much appreciated|appreciate (it|that)|"
    r"i appreciate (it|that)|you've been (very |really |so )?helpful|(very|really) helpful|much obliged|all (good|clear)|"
    r"have a (good|nice|lovely) (day|one|evening|weekend))( (so|very)? ?(much|a lot|again|mate|love|for that|"
    r"for your (help|time)|for the info|for telling me|dave|edward|you|then|bye|for now|now))* ?)+$"
)
_BARE_NO = re2.compile(
    r"(no|nah|nope|not really|no it's ok(ay)?|no that's (all|it|fine))( (mate|thank you|ta|cheers))?"
)
_BARE_YES = re2.compile(r"(yes|yeah|yep|yup|ok|okay|sure|please|yes please|please do|go on( then)?)")
_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)?")


def courtesy_of(words: str) -> Kind | None:
    """What a message is that holds a courtesy and nothing else."""
    said = " ".join(_WORD.findall(normalise(words).text))
    if _GREETING.fullmatch(said):
        return "greeting"
    if _THANKS.fullmatch(said):
        return "thanks"
    if _BARE_NO.fullmatch(said):
        return "declined"
    return "accepted" if _BARE_YES.fullmatch(said) else None
