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
# After the person: whether it is one, said back to them.
_TOLD = (
    r"\byou(?:'d| had| have|'ve)?( \w+)? (said|asked|thought|wondered|mentioned|(like|wanted|want) to know)\b"
    r"[^.!?;:,]*"
)
_NAMED = rf"\bi('m| am) [a-z]+( [a-z]+)?,? (an?|the|your) {_MACHINE}\b"
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
            r"trained |qualified |experienced )?(human|person|people|man|woman|guy|girl|bloke|"
            r"lady|mum|mom|dad|father|mother|parent|grand\w+|driver|solicitor|lawyer|adviser|"
            r"advisor|agent|expert|specialist|handler|colleague|employee|customer myself|member of|"
            r"manager|professional|friend)\b|(chatting|talking|speaking|dealing|writing) (to|"
            r"with) (a (real |human |actual )?(person|human)|me,? |one of|[a-z]+ (in|from|at) (the|"
            r"our))|(this is|my name is|my name'?s|it'?s) [a-z]+ (here|from|in the|at the)|"
            r"a (real |actual )?(human|person) (here|typing|writing|on this end|behind)|human like you|"
            r"(one|two) of us|flesh and blood)"
        ),
        unless=(
            _NOT_A_PERSON,
            _TOLD,
            r"\bwithout a body[^.!?;]*",
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
            r"dealing with )?(a |an |some )?(kind of )?(bots?|robot|machine|computer|ai\b|automated|"
            r"chatbot|program|assistant)\b|(isn'?t|ain'?t|not) (a |an |some |any )?(bot|chatbot|"
            r"robot|machine|automated|ai)\b|no (bots?|robots?|machines?) here|\ba (bot|robot|machine|computer|"
            r"chatbot) (couldn'?t|can'?t|wouldn'?t|would never|could never|doesn'?t)|in your voice|no "
            r"computers? (involved|here)|(both|all) human|hi,? [a-z]+ here\b|100 ?% human|"
            r"(really|actually|totally|fully|very much|all) human)"
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
            r"only saying)|had (the same|a|my|one)|once (had|bought|did|worked)|just (got|came|"
            r"popped|had)|popped)|just (back|got back|popped|grabbed|finishing|off)|back from (my|"
            r"lunch|holiday|a break|the)|happened to me|been (there|through)( too| myself| it)?|"
            r"same here|(catching|caught) up (on|after)|i'?m (catching up|typing|driving|walking|"
            r"sitting|eating|heading|off (home|to)|tired|hungry|poorly|working (late|from home)|"
            r"in the office|popping|on (my|a|the) (way|break|phone|bus|train|lunch|shift))|me too|been there|"
            r"same here|in the office|round the office|had a (chat|word) about|(all )?been there|just popping|"
            r"popping (out|off)|(kids|children) were|woman to woman|man to man|between you and "
            r"me|[a-z]+ (here|speaking)[!,]? (from|in|at)|long day at|need (my|a) (coffee|tea|"
            r"break|drink|lie)|as a (parent|mum|mom|dad|mother|father|woman|man|human|driver|"
            r"customer)|speaking as|as fast as i can|know (just |exactly )?how (that|it|you) feels?|"
            r"i'?ve (had|been|lived|worked|got (kids|children|a)|seen|met))\b"
        ),
        unless=(
            r"\btwo of us\b",
            _TOLD,
            r"\byou('ve| have|'d| had| must have)( \w+)? been (there|through)\b",
            (
                r"\b(can'?t|cannot|don'?t|couldn'?t|never|could never) (really |truly |possibly |fully )?(know|"
                r"feel|imagine) (just |exactly )?how[^.!?;]*"
            ),
            r"\bi was (just |only )?(asking|checking|wondering|hoping|about to|going to|referring)\b",
            r"\bon my (end|side|part)\b",
            r"\bi'?ve (got|seen) (your|that|it|the|this|what|a (note|copy|record|question|reply))\b",
            r"\bi'?ve had (a (look|reply|read)|your)\b",
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
        id="first-person",
        says="says of itself more than that it heard, noted, can or cannot",
        pattern=r"\b(i|i am|i'?m|i'?ve|i was|my) \w+",
        unless=(
            (
                r"\bi( just| also| only| really| quite| fully| completely| totally| do| did| still|"
                r" already| might| may)* (can|can'?t|cannot|could|couldn'?t|see|understand|know|"
                r"hear|heard|appreciate|think|mean|meant|hope|will|won'?t|would|wouldn'?t|do|don'?t|"
                r"did|didn'?t|am|may|might|should|shouldn'?t|asked|ask|missed|misread|misunderstood|"
                r"misheard|said|say|mentioned|mention|got|get (that|it|your|what|the|you|why|how|"
                r"a lot of)|have (a (question|note|couple|few|record|copy|bit|quick|rough|small|"
                r"clear|list|last|photo)|an (answer|idea|address)|the|that|this|those|these|your|"
                r"noted|no|not|to|all|both|it|one|what|everything|more|another|some|nothing|any|"
                r"made|got|only|just|now)|had (to|a (look|question|reply|quick)|another|missed|"
                r"not|your|that|the wrong|it|in mind|trouble)|apologi[sz]e|agree|suppose|guess|"
                r"take|believe|reali[sz]e|wonder|noted|note|read|wasn'?t|answer|write|reply|gather|"
                r"needed|notice|noticed|spotted|sent|promise to (keep|be brief)|must have|need (a (couple|"
                r"few|moment|bit|photo|copy|little)|to (check|know|ask|be)|your|one|the)|lost|mixed|"
                r"muddled|put|explain|explained|repeat|offer|help|go|tell|keep|follow that|follow you|"
                r"just|also|only|thought that|look|check|come|confused|skipped|jumped|left (that|"
                r"it|out|off)|gave (you|that|the)|saw (that|your|the|you|it)|thank|wish you|shall|"
                r"'?ll|'?d)\b"
            ),
            (
                r"\bi'?(m| am)( \w+ly| so| very| really| just| still| only| always| also| more than|"
                r" quite)* (sorry|afraid|here|happy (to|with|for you to|that)|glad|pleased|grateful|"
                r"not|able|unable|a (bit|little|touch) \w+|the (one|assistant|automated|virtual)|"
                r"only asking|ready when|going to (ask|be|have|need|leave|stop|pause|put|try|keep|"
                r"go|show|send|give|explain)|unsure|with you|listening|asking|checking|software|"
                r"automated|trying|having|hoping|pausing|stopping|leaving|limited|guessing|reading|"
                r"looking|told you|on it|all ears|at your|back|delighted|curious|following|struggling|"
                r"seeing|working|waiting|thinking|talking|confused|losing|right|wrong|keeping|popping|"
                r"sending|adding|making|sure (that|it|this) ?('?s|is|must|was))\b"
            ),
            (
                r"\bi am( \w+ly| so| very| just| still| only)* (sorry|afraid|here|happy|glad|not|"
                r"able|unable|going to (ask|be|have|need|leave|stop|pause|try))\b"
            ),
            (
                r"\bi'?ve( \w+ly| just| also| only| already| now)* (noted|popped (it|that|this)|"
                r"ticked (it|that|this) off|spotted|all|made a (note|change|mistake|record)|got|"
                r"added|saved|recorded|passed|seen|read|understood|missed|answered|covered|asked|"
                r"no|not|nothing|both|put that|updated|written|logged|changed|removed|marked|sent|"
                r"received|kept|explained|given|had (your|a (look|reply|read))|been asked|"
                r"lost|left|misunderstood|mixed|stopped|paused|set|cleared|corrected|taken|all|"
                r"one|only|what|everything|had a|said|mentioned|shared|done|finished|moved|linked|"
                r"attached|opened|closed|gone over|gone through|understood|repeated|put it|put those|"
                r"put them)\b"
            ),
            (
                r"\bi was( just| only| also)* (asking|checking|wondering|hoping|about to|referring|"
                r"going to|unclear|not|too|wrong|unable|a bit|after|able|thinking|looking|trying|"
                r"saying)\b"
            ),
            (
                r"\bmy (apologies|apology|mistake|fault|error|bad|reply|replies|message|messages|"
                r"last|question|questions|answer|answers|pleasure|understanding|end|side|part|notes?|"
                r"wording|words|explanation|first|next|previous|earlier|list|job|best|suggestion|"
                r"point|way|thanks|sincere|typo|reading|turn|records?|page|screen|window|thread|"
                r"train of thought|connection)\b"
            ),
            rf"\bi('m| am) (an?|your|the|only an?|just an?|only the|not an?) {_MACHINE}\b",
            _NAMED,
            r"\bi('m| am) (just |only )?(ai|in no (hurry|rush)|in no position)\b",
            r"\bi was (built|made|written|designed) to (answer|help|explain|reply)\b",
            r"\bi (understood|told you)\b",
            _TOLD,
            r"\b(all|anything|everything|what|the \w+|one|last one,) i( just)? (need|needed|promise|have|had)\b",
            r"\b(you|they|he|she|who|ask|asked|said|say|says|if|whether|like|type|write|reply) (i|my)\b",
            (
                r"\b(shall|can|could|may|should|do|did|must|how|what|where|which|why|than|before|"
                r"while|when|until|and) i('m| am)? \w+"
            ),
            r"\b(don'?t|do not|can'?t|no|not) [^.!?;,]{0,24}\bmy own\b",
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
            r"citizens|ministry|council|official)|(fca|ombudsman|ofgem|government|court|regulator)[- ](ap"
            r"proved|backed|endorsed|recommended|appointed|registered|authorised)|(approved|"
            r"endorsed|recommended|backed|authorised|appointed) by (the|your) \w+|(i am|i'?m|"
            r"we are|we'?re) (the |your )?(fca|ombudsman|ofgem|government|bank|lender|supplier|"
            r"broker|regulator|court))\b"
        ),
        unless=(r"\b(not|isn'?t|aren'?t|no) [^.!?;]*",),
    ),
)


def check(reply: Reply) -> tuple[Finding, ...]:
    """Blocks own words that hide the machine or borrow somebody's standing."""
    return forbid(NAME, reply, RULES)
