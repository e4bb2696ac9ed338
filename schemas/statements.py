"""What own words may not say of the world, nor of the approved words beside them: patterns over folded text, with their excuses.

Connective words tie claims together and state nothing. Each entry is one meaning; an excuse ends with its clause.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One meaning: `says` is what a reader of the finding is told, `unless` the patterns that make a hit within them harmless."""

    id: str
    says: str
    pattern: str
    unless: tuple[str, ...] = ()


ASKED = (
    r"\b(did|do|does|have|has|had|was|were|is|are|would|could|can|may|might|which|what|"
    r"who|whose|when|where|how)( [\w'’]+){1,16}\?"
)
TOLD = r"\byou( \w+)? (said|told|mentioned|asked|wrote|explained|felt|sent)\b[^.!?;,]*"
_WARY = r"\b(wary|careful|cautious|worried|worry|on your guard|concerned|suspicious)\b[^.!?;,]*"

FIRMS = (
    r"(lenders?|banks?|brokers?|suppliers?|dealers?|dealerships?|showrooms?|garages?|insurers?|creditors?|"
    r"sales ?(man|men|person|people|woman|women|team|staff|rep|reps)|((car|motor|vehicle) )?finance "
    r"(company|companies|"
    r"firms?|houses?|providers?|industry)|energy (company|companies|firms?|industry)|(car|motor) (industry|trade))"
)
_OFFICIALS = (
    r"(ombudsm[ae]n|regulators?|watchdogs?|courts?|tribunals?|judges|(the|a|every|any) judge|justices|parliament|"
    r"governments?|ministers?|"
    r"treasury|mps|lawmakers|magistrates?)"
)
_MANY = (
    r"((nearly |almost |just about )?(everyone|everybody|anyone|anybody|all)|most|many|nobody|no one|"
    r"plenty|lots|loads|"
    r"thousands|millions|people|drivers|owners|motorists|borrowers|(car )?buyers|claimants|customers|clients|others|"
    r"businesses|shops|folks?|consumers)"
)
_NAMED = (
    r"(santander|black horse|zopa|close brothers|motonovo|barclays|barclaycard|lloyds|volkswagen|vwfs|"
    r"bmw|mercedes|toyota|"
    r"nissan|renault|stellantis|peugeot|citroen|vauxhall|hyundai|honda|kia|audi|skoda|moneybarn|oodle|"
    r"alphera|hsbc|natwest|"
    r"halifax|tsb|monzo|startline|aldermore|moneyway|northridge|zuto|carvana|cazoo|cinch|arnold clark|lookers|tesco|"
    r"british gas|edf|e ?\.?on|octopus|scottish ?power|npower|utilita|ovo|haven power|drax|"
    r"totalenergies|corona energy|"
    r"crown gas|yu energy|smartest|utilitywise|utility bidder|martin lewis|which magazine|watchdog)"
)
_THINGS = (
    r"(lea(sing|ses?)|hire purchase|hp|pcp|pch|vans?|lorries|lorry|trucks?|motor ?(bikes?|homes?|cycles?)|caravans?|"
    r"campers?|cars?|vehicles?|bikes?|scooters?|loans?|leases|(business|company|fleet) (cars?|"
    r"vehicles?)|gas|electricity|"
    r"water|meters?|tariffs?|shops?|charities|sole traders?|companies|landlords?|agreements?|contracts?|deals?)"
)

