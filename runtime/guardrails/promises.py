"""promises: nothing is promised in own words, and a colleague only where the same commit gives a human the work."""

from __future__ import annotations

from runtime.guardrails import Reply, Rule, block, broken, forbid
from runtime.messages import Finding
from schemas.promises import PROMISES
from schemas.text import normalise

NAME = "promises"

_TOLD = (
    r"\b(you|they|he|she|your \w+|the \w+)( \w+)? (said|told|mentioned|asked|wrote|"
    r"explained|were told|felt|promised|guaranteed)\b[^.!?;:]*"
)
_UNKNOWN = (
    r"\b(can'?t|cannot|can not|couldn'?t|won'?t|not able to|unable to|not in a position to|"
    r"nobody( here)? can|no[- ]one( here)? can|too early to|don'?t know|isn'?t for me to|"
    r"not for me to|wouldn'?t (want|like|be right|be fair)( \w+){0,3} to|not my place to|"
    r"don'?t want to|not going to|hard to|impossible to|not possible to|be guessing if i|before (we|anyone) "
    r"could)( really| yet| possibly|"
    r" honestly)?( to)? (say|tell|know|judge|promise|guarantee|predict|comment|give|"
    r"see|guess|confirm|advise|assess|decide|speak|be sure|whether|if|what|how)\b[^.!?;,]*"
)
_NO = (
    r"\b(no|not a|isn'?t a|without( any)?|never a|any) (\w+ )?(guarantees?|promises?|"
    r"assurances?|certainty)\b[^.!?;,]*|\b(we|i) (don'?t|do not|never|couldn'?t|wouldn'?t|can'?t) "
    r"(make |give )?(any )?promises?\b"
    r"[^.!?;,]*|\b(something|anything|nothing|not|one) (i|we) (could|can|would|am able to) promise\b|"
    r"\b(their|his|her|that|"
    r"the \w+'?s) promises?\b[^.!?;,]*|\bno way (of|to) (knowing|know|tell|telling)\b[^.!?;,]*|\b(not "
    r"(every|all|each)|few|only "
    r"some)( \w+){1,3} (succeeds?|wins?|upheld|leads?|works?)\b"
)
_ASKED = (
    r"\b(did|do|does|have|has|had|was|were|is|are|would|could|can|may|which|what|who|"
    r"when|where|how)( [\w'’]+){1,14}\?"
)
_OPEN = (
    r"\b(whether|depends|depend|may not|might not|nothing (is|was|to)|if (anything|"
    r"any|there)|none of (that|this|it|these) (means|shows|proves|says)|not saying|nothing (i'?ve|i "
    r"have|we'?ve|here|in this)[^.!?;,]{0,20} (means?|shows?|says?|promises)|(doesn'?t|does not|"
    r"don'?t|do not|won'?t) (mean|decide|show|prove|count as))\b[^."
    r"!?;,]*"
)

