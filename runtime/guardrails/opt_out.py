"""opt-out: to somebody who has opted out there is no link and no question, and nothing stands in the way of stopping."""

from __future__ import annotations

from runtime.guardrails import Reply, Rule, block, forbid
from runtime.messages import Finding, SendClass

NAME = "opt-out"

RULES = (
    Rule(
        id="argues",
        says="argues with a stop",
        pattern=(
            r"\b((sorry|sad|shame|gutted|hate) (to|you'?re|that you'?re) (see you )?(go|going|"
            r"leave|leaving)|why (do|did|would|are) you (want(ing)? to )?(stop|leav\w+|unsubscrib\w+|"
            r"opt\w*)|(please )?(stay( with us)?|don'?t (unsubscribe|opt out|stop|leave))|are you sure yo"
            r"u want to (stop|leave|unsubscribe|opt out)|(can i|could you|may i) (ask|tell me) why you('r"
            r"e| are)? (stop|leav|unsub|opt|want to)\w*|come back (to us )?(soon|any ?time|"
            r"when)|we'?ll miss you)\b"
        ),
        unless=(
            (
                r"\b(we can|i can|you can|can|could|we'?ll|i'?ll|let'?s|happy to|to|feel free to|"
                r"welcome to|then) (always )?come back( to us)?( soon| any ?time| when)?\b"
            ),
            r"\bif you'?d like to (stay|stop)\b",
            r"\bstay (safe|well|there|on the line|where you are)\b",
            r"\bif you come back\b",
            r"\bdon'?t stop (there|me)\b",
        ),
    ),
    Rule(
        id="makes-it-hard",
        says="makes stopping harder",
        pattern=(
            r"\b(to (stop|unsubscribe|opt out)( \w+){0,3},? (you (must|should|need to|have to|"
            r"'ll need to|will need to|'d have to) )?(call|phone|ring|log in|write to|email|"
            r"go to|fill|visit|contact|pay)|(can'?t|cannot|unable to|won'?t|not able to|not possible to|"
            r"too late to) (be )?(stop|unsubscribe|opt(ed)? out|remove(d)?|take you off)|reply stop withi"
            r"n|(stopping|opting out|unsubscribing) (takes|costs|means|will|isn'?t|is not|won'?t|"
            r"could|may|can)|(only|just) stop(s)? (some|the marketing|one)|reason for (stopping|"
            r"leaving|opting))\b"
        ),
    ),
    Rule(
        id="goes-on",
        says="promises messages after a stop",
        pattern=(
            r"\b((we|i)('?ll| will|'?re going to| are going to| may| might) (still|continue to|"
            r"keep( on)?|carry on|go on|stay in) ?(message|messaging|text|texting|contact|contacting|"
            r"send|sending|touch|writing|checking|remind\w*|chas\w+)|(check(ing)? (in|back)|"
            r"follow(ing)? up|remind(ing)? you|message you|text you|nudge you|chase you) (again )?(tomorr"
            r"ow|later|next|in a|soon|daily|every|on \w+day))\b"
        ),
    ),
)


def check(reply: Reply) -> tuple[Finding, ...]:
    """Blocks a link or a question to somebody who has opted out, and own words that hinder an opt-out."""
    found = list(forbid(NAME, reply, RULES))
    if reply.opted_out and reply.send_class not in (SendClass.SAFETY, SendClass.HUMAN):
        for start, part in reply.placed():
            end = start + len(part.text)
            if part.link:
                found.append(block(f"{NAME}/link", "a link to somebody who has opted out", start, end))
            if part.asks or part.options:
                found.append(
                    block(f"{NAME}/question", "a question to somebody who has opted out", start, end)
                )
    return tuple(found)