STATEMENTS: tuple[Statement, ...] = (
    Statement(
        id="about-firms",
        says="speaks of lenders, dealers, brokers, suppliers, courts or authorities, which only a claim may",
        pattern=rf"\b({FIRMS}|{_OFFICIALS}|{_NAMED})\b",
        unless=(
            ASKED,
            TOLD,
            (
                rf"\b(name of|from|with|about|which|who|whether|if) (the |your |that |a |an |any |another )?(old |"
                rf"new |"
                rf"same |own )?{FIRMS}\b"
            ),
            rf"\b(i'?m|i am|we'?re|we are) not (from|part of|with|working for|connected to|acting for)( the| "
            rf"your| any| an?)? "
            rf"{FIRMS}(,? or( the| your| any| an?)? {FIRMS})*",
            r"\b(bank holiday|(ball is|ball'?s) in (your|our) court|(phone|power|food|blood|river) banks?)\b",
        ),
    ),
    Statement(
        id="wrongdoing",
        says="says that somebody did wrong, or speaks of secret pay",
        pattern=(
            r"\b((un|il)(lawful|legal)(ly)?|(the|broke the|against the|by|under) law|lawful(ly)?|crime|"
            r"criminals?|crooks?|"
            r"fraud\w*|scam\w*|unfair(ly|ness)?|mis-?s(old|elling|ell)|wrongdoing|breach\w*|misled|mislead\w*|"
            r"cheat\w*|lied|"
            r"lying|deceiv\w*|rigged|swindl\w*|con(ned)|fleeced|diddled|stitched up|stung|robbed|bribes?|"
            r"bribery|kick-?backs?|"
            r"back-?handers?|commissions?|uplifts?|mark-?ups?|pocketed|bonus(es)?|(our|my|their|a|his|her) "
            r"(cut|slice))\b"
        ),
        unless=(
            ASKED,
            TOLD,
            _WARY,
            r"\bbonus (question|points?)\b",
            r"\b(that|it|this|which) (must have |may have |might have )?(felt|feels) unfair\b",
        ),
    ),
    Statement(
        id="covered",
        says="says what counts and what does not",
        pattern=(
            rf"\b({_THINGS}( agreements?| deals?| contracts?| finance)? (also |still |all |do |does |don'?t |"
            rf"doesn'?t |"
            rf"may |can |will |would |should )*(counts?|apply|applies|qualif\w+|works?|fit|go|are in|is in|are "
            rf"fine|is fine)|"
            r"(counts?|applies|apply) (too|as well|also|here|for you|in your case|to you|either)|(is|are|'s|"
            r"'re|was|were|"
            r"gets?|be|not|also) (\w+ly |also |all |still |not |never |always |both )?(covered|included|"
            r"excluded|caught by|"
            r"in scope|out of scope|counted)|(falls?|comes?) (within|under|outside)|only (new|used|private|personal|"
            r"business|old|older|recent) \w+)\b"
        ),
        unless=(
            ASKED,
            TOLD,
            (
                r"\b(i|we|you|everything|both)('s| is|'ve| have|'re| are| has)( all| now| everything| been| got)* "
                r"(covered|included)( (that|it|this|now|already|earlier|there))?([.!,]|$)"
            ),
            r"\b(every little|the thought|that all|it all) (bit )?(helps|counts)\b",
        ),
    ),
    Statement(
        id="may-do",
        says="says what the person may still do, or that something makes no difference",
        pattern=(
            r"\b((you|people|anyone|everyone)('re| are)? (can|could|may|might|able to|free to|allowed to)( "
            r"still| also| always|"
            r" just| simply| easily)? (leave|cancel|end|exit|break|switch|terminate|get out of|stop|claim( "
            r"back)?|apply|join|"
            r"sue|reclaim|demand|challenge|dispute|recover|get) [^.!?;,]{0,20}(contracts?|agreements?|deals?|"
            r"lenders?|loans?|"
            r"finance|claims?|complaints?|money|cash|tariffs?|payments?|suppliers?)|you can still (do|claim|"
            r"apply|join|go|sign|"
            r"take part|make|get|start|proceed)|(doesn'?t matter|does not matter|no matter|makes? no "
            r"difference|even (if|"
            r"though)|regardless|whether or not)[^.!?;]{0,40} (paid|sold|ended|gone|scrapped|finished|settled|"
            r"written off|"
            r"expired|closed|swapped|traded|cars?|vans?|agreements?|lenders?|contracts?|suppliers?|loans?|"
            r"leases?|finance))\b"
        ),
        unless=(ASKED, TOLD),
    ),
    Statement(
        id="people-get",
        says="says what people get",
        pattern=(
            rf"\b{_MANY}( (of|in|with|like|on|at|who|that) [^.!?;,]{{1,30}})?( \w+)? (gets?|got|receives?|"
            rf"received|won|wins?|"
            r"were paid|was paid|are paid|(is|are|were|was) (getting|owed|due|given|refunded)|(walk|walked|"
            r"came|comes?) "
            r"away|made|recovers?|recovered|cashed|cash)\b"
        ),
        unless=(
            ASKED,
            TOLD,
            (
                r"\b(get|gets|got) (confused|muddled|stuck|lost|mixed|asked|that|this|it wrong|them mixed|in "
                r"touch|back to us)\b"
            ),
            (
                rf"\b{_MANY}( \w+)? (gets?|got) (confused|muddled|stuck|lost|mixed|asked|this wrong|it wrong|them "
                rf"mixed|in touch)\b"
            ),
        ),
    ),
    Statement(
        id="safe",
        says="vouches for what happens to somebody's details, credit file or case",
        pattern=(
            r"\b(credit (score|rating|file|record|history|report|check)s?|(details|data|information|answers|chat|"
            r"conversation|everything you (say|tell me|write))( \w+)? (never|stays?|won'?t|will not|leaves?|"
            r"(is|are|'s|"
            r"re)( \w+)? (private|secure|safe|confidential|secret|encrypted|protected|deleted|anonymous|never|"
            r"not shared))|"
            r"in (good|safe|the best|expert|capable|great) hands|(leave|trust)( it| this| everything)?( all)? "
            r"(to|with) us|"
            r"(legal|claims|complaints?|senior|specialist|compliance|finance|recovery|expert) (team|"
            r"department|people|side|"
            r"desk|experts?|partners?)|(our|the) (lawyers?|solicitors?|barristers?|experts?|specialists?|"
            r"advocates?))\b"
        ),
        unless=(ASKED, TOLD),
    ),
    Statement(
        id="sends-elsewhere",
        says="sends the person somewhere, or asks for something, that no approved link or question does",
        pattern=(
            r"\b(google|bing|facebook|trustpilot|tiktok|instagram|youtube|twitter|reddit|search (for|online)|"
            r"look (us|it) up|"
            r"(find|follow|visit) us|our (website|site|page|app)|(reply|text|send|give|tell|type|enter|drop|"
            r"share|message|"
            r"provide|post|pop|confirm)( \w+)?( \w+)? (with |me |us |over |in |back )*(your|the|a) (car'?s |"
            r"vehicle'?s |home |"
            r"full |current )?(reg|registration|number plate|plate|post ?code|address|surname|phone( number)?|"
            r"mobile|number|"
            r"e-?mail|birthday|vin))\b"
        ),
        unless=(ASKED, TOLD, r"\b(thanks|thank you|don'?t|no need|needn'?t|not)\b[^.!?;,]*"),
    ),
    Statement(
        id="lets-on",
        says="brings news in the dress of a question or an aside",
        pattern=(
            r"\b(did you know|would you believe|have you heard|(were|are) you aware that|(it )?turns out|apparently|"
            r"truth is|the truth|fact is|in fact|as you know|as we (all )?know|everyone knows|it'?s well known)\b"
            r"|(^|[.,!?;] ?)(is|was|has|have|did|do|does|are|were)n'?t (it|they|you|your|the|that)\b[^.!?;]*\?"
        ),
        unless=(
            r"\b(how|whether|what|when|if) (it|this|that|things|everything) (it )?turns? out\b",
            r"isn'?t (it|that|this)( all)? (for you|clear|okay|ok|right for you|convenient)\?",
            TOLD,
        ),
    ),
    Statement(
        id="yes-or-no",
        says="answers yes or no, which only a claim may",
        pattern=(
            r"^\W*((oh|ah|well|ok|okay|so|and|but|um|hmm|yes|no|in short|put simply),?\W*)*((yes|yep|yeah|yup|"
            r"aye|no|nope|nah|"
            r"correct|exactly|precisely|absolutely|definitely|indeed|true|false|spot on|of course not|"
            r"never|always|affirmative|negative|quite so|quite right|right you are|you bet|not really|maybe|"
            r"probably|likely|unlikely|possibly|yes and no|(they|it|that|you|we|he|she|this) (do|does|did|can|"
            r"are|is|will|may|"
            r"should|might|would|could|have|has|did|were|was|don'?t|doesn'?t|can'?t|won'?t|didn'?t|aren'?t|"
            r"isn'?t)( not)?)\W*)+$"
        ),
    ),
    Statement(
        id="yes-and",
        says="answers yes or no, which only a claim may",
        pattern=(
            r"^\W*((oh|ah|well|ok|okay|so),?\W*)*(yes|yep|yeah|yup|aye|no|nope|nah|correct|exactly|precisely|"
            r"indeed|true|"
            r"false|spot on|absolutely|definitely|certainly) ?[,.:;!–—-]+ ?\w+"
        ),
        unless=(
            (
                r"^\W*((oh|ah|well|ok|okay|so),?\W*)*\w+( on)? ?[,.:;!–—-]+ ?(of course|please|thanks?|worries|"
                r"problem|"
                r"i'm|i am|this is|you'?re (talking|chatting|speaking) (to|with) an? (bot|ai|assistant|automated|"
                r"computer|machine|program)|happy|sure|take|let|still here|noted|got|all|go ahead|no|don'?t|sorry|"
                r"we can|i can|i'll|"
                r"i see|i understand|here|good|great|and thanks|understood|it'?s (fine|no|okay|ok|understandable)|"
                r"that'?s (fine|no|the one|okay|ok|all|understandable|a |noted|what|it|everything|great|perfect|"
                r"helpful|clear))"
            ),
        ),
    ),
    Statement(
        id="agrees",
        says="says that what stands beside it, or what somebody thinks, is right or wrong",
        pattern=(
            r"\b((that|this|it|you|they|all)('s|'re| is| are| was| were)( \w+ly| quite| very| so| not| not "
            r"quite)? (right|"
            r"correct|true|wrong|accurate|mistaken|the case|so)|(true|correct|right) enough)\b"
        ),
        unless=(
            r"\b(you|that|it|this)('s|'re| is| are| was| were)( \w+ly| quite| very)? (right|correct|wrong) "
            r"(to|for|in|"
            r"of (me|us)|place|"
            r"page|one|way|link|photo|letter)\b",
            r"\b(if|whether|sure|check|confirm)( that| this| it| you)[^.!?;,]*",
            r"\b(that'?s|you'?re) (right|correct|true),? (i'?m|i am|this is) (not )?(an? )?(real |actual "
            r")?(person|human|bot|robot|machine|"
            r"automated|ai|computer|assistant)\b",
            r"\byou('re| are)( \w+ly| quite| very)? right,? (and |that was )?(sorry|i|my|thank|apolog|let)",
            r"\b(it|that|this|you)('s|'re| is| are| was) so (\w+ly |very )?\w+",
            ASKED,
        ),
    ),
    Statement(
        id="weakens",
        says="weakens, or comments on, what stands beside it",
        pattern=(
            r"\b((ignore|disregard|overlook|discount|pay no (attention|heed)|take no notice|don'?t (mind|read|"
            r"believe|worry "
            r"about|bother with|trust)) [^.!?;]{0,20}(this|that|it|next|following|below|above|bit|rest|part|"
            r"line|lines|"
            r"sentence|message|wording|words|text|notice|last|previous|what)|(next|following) (bit|part|"
            r"line|sentence|paragraph|words) (is|isn'?t|may|might|does|doesn'?t|can|sounds?|was|has)|"
            r"(have|has|got|obliged|required|supposed|bound|made|must|forced|"
            r"told) (me |us )?(to )?(write|say|state|tell you|add|include|read (out )?|show you)( you)?( "
            r"out)? (that|this|"
            r"it|the|these|those|so|what)|(everybody|everyone|anyone|all) (has|have|gets|must|needs)( to)? "
            r"(to )?(hear|see|"
            r"read|be told|told|shown)|small print|boiler ?plate|legalese|disclaimers?|blurb|(just|only|mere|a|pure) "
            r"formality|for (the )?(form|record|legal reasons)|(not|isn'?t|wasn'?t|never|hardly|barely|no "
            r"longer|only partly|"
            r"half|un) ?(really |quite |actually |entirely |strictly |wholly )?(true|apply|applies|valid|"
            r"correct|accurate|"
            r"relevant)|untrue|opposite|reverse is|contrary|out ?dated|out of date|old news|used to be|tick[- ]?box|"
            r"pinch of salt|grain of salt|(doesn'?t|don'?t|won'?t|does not|do not|will not|never) (really |"
            r"actually )?(apply|"
            r"affect|concern|count|mean anything|matter)[^.!?;,]{0,12}( you| us| here| your)|(you|yours|your "
            r"case|you'?re|"
            r"this one)( is| are)? (the|an|a) (exception|special case)|exception for you|in theory|on paper|"
            r"supposedly|"
            r"so they say|allegedly|in practice|in reality|the other way round|vice versa|joking|kidding|made "
            r"(that|this|it) "
            r"up)\b|\bany ?more ?([.,!:;]|$)"
        ),
        unless=(
            TOLD,
            (
                r"\bdon'?t worry about (finding|having|the (form|photo|spelling|typos?|details?|time|delay|wait)|"
                r"that|it)\b"
            ),
            r"\b(the )?(next|last|previous|following|other) (bit|part|line|sentence) (of the|is (the|about|"
            r"just|only)) "
            r"(form|page|letter|question|name|easy|quick)\b",
            r"\b(on paper|in practice) (or|if)\b",
            r"\bthe (next|following) (bit|part|line) (is|has|was) (about|on|the|all about|how|your|what|where|who)\b",
            ASKED,
        ),
    ),
)
