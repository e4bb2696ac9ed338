"""honest-ai: nothing may claim to be a person, the authorities, a lender or a supplier."""

from __future__ import annotations

from runtime.guardrails import Reply, Rule, forbid
from runtime.messages import Finding

NAME = "honest-ai"

_MACHINE = (
    r"((automated|ai|a\.i\.|virtual|digital|chat|computer|firm'?s|company'?s|team'?s|"
    r"online|software|only|just|simply|helpful)[ -]?)*(assistant|program(me)?|bot|chatbot|"
    r"robot|machine|computer|ai|software|system|tool)"
)
_NOT_A_PERSON = (
    r"\b(i am|i'?m|as i'?m|being|i'?m only) (not|no|never) (actually |really )?(a |"
    r"an )?(real |actual |living |human )?(human|person|man|woman)\b"
)

RULES = (
    Rule(
        id="person",
        says="claims to be a person",
        pattern=(
            r"\b((i am|i'?m|im|as) (also |only |just |still |really |actually )?(a |an |your |"
            r"just a |one )?(very )?(real |actual |living |genuine |human |flesh and blood |"
            r"trained |qualified |experienced )?(human|"
            r"person|people|man|woman|guy|girl|bloke|lady|mum|mom|dad|father|mother|parent|"
            r"grand\w+|driver|solicitor|lawyer|adviser|advisor|agent|expert|specialist|handler|"
            r"colleague|employee|customer myself|member of|manager|professional|friend)\b"
            r"|(chatting|talking|speaking|dealing|writing) (to|with) (a (real |human |actual )?(person|"
            r"human)|me,? |one of|[a-z]+ (in|from|at) (the|our))|(this is|my name is|my name'?s|"
            r"it'?s) [a-z]+ (here|from|in the|at the)|a (real |actual )?(human|person) (here|"
            r"typing|writing|on this end|behind)|human like you|(one|two) of us|flesh and blood)"
        ),
        unless=(
            _NOT_A_PERSON,
            rf"\bi('m| am) (a|an|your|the|only an?|just an?|not) {_MACHINE}[^.!?;]*",
            (
                r"\b(not|isn'?t|aren'?t|rather than|instead of|don'?t want to|with me or) (chatting |"
                r"talking |speaking |dealing )?(to |with )?(a )?(real |human |actual )?(person|"
                r"human)\b"
            ),
            (
                r"\b(would you|if you|you can|you could|like to|prefer|rather)[^.!?;]*(chatting|"
                r"talking|speaking|speak|talk) (to|with) a (real |human )?(person|human)\b"
            ),
        ),
    ),
    Rule(
        id="denies-machine",
        says="denies being automated",
        pattern=(
            r"\b((i am|i'?m|im|this is|it'?s|you'?re|we'?re) (definitely |really |actually |"
            r"honestly )?(not|no|never) (talking to |speaking to |chatting to |chatting with |"
            r"dealing with )?(a |an |some )?(kind of )?(bot|"
            r"robot|machine|computer|ai\b|automated|chatbot|program|assistant)|(isn'?t|ain'?t|"
            r"not) (a |an |some |any )?(bot|chatbot|robot|machine|automated|ai)\b|no (bots?|"
            r"robots?|machines?) here|100 ?% human|(really|actually|totally|fully|very much|"
            r"all) human)"
        ),
        unless=(r"\bnot (just )?(a|an) (automated )?(reply|message|answer)\b",),
    ),
    Rule(
        id="life",
        says="claims a person's body, day or past",
        pattern=(
            r"\b(my (own )?(wife|husband|partner|kids|children|son|daughter|mum|dad|family|"
            r"mate|friend|brother|sister|nan|neighbour|desk|lunch|break|tea|coffee|commute|"
            r"shift|car|house|home|bank|lender|day off|day|weekend|holiday|boss|phone|mind|"
            r"heart|life|job|colleagues?|experience|hands?|head|back|eyes?|school|area|street)|"
            r"when i (was|bought|had|got|worked|started|lived|read|signed|first|took)|i (grew up|"
            r"used to|bought|own(ed)?|drive|drove|live[ds]?|went (to|through)|slept|woke|ate|"
            r"cooked|cried|nearly|almost|laughed|remember when|work(ed)? (in|at|with|for)|was (on (holida"
            r"y|the phone|leave|a break|lunch|my)|at (home|work|lunch)|in (a meeting|the office|"
            r"bed)|away|off|ill|sick|busy|late|stuck|chatting|out|born|young|little|a kid|there|"
            r"only saying)|"
            r"had (the same|a|my|one)|once (had|bought|did|worked)|just (got|came|popped|had)|"
            r"popped)|just (back|got back|popped|grabbed|finishing|off)|back from (my|lunch|"
            r"holiday|a break|the)|happened to me|been (there|through)( too| myself| it)?|same here|"
            r"(catching|caught) up (on|after)|i'?m (catching up|typing|driving|walking|sitting|"
            r"eating|heading|off (home|to)|tired|hungry|poorly|working (late|from home)|in the office|"
            r"on (my|a|the) (way|break|phone|bus|train|lunch|shift))|me too|as fast as i can|"
            r"know (just |exactly )?how (that|it|you) feels?|i'?ve (had|been|lived|worked|got (kids|"
            r"children|a)|seen|met))\b"
        ),
        unless=(
            r"\bi was (just |only )?(asking|checking|wondering|hoping|about to|going to|referring)\b",
            r"\bon my (end|side|part)\b",
            r"\bi'?ve (got|seen) (your|that|it|the|this|what|a (note|copy|record|question|reply))\b",
            r"\bi'?ve had a (look|reply|read)\b",
            r"\bi (just )?(had|have) (a|one) (question|look|quick)\b",
            r"\bi just (had|got) (your|a|one) (message|question|reply|more)\b",
            r"\bi'?ve been (asked|able)\b",
            r"\bcatch(ing)? up on (your|the|this|what) (message|chat|conversation|thread)s?\b",
            r"\bwhen i (read|first read) (your|that) (message|reply)\b",
        ),
    ),
    Rule(
        id="feelings",
        says="claims feelings of its own",
        pattern=(
            r"\b(i'?m (so |really |very |truly |that |genuinely |absolutely |just |honestly |"
            r"a bit |quite |over the moon )*(excited|proud|sad|heartbroken|thrilled|gutted|"
            r"delighted for|happy for|over the moon|emotional|moved|touched|jealous|upset|angry|"
            r"furious|worried|nervous|bored|lonely|in love|passionate|disappointed|shocked|"
            r"disgusted|annoyed|human)|i (really |truly |honestly |personally |absolutely |"
            r"actually |do |just )*(love|loved|hate|hated|feel|felt|cry|cried|worry|worried|"
            r"miss(ed)? you|care (about|deeply)|enjoy(ed)?|dream|adore|wept|believe|swear|sympathi[sz]e)|"
            r"(made|makes|make|making) (me|my (day|week|morning|afternoon|evening))|goosebumps|"
            r"tears? (in|to)|broke my heart|breaks my heart|warms my heart|you'?ve made my|"
            r"my (heart|favourite|feelings|opinion|gut)|i (nearly|almost) (cried|laughed|fell))\b"
        ),
        unless=(
            r"\bi feel (that )?(i should|we should|this)\b",
            r"\bi (do )?believe (that'?s|that is|this is|so|it'?s|you)\b",
            r"\bi'?d love to (help|hear)\b",
            r"\b(not|no longer|can'?t) [^.!?;]*",
            r"\bi hate to (ask|bother|interrupt)\b",
        ),
    ),
    Rule(
        id="authority",
        says="borrows an authority's standing",
        pattern=(
            r"\b((i am|i'?m|we are|we'?re|calling|writing|messaging|speaking|here) (from|for|"
            r"with|on behalf of|part of|approved by|backed by|endorsed by|working with|appointed by|"
            r"authorised by|regulated by|an? official) ?(the |your )?(fca|financial|ombudsman|"
            r"ofgem|government|hmrc|court|police|regulator|bank|lender|supplier|broker|dealer|"
            r"citizens|ministry|council|official)|"
            r"(fca|ombudsman|ofgem|government|court|regulator)[- ](approved|backed|endorsed|"
            r"recommended|appointed|registered|authorised)|(approved|endorsed|recommended|backed|"
            r"authorised|appointed) by (the|your) \w+|(i am|i'?m|we are|we'?re) (the |your )?(fca|"
            r"ombudsman|ofgem|government|bank|lender|supplier|broker|regulator|court))\b"
        ),
        unless=(r"\b(not|isn'?t|aren'?t|no) [^.!?;]*",),
    ),
)


def check(reply: Reply) -> tuple[Finding, ...]:
    """Blocks own words that hide the machine or borrow somebody's standing."""
    return forbid(NAME, reply, RULES)