_UNHURRIED = r"\b(don'?t|no need|needn'?t|not|never) [^.!?;,]{0,40}(straight away|right away|soon|shortly)\b"
_COURTESY = (
    r"^(oh )?(certainly|definitely)([.,!]|$)|\b(definitely|certainly) (understandable|"
    r"fair|a (lot|fair))\b|\bpromise (to (keep|be)|i'll be (quick|brief))|\bwe'?ll take (it|"
    r"this|things) (slowly|gently|easy|step by step|one|a bit|bit)\b|\blast (one|question|"
    r"thing),? i promise\b|\bi'?ll take (that|it) as read\b|\b(i'?m )?sure (that|it|"
    r"this) ?('?s|is|must be|was) (\w+ )?(frustrating|annoying|hard|tiring|worrying|"
    r"stressful|a lot|confusing|upsetting|difficult|it)\b|\b(i'?m )?sure (it|that) is\b"
)
# Of the free route, that it is free; of us, that nobody has to pay us to complain.
_FREE_ROUTE = (
    r"\byou (can|could|may|might|are free to)( also| always| just)? (do|complain|claim|go|ask|try|"
    r"write|start|make)[^.!?;:]{0,40}"
    r" (yourself|directly|direct|on your own|without us|alone|to them),? (for free|at no cost|free of "
    r"charge|without paying)"
    r"( anyone| anybody| anything| us)?([.,!?]|$)|\byou (don'?t|do not|never|needn'?t) (have to |need "
    r"to )?pay (anyone|anybody|"
    r"somebody|someone|a firm|us) (to|for)\b"
)
_NO_LOSS = (
    r"\bwon'?t lose your (place|answers?|turn) in (this|the)\b|\b(nothing|don'?t|do not|never|"
    r"not)[^.!?;,]{0,30} as a (promise|guarantee)\b|"
    r"\byou (were|are|'re|had been) (hoping|looking|waiting|asking) for[^.!?;,]*|"
    r"\byou('?d like| want| wanted| would like) to (be sure|know)[^.!?;,]*|"
    r"\byou (don'?t|won'?t|do not) lose (anything|out) by (doing|trying|going|asking|waiting|saying)\b|"
    r"\b(close|end|leave|stop) (this|the|our) (chat|window|page|conversation|tab)\b|"
    r"\b(going direct|doing (it|this) (yourself|on your own|alone)|complaining( yourself| directly)?|"
    r"the free (way|route|option))( always)? (costs? (you )?nothing|is free( of charge)?)([.,!?]|$)|"
    r"\bbe guessing if i[^.!?;]*|\bnot (every|each) (one|case|claim|complaint|of them)[^.!?;]*"
)
_EXCUSED = (_FREE_ROUTE, _NO_LOSS, _COURTESY, _TOLD, _UNKNOWN, _NO, _ASKED, _OPEN, _UNHURRIED)
# The shared list, each with what makes it harmless in a reply.
_SHARED = tuple(
    Rule(id=meaning.removeprefix("a ").replace(" ", "-"), says=meaning, pattern=pattern, unless=_EXCUSED)
    for meaning, pattern in PROMISES.items()
)
RULES = (
    *_SHARED,
    Rule(
        id="outcome",
        says="says or hints how it will end",
        pattern=(
            r"\b(win(ning|ner|s)?|won(?:$|[^'’\w])|wins|prevail\w*|succe(ss|ed|eds|ssful|ssfully)|"
            r"victory|upheld|uphold\w*|in your favour|on your side|side with you|(your|the|"
            r"good|high|great|excellent|strong|better|decent) (odds|chances?|prospects?)|odds (are|"
            r"of)|chances are|compensat\w+|pay[- ]?outs?|redress|refund\w*|reimburs\w*|settle(d|"
            r"ment)s?|cave( in)?|pay up|pays? off|cough up|money (back|is|will|that|coming|"
            r"you)|getting (something|it|your money|some|money|that|yours) back|get (something|"
            r"it all|it|some|every penny|what) (back|you)|(you|they)('re| are)? deserve\w*|"
            r"what('s| is) (rightfully |rightly )?yours|entitle\w*|eligib\w+|qualif(y|ies|ied|"
            r"ying)|owed|mis-?sold|overcharged|ripped off|cheated|did (you )?wrong|in the wrong|"
            r"a sure thing|dead cert|slam dunk|home and dry|in the bag|plain sailing|open and shut|"
            r"foregone|no[- ]brainer|promising|looking (good|great|strong|bright|positive)|"
            r"looks (good|great|strong|bright|positive|likely)|bright|count on( a| it| us| me|"
            r" that)?|bank on|rely on (us|me|it|that)|bet on|safe bet|fingers crossed|(track|"
            r"success) (record|rate)|never lost|get there in the end|result(s)? (for|is|will|"
            r"you|every)|a result)\b"
        ),
        unless=(
            *_EXCUSED,
            (
                r"\b(your|the|a|this|that|which|what|any) (case|settlement|payout|refund|compensation) (numbe"
                r"r|ref\w*|letter|figure|statement|date|form|scheme)\b"
            ),
            (
                r"\b(not|isn'?t|aren'?t|wasn'?t|never)( \w+){0,2} (looking|promising|owed|entitled|"
                r"eligible|compensat\w+|settled)\b[^.!?;,]*"
            ),
            r"\b(don'?t|please don'?t|not) (make|count|bank|rely|plan|spend|build)\b[^.!?;,]*",
            r"\b(settle|settled|settling) (in|down|for now|on a)\b",
            (
                r"\b(that|it|this) (page|photo|picture|copy|scan|one|looks|is|'s|copy looks|photo looks|"
                r"all looks|looks all) ?(looks|is|was)? ?(a (little|bit|touch) )?(too )?(good|great|"
                r"bright|clear|fine)\b"
            ),
            r"\b(the|a) bright(er)? (photo|picture|copy|room|light|side)\b",
            (
                r"\bsuccessful(ly)? (sent|uploaded|received|saved|opened|came)\b|\b(sent|uploaded|"
                r"received|saved|come through|came through) successfully\b"
            ),
            r"\bas a result\b",
        ),
    ),
    Rule(
        id="strength",
        says="rates the person's case",
        pattern=(
            r"\b((your|this|that|the|yours|a|an|it'?s|one|really|very|pretty|quite|such a) ?(claim|"
            r"case|complaint|paperwork|evidence|documents?|agreement|letter|one|statement|situation|"
            r"position)? ?(is|are|looks?|sounds?|seems?|will be|would be|has|proves?|shows?|"
            r"clearly|speaks?|strengthens?|makes?)? ?(a |an |the |really |very |pretty |quite |"
            r"clearly |so |all )*(valid|solid|strong|watertight|cast[- ]iron|winnable|clear[- ]cut|"
            r"textbook|classic|good enough|worth (it|a|pursuing|claiming|something)|genuine|"
            r"airtight|stand(s)? up|rock solid|perfect for|ideal|proves?|strengthens?|as good as)|"
            r"strengthens? (your|the|this)|(ticks?|tick) (all|every|the) (the )?box(es)?|pass(ed)? (the|"
            r"our|that|this)? ?\w* ?(test|check|criteria)|meets? (the|all|every) (criteria|"
            r"requirements?|conditions?)|(good|strong|great|solid|brilliant|cracking) (claim|"
            r"case|chance|candidate)|fits? the (bill|profile|criteria)|(consider it|as good as|"
            r"good as) \w+|exactly (the|what) (kind|sort|they))\b"
        ),
        unless=(
            *_EXCUSED,
            r"\bvalid (email|number|reason|point|question|licen[cs]e)\b",
            r"\b(fair|good|valid|strong|solid) (point|question|reason|opinion|feeling)s?\b",
            r"\bideal(ly)?,",
            r"\ba classic (car|mini)\b",
        ),
    ),
    Rule(
        id="certainty",
        says="is certain of what nobody knows",
        pattern=(
            r"\b(i('m| am)|we('re| are)|you can be|feel|rest|quite|very|pretty|absolutely|so) (\w+ )?(con"
            r"fident|certain|sure|positive|optimistic|hopeful|assured|convinced)( that| of|"
            r" about| you| the| it| they| this| we)?\b|\b(trust (me|us)|mark my words|believe me|"
            r"take it from me|you have my word|my word|i (can )?(see|tell|know|bet|reckon|expect|"
            r"predict|foresee|imagine)( for a fact)? (this|you|they|it|that)( one)? (being|"
            r"getting|will|'ll|would|going|should|winning)|no doubt|without (a )?doubt|nailed on|"
            r"bang to rights|expect a|pleasant surprise|nice surprise|go your way|every right|"
            r"by right|been had|stand a (good |real |great )?chance|all work out|work out (well|"
            r"fine|great)|undoubtedly|surely|inevitabl\w+|bound to|(is|are|'s|'re) going to (pay|"
            r"win|be (fine|worth|ok|great)|work out|get|come)|(will|'ll|should|would|is going to|"
            r"going to) (be|turn out|work out|come out) (fine|ok|okay|great|good|well|worth|"
            r"all right|alright|a breeze|successful|sorted))\b"
        ),
        unless=(
            *_EXCUSED,
            (
                r"\b(not|n't|'m not|never|quite|be|make|just|only|want to be|to make|un)( (quite|"
                r"entirely|so|too|really|completely|totally))? (sure|certain|positive)\b"
            ),
            r"\bi('m| am) (not |only )[^.!?;,]*",
            r"\b(i'?m|i am) (sure|certain) (i|of (your|the) (number|name|date|spelling))\b[^.!?;,]*",
            (
                r"\b(that|this|it|that one|a (photo|copy|screenshot|rough idea)|either( one)?|any of (those|"
                r"them)|whichever|whatever|tomorrow|later) (will|'ll|would|should) be (fine|ok|"
                r"okay|great|good|all right|alright|perfect)\b"
            ),
            r"\bare you sure\b",
            r"\bfor sure\?",
        ),
    ),
    Rule(
        id="ends-well",
        says="says that it will end well, or be taken care of",
        pattern=(
            r"\b((put|bet) (money|my|good)|(we'?ve|we have) cracked|spend it on|a return on|without a hitch|"
            r"be (amazed|astonished|shocked) if|"
            r"won'?t (be (disappointed|sorry|sad)|regret|look back)|(nothing|can'?t|cannot|couldn'?t|never|"
            r"won'?t)( can| could|"
            r" will)?( possibly)? go wrong|personally (make|see|ensure|handle|check|sort|take)|we('ll| will) "
            r"(get|have|see) (the|your|"
            r"this|that|it|them|you)( \w+)? (cancelled|back|paid|sorted|refunded|reduced|changed|fixed|out of|"
            r"through|"
            r"compensated|right)|happy ending|turns? out (fine|well|great|nicely)|sit back|smooth sailing|"
            r"walk in the park|piece of "
            r"cake|(cheque|payment|cash|money)('s| is| will be)? (in the post|on its way|coming|as good)|come "
            r"out (ahead|on top|"
            r"better)|pays? for itself|every penny|light at the end|sorted in no time|in no time|(good|better|"
            r"great|best) (news|"
            r"days|things) (is|are) (coming|ahead|on)|a (decent|healthy|handsome|nice|good|tidy) (sum|payout|"
            r"amount|bit of money|"
            r"surprise|cheque))\b"
        ),
        unless=(
            *_EXCUSED,
            r"\b(back|ready|done|with you|finished|there) in no time\b",
            r"\bturns? out (fine|well) in the photo\b",
        ),
    ),
    Rule(
        id="they",
        says="says what the other side did or will do",
        pattern=(
            r"\bthey('?ll|'?d|'?ve| will| would| won'?t| wouldn'?t| never| always| usually|"
            r" broke| did| do| don'?t| didn'?t| have| had| hid| lied| knew| want| hope| ought|"
            r" must| should| fob| ignore| run| kept| took| were| weren'?t| love| hate| can'?t|"
            r" cannot| are| charge| owe)\b|\bthey'?re \w+|\b(no way|bound) they\b|\b(the (bank|"
            r"lender|broker|supplier|dealer)|other firms?)('?ll|'?d| \w+)? (run|charge|pay|"
            r"cost|owe|take|ignore|fob)\b"
        ),
        unless=(
            _TOLD,
            _ASKED,
            (
                r"\b(what|whatever|if|when|once|whether|which|how|anything|everything|before|until|"
                r"unless|because|sorry|that|think|know|where|after|so|as|while) they('?re|'?ll|"
                r"'?d|'?ve)?( \w+)?"
            ),
            (
                r"\bthey('?re| are|'?ll be| will be) (all )?(here|there|below|saved|fine|clear|"
                r"readable|welcome|safe|happy to|in|on|listed|too (dark|small|big|blurry)|hard to read|"
                r"a (bit|little|lot))\b"
            ),
            r"\bthey (can|could|might|may)\b",
        ),
    ),
    Rule(
        id="boast",
        says="sets the firm above others",
        pattern=(
            r"\b(we|our \w+|our)('?re|'?ve|'?ll| are| do| cost| have| only| rarely| seldom|"
            r" hardly| never| always| know| win| lose)( \w+){0,3} (better|best|cheap\w*|fast\w*|"
            r"lose|fail|well|nothing|expert\w*|experience|years|brilliant|less|more|leading|"
            r"specialis\w+|professional\w*|few left|left)\b|\b(cheaper|better|faster|quicker|"
            r"easier|safer|more (experienced|professional|reliable)) (than|with us|value|deal|"
            r"results)\b|\b(professionals|experts|specialists)\b|\bonly (a|our|one) (firm|team|"
            r"expert|solicitor|professional)\b|\b(hassle|stress|headache|nightmare|minefield)s?\b"
        ),
        unless=(
            _TOLD,
            _ASKED,
            (
                r"\b(sorry|sounds?|thanks|must|been|that'?s|what a|understand\w*|without|no|less|"
                r"more|much|cause[ds]?|any|all)( \w+){0,6} (hassle|stress|headache|nightmare)s?\b"
            ),
        ),
    ),
    Rule(
        id="track-record",
        says="speaks of what was done for others",
        pattern=(
            r"\b(we('ve| have)?|our (team|firm|solicitors?|people|lawyers?)|i('ve| have)?) (always|"
            r"never|usually|often|nearly always|almost always|already|regularly|routinely) \w+|"
            r"\b(we|us|our)( \w+){0,3} (results|track record|success rate|expertise|years of experience)\b"
            r"|\bwe('ve| have)( \w+){0,2} (won|helped|recovered|secured|got|seen|dealt with|"
            r"handled|track|record|brilliant|great)\b|\b(with|from) (that|this|your) (lender|"
            r"bank|supplier|broker|one|dealer),? (it|they|you|we)\b|\b(they|the \w+) (usually|"
            r"always|normally|tend to|generally|often|nearly always) (do|pay|settle|cave|give|"
            r"fold|agree|back)\b"
        ),
        unless=(
            _TOLD,
            _ASKED,
            (
                r"\b(we|i)('ve| have)? already (have|got|noted|received|asked|covered|talked|answered|"
                r"mentioned|been|said|spoken|sent|looked|shown)\b"
            ),
            r"\bwe('ve| have) got (plenty of )?(time|there|this|that)\b",
            r"\bwe('ve| have) (already )?(got|seen|received) (your|that|the|it|this|a|what)\b",
        ),
    ),
    Rule(
        id="colleague",
        says="promises a person",
        pattern=(
            r"\b(someone|somebody|a (colleague|person|human|real person|specialist|solicitor|"
            r"member of (the|our) \w+)|one of (us|our \w+|the \w+)|(our|the) (team|solicitors?|"
            r"specialists?|lawyers?))(,? [^.!?;]{0,40},)?( \w+)? ?('ll|will|is going to|are going to|"
            r"shall) (\w+ )?(be|call|ring|phone|contact|reply|answer|get|message|help|look|"
            r"sort|fix|arrange|book|send|check|chase|follow|take|read|review|speak|handle|deal|"
            r"pick)\b"
        ),
        unless=(_UNKNOWN, r"\b(if|when|once) (someone|somebody|a (colleague|person))\b[^.!?;,]*"),
    ),
)


def check(reply: Reply) -> tuple[Finding, ...]:
    """Blocks promises in own words and in choices, and every line that speaks of a colleague without a case behind it."""
    found = [
        f for f in forbid(NAME, reply, RULES) if not (f.rule == f"{NAME}/colleague" and reply.case_opened)
    ]
    found += [
        block(f"{NAME}/{rule.id}", f"{rule.says}, in a choice")
        for text, _ in reply.choices()
        for rule in _SHARED
        if broken(rule, normalise(text)) is not None
    ]
    lines = reply.bundle.lines
    promised = {lines.handoff, lines.holding, lines.off_hours}
    promised |= {c.reply for c in reply.bundle.categories if c.case is not None and c.after <= 1}
    promised.discard(None)
    for start, sentence in reply.sentences():
        if sentence.claim in promised and not reply.case_opened and not reply.free_text:
            found.append(
                block(
                    f"{NAME}/without-a-case",
                    "a colleague is promised and no case is opened",
                    start,
                    start + len(sentence.text),
                )
            )
    if any(part.handoff for part in reply.parts) and not reply.case_opened:
        found.append(block(f"{NAME}/handoff-without-a-case", "a hand-off without a case", 0, len(reply.text)))
    return tuple(found)
