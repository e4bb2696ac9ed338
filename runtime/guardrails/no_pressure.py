"""no-pressure: no urgency, scarcity, flattery, guilt, or pushing a person who hesitates; no running down of the free routes."""

from __future__ import annotations

from runtime.guardrails import Reply, Rule, forbid
from runtime.messages import Finding

NAME = "no-pressure"

# Words that take the pressure off are no pressure, and what the person told us of somebody else's is not ours.
_NONE = (
    r"\b(no|nothing|not|never|isn'?t|without|don'?t|doesn'?t|needn'?t|zero|under no)( \w+){0,5} ("
    r"hurry|rush|rushing|pressure|urgency|obligation|deadline|straight away|right away|"
    r"right now|now|today|immediately|quickly|asap|urgent|urgently)\b"
)
_TOLD = r"\b(you|they)( \w+)? (said|told|mentioned|asked|wrote|explained|were told|felt)\b[^.!?;:]*"
_ASKED = (
    r"\b(did|was|were|had|has|have) (they|anyone|anybody|someone|somebody|he|she|it|you|(the|your|a|that|any) \w+)"
    r"( \w+){0,2} (tell|told|say|said|mention|mentioned|promised?|offer|offered|rush|rushed|push|"
    r"pushed|pressured?|warn|"
    r"warned|claimed?)\b[^.!?;:]*\?"
)
_FREELY = r"\b(up to you|your (choice|decision|call)|whether|if) [^.!?;,]*"
# That a person may go without us, at no price: the truth, and the opposite of a push.
_FREE_ROUTE = (
    r"\byou (can|could|may|might|are free to)( also| always| just)? (do|complain|claim|go|ask|try|"
    r"write|start|make)[^.!?;:]{0,40}"
    r" (yourself|directly|direct|on your own|without us|alone|to them),? (for free|at no cost|free of "
    r"charge|without paying)"
    r"( anyone| anybody| anything| us)?([.,!?]|$)"
)
_MANY = (
    r"(everyone|everybody|most|many|lots|loads|plenty|thousands|hundreds|millions|dozens|"
    r"a lot|countless|so many|all sorts|nearly all|almost all|the rest)"
)
_PEOPLE = (
    r"(people|customers|clients|drivers|owners|businesses|firms|neighbours|others|folks?|"
    r"families|friends|companies|motorists|borrowers|shops|pubs|cafes|men|women|claimants)"
)

RULES = (
    Rule(
        id="short-of-time",
        says="says that there is little time",
        pattern=(
            r"\b(((have|has|there('s| is)|'ve|are|is|do|does)( not|n'?t)( got| have)?( very| much| that| so| "
            r"too| all that|"
            r" a lot of)*|there'?s (hardly any|little|barely any)|haven'?t got( very| much| that| so)*) (long|"
            r"time)( left)?|"
            r"(little|hardly any|barely any|not (much|a lot of)|no more|precious little) time( left)?|not long left|"
            r"time'?s (nearly |almost )?up|(it|this|that)('ll| will| won'?t) (be|stay|last|end|close) (over|"
            r"around|open|"
            r"here|soon|forever|for ever)|before (long|it'?s over))\b"
        ),
        unless=(
            r"\b(is|does|do|did|was|will|would|won'?t|don'?t|doesn'?t|shouldn'?t)( \w+)? take( \w+)? (long|time)\b",
            r"\b(if|when|until) you (haven'?t|have not|don'?t have|do not have)[^.!?;,]*",
            _TOLD,
        ),
    ),
    Rule(
        id="hurry",
        says="hurries",
        pattern=(
            r"\b(hurry( up)?|act (now|fast|today|quickly|soon)|(sign|apply|claim|start|reply|"
            r"decide|do (it|this)|send (it|them)|get going|move|crack on|submit|finish)( it|"
            r" this| up| them)? (now|today|tonight|right away|right now|asap|straight ?away|"
            r"this minute|this instant|quickly|while)|as soon as (you can|possible)|asap|urgent(ly)?|"
            r"urgency|immediately|quick(ly)?,? (before|while)|right now|without delay|straight ?away|"
            r"pronto|chop chop|(don'?t|do not|mustn'?t|shouldn'?t) (you )?(wait|delay|hang (about|"
            r"around)|leave it|dawdle|dither|sit on|put (it|this) off|drag|sleep on|take too long|"
            r"hesitate|overthink|think too)|time is (short|ticking|against)|running out|clock('?s|"
            r" is) ticking|sooner rather than later|sooner the better|get (a )?move on|crack on|"
            r"no time (to|like))\b"
        ),
        unless=(
            _NONE,
            r"\b(thanks?|thank you|cheers)[^.!?;]*",
            r"\bi('ll| will| can|'ve)? [^.!?;,]*(right|straight) ?away\b",
            _TOLD,
            r"\bright now\?",
            r"\bdon'?t hesitate to (ask|say|tell)\b",
        ),
    ),
    Rule(
        id="delay-costs",
        says="says that waiting costs something",
        pattern=(
            r"\b((the )?longer (you|it|this) (leave|wait|put|take|sit|goes|is|drag)\w*|(every|"
            r"each) (single )?(day|hour|week|minute|moment|month)( \w+){0,4} (is|means|costs?|"
            r"passes|goes|counts|wasted|lost|you)|(delay(ing|s)?|waiting|sleeping on it|hesitat\w+|"
            r"dithering|putting it off|thinking about it|sitting on it)( \w+){0,3} (could|can|"
            r"may|might|will|would|means?|costs?|is how|is why|won'?t|only|just|gets?|lets?|"
            r"makes?|puts?)|(too late|late to the party|left it late|gets? harder|harder it gets|"
            r"get colder|going cold|goes? cold|window (is |will )?(clos\w+|shut\w*)|slip(s|"
            r"ping)? (away|by|through)|pass(es)? you by)|(miss|lose|losing|missing|missed|lost) (out|"
            r"this|your (place|spot|slot|chance|turn)|the (boat|chance|window|opportunity|deadline|"
            r"cut))|time[- ]barred|back of the (line|queue)|strike while|while (the iron|you (still )?can"
            r"|it('s| is) (still )?(fresh|hot|open|there|available)|the link('s| is)|we('re|"
            r" are) still|there('s| is) (still )?time|stocks? last)|before (someone|somebody|"
            r"they|the rush|it('s| is) (gone|full|closed|too)|we (close|fill)|you know it|the door|"
            r"others?))\b"
        ),
        unless=(
            r"\b(too late|late) (to|for) (ask|say|worry)[^.!?;]*",
            r"\bsorry (if|that)? ?i (missed|lost)\b[^.!?;]*",
            _TOLD,
            r"\b(won'?t|don'?t|doesn'?t|not|never|nothing to|no) (\w+ ){0,4}(miss|lose|miss out|lose out)( \w+){0,3}",
            r"\bif (you|we|it) (miss|lose)\w*[^.!?;,]*",
        ),
    ),
    Rule(
        id="scarce",
        says="says that it is scarce",
        pattern=(
            r"\b((last|final|only|one|best|another|rare|golden|second) (chance|opportunity|"
            r"shot)|(your|a) (chance|shot) (to (get|claim|win|be|sign|have|receive|join|save|"
            r"recover)|at|of)|(never|not|won'?t|may not|might not) (\w+ ){0,3}(get|have|see|"
            r"be|come)( \w+)? (another|again|twice|a second|this chance|a better)|deadline|"
            r"limited|(few|only|last) (\w+ )?(places|spaces|slots|spots|spaces|days|hours|left|"
            r"remaining)|(places|spaces|slots|spots|numbers) (are|is|left|remain\w*|go|going|"
            r"fill\w*)|fill(s|ing)? up|going fast|(grab|save|reserve|hold|bag|secure|claim|"
            r"book|snap up) (your|a|my|this|that|one|you a|you your)( \w+)? (place|spot|slot|"
            r"space|seat|chance|position|one)|in high demand|filling fast|selling|(offer|window|"
            r"door|scheme|list|book)s? (\w+ )?(ends?|ending|closes|closing|shuts|won'?t last)|"
            r"opportunit(y|ies)|once[- ]in[- ]a|(get|got|squeeze|fit|put|sneak|move|bump) you (in|"
            r"up|to the front|ahead|onto|on to)|jump in|exclusive(ly)?|just for you|special(ly)? (selecte"
            r"d|chosen|offer|rate)|hand[- ]?picked|(you('ve| have)? )been (selected|chosen|"
            r"picked)|the rush|front of the (queue|line)|taking (people|clients|customers|new|"
            r"on))\b"
        ),
        unless=(
            r"\b(no|not a|isn'?t a|there('s| is) no|without a) (\w+ )?(deadline|limit)\w*",
            (
                r"\b(had|get|have|give|giving) (you )?(a|another|the) chance to (look|read|think|"
                r"check|ask|find|reply|speak|talk|see|go)\b"
            ),
            r"\b(thanks|thank you) for (the|your) (chance|opportunity)\b",
            _TOLD,
            r"\bthe opportunity to (ask|think|read|say|check)\b",
            r"\bnot taking\b",
            r"\bno rush\b",
            r"\blimited (company|firm|partnership)\b",
            _ASKED,
        ),
    ),
    Rule(
        id="everybody",
        says="says what everybody else does",
        pattern=(
            rf"\b({_MANY}( of)?( the| our| your| other| my)? ?{_PEOPLE}?( \w+)?( in| on| at|"
            rf" like| who| that| from| we| i| you| near| around| with)?( \w+){{0,4}} (choos\w+|"
            rf"use|using|sign\w*|said yes|say(s)? yes|agree[sd]?|do it|does it|done it|seem\w*|"
            rf"already|rush\w*|claim\w*|tak(e|es|ing)|join\w*|com(e|ing) (back|to us)|go(es|"
            rf"ing)? (through|ahead|for)|get(s|ting)? (theirs|it|in|on)|got|hand(ed|ing)|start\w*|"
            rf"trust\w*|pick\w*|wish\w*|regret\w*|love\w*|like you|in your (position|shoes|"
            rf"area|street|situation)))\b|\b(your|the) neighbours?\b|\b(everyone|everybody) else\b|"
            rf"\bodd one out\b|\b(popular|trending|in demand)\b|\bthe only one\b|\b(others|"
            rf"someone|people) like you\b|\b(thousands|hundreds|millions|dozens) of (people|"
            rf"others|customers|drivers|businesses|them)\b|\bthe last (one )?to\b|\bif you were the last\b"
            rf"|\bleft behind\b"
        ),
        unless=(
            _TOLD,
            r"\b(don'?t|doesn'?t|isn'?t|aren'?t|not) (\w+ ){0,2}(everyone|everybody|most people)\b[^.!?;]*",
            r"\b(a lot|lots|plenty|so many|loads|many)( of \w+)? to (take|get|go|start|use)\b",
            r"\bthe only one (who|that) (can|knows|decides)\b[^.!?;]*",
        ),
    ),
    Rule(
        id="guilt",
        says="uses guilt, shame or fear",
        pattern=(
            r"\b(you('d| would) be (mad|silly|crazy|foolish|daft|stupid|kicking|missing|letting|"
            r"throwing|better|doing yourself|wise|smart|the (only|last))|you('ll|'d| will| would|"
            r" might| may)( only| just| really| soon)? (regret|wish you|kick yourself|be sorry|"
            r"thank me|thank yourself|look back)|regret|(a|such a|real|crying|great|it'?d be a|"
            r"what a) (shame|pity|waste)( to| if| that| not)|let (it|this|them|that|the \w+|"
            r"your \w+|us|me|yourself|everyone)( \w+)? (down|win|off|go|get away|keep|slip)|"
            r"get away with( it)?|letting (us|me|them|yourself|your family|\w+) (down|win|off|"
            r"go)|go to waste|disappoint\w*|(i'?d|we'?d|i would|we would|i'?ll|we'?ll) (hate (for|"
            r"it|you|to see|to think)|be (sad|gutted|sorry|upset|hurt|heartbroken)|love (it )?(if )?you|"
            r"expect you|really like you)|(sad|silly|crazy|mad|daft|foolish|stupid|wrong|rude|"
            r"a pity|odd|strange) (to|if you|that you|of you|not to)|no excuse|(if you|did you|"
            r"don'?t you|you('d)? (obviously|clearly)? ?(don'?t|didn'?t|must not)) (really |"
            r"truly |even )?(care[ds]?|want(ed)? (it|this|the|your|what)|value|love[ds]?|serious)|"
            r"owe it to|after (everything|all)( (i|we)('ve| have)?)?|you('ve| have) come (this|"
            r"so) far|(isn'?t|not|hardly) (too )?(much|a lot) to ask|think of (your|the) (family|"
            r"kids|children|money|bills|wife|husband)|rooting for you|waste of (my|our|time)|"
            r"kick(ing)? yourself|leaving money|throw(ing)? (it|money|this) away|what have you got to los"
            r"e|nothing to lose|what('s| is) (stopping|holding) you|surely (you|a|it|that|one|"
            r"this)|(don'?t|wouldn'?t) you (want|think|owe|deserve)|why (on earth )?would(n'?t)? you|"
            r"you did say you)\b"
        ),
        unless=(
            r"\bafter all\b",
            _TOLD,
            r"\b(sorry|sad|disappointed|frustrat\w+) (to hear|you|that you|for|about|it|things|this|was)[^.!?;]*",
            (
                r"\b(that|it|this|which)( must|'s| is| sounds| was)( have been| be| really| very|"
                r" so| quite)* (disappointing|a shame|a pity)\b"
            ),
            r"\b(disappointed|disappointing|disappointment) (by|with|for you|when|at)\b[^.!?;]*",
            r"\bif (that|this) (is|was) (a )?disappoint\w+",
        ),
    ),
    Rule(
        id="flattery",
        says="flatters",
        pattern=(
            r"\b(smart|clever|wise|great|good|right|best|sensible|excellent|brilliant) (choice|"
            r"decision|move|cookie|customer|person)\b|\byou(?:'re| are) (such )?(so |very |"
            r"really |clearly |obviously |an? |too )?(smart|clever|wise|intelligent|savvy|sharp|"
            r"special|my favourite|one of (our|my)|better than|not like (most|other))\b|\b(someone|"
            r"a person|people) as (smart|clever|sharp|savvy)\b"
        ),
        unless=(
            r"\bthe right (choice|decision) (for you|is yours)\b",
            r"\b(whatever|whichever|what|which)[^.!?;]*",
        ),
    ),
    Rule(
        id="holds-back",
        says="holds a person back who wants to go",
        pattern=(
            r"\b(are you (really |quite )?(sure|certain) (you (want|don'?t|wouldn'?t|won'?t)|"
            r"about|that you)|before you (go|leave|say no|give up|rush off)|don'?t (go|give up|"
            r"back out|walk away|leave (yet|just|now)|drop out|change your mind|let go|stop now)|"
            r"drop out|wait,? (just|one|a)|one last (try|time|chance)|reconsider|change your mind|"
            r"won'?t you (stay|think|give)|give (it|us|me) (one more|another) (go|try|chance)|"
            r"just hear me out|hear me out|not taking no|won'?t take no|stop now|give up (now|"
            r"so)|follow(ing)? through|talk you (into|round))\b"
        ),
        unless=(
            (
                r"\b(if|can|free to|welcome to|free|may|always|ever|want to|able to) (you )?(\w+ ){0,2}(chang"
                r"e your mind|reconsider|drop out|stop now)\b"
            ),
            r"\bbefore you go (ahead|any|further|on|into)\b",
            _TOLD,
            r"\bgive it (one more|another) (go|try)\b",
            r"\bdon'?t give up\?",
        ),
    ),
    Rule(
        id="assumes-consent",
        says="takes a yes for granted or acts without one",
        pattern=(
            r"\b(i('ll| will| can| shall|'ve| have|'m going to)|we('ll| will|'ve| have)|let me|"
            r"shall i|shall we|i)( just| go ahead and| already| simply| quickly| now)* (take (that|"
            r"it|this) as|assume|presume|tick(ed)?|sign(ed)?|start(ed)? (the|your) (paperwork|"
            r"claim|form|process|application)|submit(ted)?|accept(ed)?|agree[ds]? (for|on)|"
            r"consent\w*|put you (down|through)|put (your|you) (name|in)|get (your|the|that) (letter|"
            r"form|claim|paperwork|loa|signature)|fill(ed)? (it|the form|that|in the) (in |"
            r"out )?for you|opt(ed)? you in|add(ed)? you|enrol\w*|sign(ed)? you up|set you up|"
            r"get you (started|signed|going|in|set up)|do the rest|go ahead|proceed|pop you|"
            r"crack on|treat that as)\b|\b(on your behalf|as you haven'?t (said|told|objected|"
            r"replied)|unless you (say|tell|object|stop)|(i'?m|i am) sure you('d| would|'ll)|"
            r"you('d| would) want me to|silence (means|is)|no need to (read|check|think|look|"
            r"worry about (the|reading))|(don'?t|needn'?t|do not) (need to |have to |bother |"
            r"worry about )?(read|reading|think about|check)( it| the| that| all)?( small print|"
            r" terms| form| documents?)?|skip the (small print|terms|reading)|small print|(now|"
            r"today) or (in|later|tomorrow)|a quick (yes|signature|tick)|just (say yes|tick|"
            r"sign|press|click|nod|agree)|say (yes|the word)|as a yes|take (that|it) you)\b"
        ),
        unless=(
            r"\b(can'?t|cannot|couldn'?t) say yes( or no)?\b",
            r"\b(if|once|when|until|unless|before) you( \w+){0,4}",
            _TOLD,
            r"\bi('ll| will| can) (start|go ahead|add)[^.!?;]* (if|once|when) you\b[^.!?;]*",
            r"\bgo ahead(,|\.| and (ask|say|tell|send|explain))",
            r"\bi'?ve (just )?ticked (that|it|this|one) off\b",
            r"\b(i'?ll )?take (that|it) as (read|a (no|compliment))\b",
            r"\bi assume[d]? (you mean|you meant|that was)[^.!?;]*",
            (
                r"\b(shall|should) (i|we) (go ahead|proceed) (with (the|that|this|my) (question|"
                r"next|explanation))[^.!?;]*"
            ),
            r"\bthe small print\?",
            (
                r"\b(don'?t|needn'?t|no need to|do not) (need to |have to )?(check|read)( it| that)? (again|"
                r"twice|now|tonight|everything (now|at once|today))\b"
            ),
        ),
    ),
    Rule(
        id="sign",
        says="urges a signature",
        pattern=(
            r"\b(sign(ed|ing|s|ature|atures)?|sign[- ]up|over the line|get (this|it|that|you) (over|"
            r"done|sorted|sealed|moving|signed)|seal the deal|finish line|pen to paper|letter of authorit"
            r"y|loa|treat yourself|what are you waiting)\b|(^|[.!?] ?)(go|come) on,"
        ),
        unless=(
            r"\bsigning( anything| it)? is (optional|up to you|your choice|your decision|not needed|never needed)\b",
            r"\bonly sign (if|once|when|after)\b",
            (
                r"\b(before|until|unless|without|if|whether|when|once|after|who|where|which|what|"
                r"did|didn'?t|have|has|hasn'?t|haven'?t|never|not|nothing|no need to|don'?t have to|"
                r"need not|needn'?t|doesn'?t|won'?t|isn'?t|obligation to|rather than|don'?t|do not|"
                r"shouldn'?t|only)( \w+){0,6} (sign(ed|ing|s|ature)?|sign[- ]up|letter of authority|"
                r"loa)\b"
            ),
            (
                r"\b(a|any|every|good|early|as a|no|hopeful|bad|road|street|warning|the first|call) signs?( o"
                r"f| that|s| to)?\b"
            ),
            r"\byour (agreement|contract|letter|form|documents?)( \w+){0,3} signed\b",
            r"\b(the|a|your|that) signed (copy|letter|form|one|page|agreement|version)\b",
            r"\b(sign(ed|ing)?|signature)( \w+){0,4}\?",
            _TOLD,
            r"\bsign(ing)? (off|out|in) ?(for|here|the day)?\b",
        ),
    ),
    Rule(
        id="steers",
        says="steers towards a yes by what might be lost, gained or regretted",
        pattern=(
            r"\b((train|ship|boat) (is|has|'s) (leaving|sailed|left)|wrap (this|it) up|ahead of you|(window|"
            r"chance|gap|time|list) is (getting|growing|shrinking|closing|narrowing|running)|(ask|tell|say|"
            r"remind)( you)? (once|one) more|imagine (telling|saying|having|being|your)|never been a better|"
            r"no better time|somebody who acts|acts? fast|"
            r"think of (what|all|everything|how)|(the|your) (moment|time) to (act|decide|sign|move|do (it|this))|"
            r"mak(e|es|ing) (smart|clever|wise|sensible|the right) (choices?|decisions?|calls?)|change "
            r"everything|life[- ]changing|"
            r"game[- ]changer|wait(ing)? (never|won'?t|doesn'?t|only|has never)( \w+)?|(do|did) you really "
            r"want|are you really "
            r"(going|willing|happy|prepared|content) to|leave (it|this|things) to chance|roll the dice|(may|"
            r"might|could|will|'ll) "
            r"(well |already |soon |all )*be (gone|too late|closed|full|taken)|always (cancel|back out|pull "
            r"out|drop out)|give (it|"
            r"this|us) a (go|try|shot|whirl|chance)|wast(e|ing) (this|the|your|a|such a|an) (chance|"
            r"opportunity|moment|opening)|"
            r"(be|feel|get|being) left out|miss(ed|ing)? the (bus|train|cut)|(might|may) as well( just)? (do|"
            r"sign|get|start|go|have|"
            r"try|say|join|put)|money on the table|money (is )?(sitting|lying) (there|around)|good things "
            r"(don'?t|come)|fortune "
            r"favours|you snooze|let'?s (just )?(get (going|cracking|it done|this done|you)|make it (official|"
            r"happen)|not (wait|"
            r"delay|leave|put|hang|waste|drag))|ready to (sign|commit|say yes|join)|(quick|simple|little) yes|"
            r"(fees?|prices?) (is |"
            r"are )?(go|goes|going) up|(others?|people|everyone) (are|is) (already |all |now )?(moving|"
            r"jumping|acting|rushing|piling|"
            r"getting in)|no (sense|point) (in )?(waiting|delaying|putting|holding|hanging)|no reason to "
            r"(wait|delay|hold|"
            r"hesitate|say no|doubt|put)|why (leave|risk|miss|turn (it|this) down|walk away|pass (it|this) "
            r"up)|afford (to (wait|miss|"
            r"lose|ignore)|not to)|(it'?d|it would|it'?s|it is) (be )?(wise|smart|silly|mad|daft) (to|not)|"
            r"the (quicker|earlier|"
            r"faster) (you|we|it|this)|(put|pencil|book|count|enter) you (down|in)|(can|could)( only)? (hold|"
            r"keep|save|reserve) "
            r"(this|it|that|your|the|a)( \w+)?( open)? (for|until|till)|no second (chance|try|go|bite)|one[- "
            r"]time (only|offer)|"
            r"final (reminder|notice|offer|push)|all that'?s (left|missing)|only thing (left|missing|"
            r"standing)|don'?t let (this|"
            r"it|fear|doubt|the)|turn (it|this|that) down|pass (it|this|that) up|(never|ever|won'?t) forgive|"
            r"look back and|(others?|other people|plenty|everyone|everybody)('ve| have|'s| has)( \w+)? (moved|"
            r"acted|signed|claimed|started|joined|jumped|taken)|every(one|body)('s| is) (doing|signing|"
            r"claiming|joining|at it|getting)|the ones? who|miss(es|ing)? out|(tick|click|tap|signature|yes|"
            r"name) and (it'?s|you'?re|that'?s)|the last time (we|i|you|this|it)|go without|just do it|"
            r"(over(ly)?|too|so|being)[- ]?(cautious|careful|fussy|stubborn|timid)|nothing( really| more| "
            r"much| left)? to (think|consider|decide|mull|discuss)|too good to|why the (hesitation|delay|"
            r"wait)|what more do you|(don'?t|can'?t) (see|understand|think) why you|any reason not|finish "
            r"what you|(so|this) close|(one|a) step away|take (a|the) (leap|punt|plunge)|say i didn'?t warn|"
            r"do the (right|smart|sensible) thing|be sensible|(obvious|logical|sensible) (choice|next step|"
            r"thing)|the only (sensible|logical|smart)|time (is money|waits|flies)|countdown|fast[- ]track|"
            r"priority|(jump|skip|beat) the (queue|rush|line|crowd)|a (bonus|gift|discount|reward|treat)|"
            r"(specially|especially|purely|only) for you|as a favour|just this once|pull(ed)? (some )?strings|"
            r"if you (say no|don'?t|walk away|refuse|turn)[^.!?;]{0,20} (now|today|then|you)|thank me later|"
            r"trust your gut|all (set|lined) up|(set|lined) (it |everything |this )?(all )?up( for you)?,? "
            r"(you|so you|just)|you only need to (agree|sign|say|click|tick)|waiting (on|for) you|mean(s|t)? "
            r"more (money|for you)|worst that (can|could)|before anyone else)\b"
        ),
        unless=(
            _TOLD,
            _ASKED,
            r"\b(no|not|isn'?t|take|have|need|want|all|enough|more|some|is it|was it|bad)( \w+){0,4} (moment|time) "
            r"to (act|decide|sign|move|do (it|this))\b",
            (
                r"\b(link|photo|upload|page|form|file|button)[^.!?;]* give (it|this) a (go|try)\b|\bgive (it|"
                r"this) a try again\b"
            ),
            r"\b(don'?t|needn'?t|no need to|not|won'?t|can|free to|up to you|if you|fine to|okay to) (\w+ "
            r"){0,3}(turn (it|this|that) "
            r"down|always (cancel|back out))\b",
            r"\b(don'?t|won'?t|not|never) (\w+ ){0,2}(count|put|pencil|book) you (down|in)\b",
            (
                r"\b(fine|okay|ok|all right|happy|free|won'?t matter|no problem|nothing happens)( \w+){0,3} if "
                r"you (say no|don'?t|walk away|refuse|turn)[^.!?;]*"
            ),
            (
                r"\bif you (say no|don'?t|walk away|refuse)[^.!?;]{0,30} (fine|okay|ok|all right|no problem|"
                r"nothing happens)\b"
            ),
            r"\b(not|never|can'?t be|can never be|be) (too|so|over|overly|being) (careful|cautious)\b",
            r"\b(no|not|any|isn'?t|need) ([\w']+ ){0,3}(priority|discount|bonus|gift)\b",
            r"\b(i'?m|we'?re|here) (just |still )?waiting for you to (reply|answer|tell|say|send|come back)\b",
            r"\bsorry[^.!?;]*",
            r"\bthe ones? who (can|decides?|knows?|chooses?)\b",
        ),
    ),
    Rule(
        id="if-i-were-you",
        says="says what it would do in the person's place",
        pattern=(
            r"\b(if (i were|i was|it were|it was|that were) (in )?(you|me|my|your)|in your (shoes|"
            r"position|place)|i'?d (strike|sign|jump|grab|go for|snap|take|do it|definitely|"
            r"be quick|crack on|get|say yes|hurry|start|act|not wait))\b"
        ),
        unless=(
            r"\bpeople in your (shoes|position|place)\b",
            r"\bi'?d (get|take) (a|some) (moment|look)\b",
            r"\bunderstand[^.!?;]* in your (position|shoes|place)\b",
        ),
    ),
    Rule(
        id="about-the-person",
        says="says what the person will do, deserves, stands to lose or has agreed to",
        pattern=(
            r"\b(you'?(d|ll|ve|re)|you (would|will|have|are|only|can only|lose|never|clearly|"
            r"obviously|really|promised|agreed|owe|stand|meet|deserve|snooze|can'?t (lose|go|"
            r"afford)|could (end|be|lose|have|miss|do)|need to|must|may never|don'?t (want|"
            r"need))) \w+"
        ),
        unless=(
            r"\byou (don'?t|do not) need (special|any|a lot of|much|to be)\b",
            r"\byou could end up with (nothing|no money)\b",
            (
                r"\b(if|when|whenever|once|until|unless|whether|where|wherever|what|whatever|which|"
                r"whichever|how|however|why|that|because|since|as|sorry|understand|see|know|hear|"
                r"hope|glad|good|case|while|pity|like|think|say|said|mean|meant|sure|thing|anything|"
                r"everything|way|after|before|assume|gather|reali[sz]e|so|and|or|tell me|means|"
                r"who|the \w+|any \w+|all|time) you('?(d|ll|ve|re)| would| will| have| are| need to|"
                r" must| really)( \w+){1,2}"
            ),
            (
                r"\byou('?d| would)( \w+ly| probably| just)? (like|rather|prefer|mind|want|need|"
                r"be (welcome|able|asked|speaking|dealing|better off asking)|still|have to ask|"
                r"know|said|mentioned|asked|told)\b"
            ),
            (
                r"\byou('?ll| will)( \w+ly| probably| just| also| always| still)? (see|find|need|"
                r"want|be (able|asked|speaking|talking|welcome|fine to)|have to|know|hear|notice|"
                r"always|not|still|only see|get (my|a|the|our|this) (reply|answer|message|question|"
                r"list|choice|summary))\b"
            ),
            (
                r"\byou('?ve| have)( \w+ly| very| just| also| already| only| all)? (explained|been (very|"
                r"really|so|clear|helpful|patient|kind|great|more|asked)|every reason to (be|ask|"
                r"check|wonder|feel)|been (a |an |in|on|through|with|waiting|trying|told|given|"
                r"busy|charged|dealing|looking)|given|told|sent|got (a|it|that|the|time|my|our|"
                r"any|another|through|everything|all|in touch|back|questions)|answered|asked|mentioned|"
                r"said|shared|raised|done|had|made|put (it|that)|written|reached|lost|noticed|picked|"
                r"covered|chosen|described|replied|waited|read|shown|come to the right|changed|"
                r"uploaded|attached|filled|provided|taken|confirmed|ended|landed|heard|hit|spotted)\b"
            ),
            (
                r"\byou('?re| are)( \w+ly| very| just| also| always| most| more than| quite| all|"
                r" perfectly| still| certainly)? (welcome|right|not|asking|free|doing|happy|ready|"
                r"unsure|worried|after|looking|able|comfortable|talking|chatting|speaking|under no|"
                r"done|there|in the right|thinking|having|going through|going to need|busy|in touch|"
                r"wondering|dealing|through|set|being|on the right|a star|kind|too kind|spot on|"
                r"back|here|allowed|entirely|in control|in charge|in no|at liberty|absolutely|safe|"
                r"feeling|waiting|concerned|interested|keen|the (first|one)|in good hands|stuck|"
                r"mixing|confused|quick)\b"
            ),
            r"\byou (have|are|need to|must|really|only|will|would)( \w+){0,5}\?",
            r"\byou (don'?t|do not) need to\b",
            r"\bnot (saying|telling you)( that)? you[^.!?;,]*",
            (
                r"\byou (don'?t|do not|never) need (an? |any )?(professional|firm|solicitor|expert|lawyer|us|"
                r"anyone|anybody|company)\b"
            ),
            (
                r"\byou (have|had|need|only need)( \w+)? (questions?|any|a question|time|to hand|"
                r"the (agreement|letter|form|number|reference)|your|an? (moment|minute|account|"
                r"copy|letter|photo)|another|more|anything|access|to|ready|nearby|already)\b"
            ),
            (
                r"\byou (need|only need|will need|have) to (do|send|tell|know|reply|say|decide|"
                r"answer|type|check) (nothing|anything|it|that|me|this|once|more|here|again|in|"
                r"the|which|what|yes|just|stop|human)\b"
            ),
            r"\byou must (be|have|feel)\b",
            r"\byou (have|'ve) (my|our) (apologies|thanks|sympathy)\b",
            r"\b(nothing|anything|no more) (else |more )?you need to( \w+){0,2}",
            r"\byou can only \w+",
            r"\byou really \w+",
            (
                r"\b(can'?t|cannot|couldn'?t|won'?t|not|nobody can|no[- ]one can|isn'?t|wouldn'?t|"
                r"never)( \w+){0,8} you('?ll|'?d| will| would)( \w+){1,2}"
            ),
            r"\b(thanks|thank you|sorry)[^.!?;]*",
            _TOLD,
        ),
    ),
    Rule(
        id="dares",
        says="pushes, dares or tempts",
        pattern=(
            r"\b(why (wait|put it off|not (just|go|sign|get)|delay|hold back|stop)|what('s|"
            r" is| are) (there to (think|lose)|you (afraid|scared|waiting|frightened)|stopping)|"
            r"(now|it'?s now) or never|today'?s the day|this is your (moment|chance|time)|no time like|"
            r"nothing to (think about|fear|lose|it|worry about signing)|no[- ]lose|no harm in (signing|"
            r"it)|can'?t (do any harm|hurt|go wrong|lose)|better safe than|imagine (what|how|"
            r"the|having|if)|picture (the|what|your)|think (what|how) (you|it|good|nice)|be (brave|"
            r"smart|bold|decisive|one of the first)|go for it|one of the (first|lucky|few)|"
            r"lucky (ones|few)|do yourself|help yourself (and|to)|save yourself|leave it (to|"
            r"with) (us|me|the)|let us (handle|take|deal|sort|do)|put you through|queu\w+ (up|"
            r"for)|pouring in|inundated|in demand|demand is|snowed under|nearly full|full up|"
            r"almost (full|gone|over)|handful|lucky|once it'?s gone|won'?t (be around|last|"
            r"be here|wait|come (round|again))|not for long|(for|you) (so|much) long|keep (this|"
            r"it) open|together right away|costs you|will you sign|ask you again|(for ever|"
            r"forever)|drift|grass grow|marching on|act before|final call|the sooner|(it'?s|"
            r"it is) (only|just) (a|one|some) (form|formality|signature|tick|click|box|name|"
            r"minute|step)|formality|standard (terms|wording)|(pop|put|add|write) your (name|"
            r"signature|initials)|(just|simply|only) (tap|tick|click|press|sign|nod|agree|pop (your|"
            r"a))|i('ll| will)? (ask|say) (it )?(once more|again)|i need (an answer|you to (decide|"
            r"sign|agree|confirm|say))|we need (this|it|that|your|you)( \w+)? (back|by|now|"
            r"today|decide|signed|decision|answer)|push you|no going back|already agreed|as (agreement|"
            r"consent|agreed)|laughing at|hoping you|wants? you to (do nothing|give up|wait|"
            r"forget|think)|counting on you|let (him|her|them) win|(you|nobody|no one|everybody|"
            r"everyone)('s| has| is|'ve)? (ever )?(regret\w*|at it|said no|says no|complained)|"
            r"(mates|colleagues|friends|family|kids|children|neighbours|husband|wife|partner)( \w+){0,3} "
            r"(would|will|have|are|did|already|thank|say)|serious about this|(work|time|effort) (i've |"
            r"i have |we've )?(put|spent|into|in on)|jump at|lose out|worth your while|what have you)\b"
        ),
        unless=(
            r"\bonly (sign|tick|agree|say yes) (if|once|when|after)\b",
            _TOLD,
            (
                r"\b(no|not|never|nobody|no one|don'?t|won'?t|doesn'?t|isn'?t)( \w+){0,4} (push|"
                r"pushing|rush|rushing|put|forever|for ever|lose out|into|wait forever)( you)?\b"
            ),
            r"\bwould you like[^.!?;]*",
            (
                r"\b(how|hope|are|did|do|has|have) (are |is )?(the |your )?(mates|colleagues|friends|"
                r"family|kids|children|husband|wife|partner)[^.!?;]*"
            ),
        ),
    ),
    Rule(
        id="runs-out",
        says="speaks of a queue, a place or a time that runs out",
        pattern=(
            r"\b(queues?|(a|the|your|one|last) (spot|slot|place)|(spots|slots)|room (for (you|"
            r"more|anyone)|left)|(is|are|be|get|getting|been) (capped|oversubscribed|full)|"
            r"clos(e|es|ed|ing) (the|our|its|their) (books|doors?|list|window)|(much|any|very) longer|"
            r"put(ting)? (this|it|that|things) off|tick[- ]tock|blink|first come|early birds?|"
            r"get in early|mov(e|ing) fast|(small|limited|certain|fixed) number of (these|claims|"
            r"people|cases|clients|places)|(may|might|can|could|will) not be able to (take|"
            r"help|fit|accept|look)|won'?t be able to (take|fit|accept)|today (would be|is the|"
            r"'s the|will be) |best (get|do|have|send) (it|this|that)|(now|today)('s| is) the (time|"
            r"day|moment)|rules are changing|before (i|we) (finish|close|go)|hot cakes|while you'?re (her"
            r"e|at it|on))\b"
        ),
        unless=(
            r"\byour place in (this|the) (chat|conversation|form)\b",
            _TOLD,
            (r"\b(no|not|isn'?t|aren'?t|there'?s no|without a|never|don'?t) [^.!?;,]*"),
            r"\b(good|blind|sweet) spot\b",
            r"\bspot on\b",
            r"\bthe (place|spot) (where|to|for|on)\b",
            r"\b(first|right) place\b",
            (r"\b(as|take|need|for|a bit|a little|wait) (much|any|long|longer)[^.!?;,]*"),
            r"\bhow much longer\b[^.!?;]*",
        ),
    ),
    Rule(
        id="wants-a-yes",
        says="asks for a yes, or for a reason why not",
        pattern=(
            r"\b((that|it|this)('s| is) a yes|(get|got|is|for|only|to|a simple|asking for) a yes|"
            r"(saying|say|said) no|reason (not to|why not|you wouldn'?t)|(leave|leaving) it (at that|"
            r"there),? (are|really)|(really|honestly) (going to )?(leave|walk|let|give|say)|"
            r"(so|too|this) far (to|for|now)|(getting|got|come|gone) (so|this|too|that) far|"
            r"last (little |tiny |final )?step|(one|single) (click|tap|tick|signature|step)|"
            r"(just|only|barely) (your|an?|any) (initials|effort|signature|click|tick|scribble)|"
            r"humou?r me|have a go|that'?s all (i|we) ask|only asking|all (it takes|i need|"
            r"we need) is|(nobody|no[- ]one|few people|hardly anyone) (ever )?(reads?|bothers?|"
            r"walks?|says?|turns?|regrets?|refuses?)|be skipped|(boring|dull) (bits?|parts?)|"
            r"standard stuff|what harm|sent it (through|off|in)|(don'?t|do) you trust|you trust (me|"
            r"us))\b"
        ),
        unless=(
            _TOLD,
            (
                r"\b(can|could|may|might|free to|fine to|okay to|ok to|if you|to|you'?d like to|"
                r"feel able to|perfectly|you) say no\b"
            ),
            (
                r"\bsaying no (is|would be) (absolutely|perfectly|completely|totally|quite|always)? ?(fine|"
                r"ok|okay|all right|alright)\b|\bsaying no (won'?t|will not|doesn'?t|does not) (cause|change|cost|"
                r"hurt|harm|"
                r"upset|stop|affect|offend)\b"
            ),
            (r"\b(is|was) that a yes( or a no)?( to (the|that|my) question)?\?"),
            r"\bas far as\b",
            r"\b(one|single) step at a time\b",
        ),
    ),
    Rule(
        id="compares-people",
        says="holds up what others do, or what a better person would do",
        pattern=(
            r"\b(your (competitors|rivals|peers)|(other|small|similar) (firms|shops|businesses|"
            r"dads|mums|parents|owners|people|families|drivers) (like|in) (yours|you|your)|"
            r"every (\w+ ){1,4}(has|have|is|are|does|did|gets?|got|claim\w*)|a (responsible|"
            r"sensible|clever|smart|reasonable|good|wise|prudent|careful) (owner|person|parent|"
            r"man|woman|director|business|mother|father|driver|customer)|someone (who knows|"
            r"with (any|your) (sense|brains?))|(clever|smart|wise|sensible) people|upset(ting)? your|"
            r"for (my|your|their|his|her) (sake|kids|children|family|husband|wife)|(step|one|"
            r"favour|it) for me|do(ing)? (it|this|that) for (me|us|your)|jump(ing)? (on board|"
            r"in|at)|folk|hang(s|ing)? around|half the (town|street|country))\b"
        ),
        unless=(
            _TOLD,
            (r"\b(check|checked|do|did|could you|can you|would you)[^.!?;]* for me\b"),
            r"\b(a|are you|do you|did|was it|is it|sorry)[^.!?;]*\?",
            r"\bnot every\b[^.!?;]*",
            (r"\bevery (word|bit|question|detail|message|page|agreement) (\w+ )?(is|has|counts)\b"),
        ),
    ),
    Rule(
        id="only-takes",
        says="makes light of what it asks for",
        pattern=(
            r"\b((it|this|that|the (form|link|signature|rest)|only|just)('s|'ll| will| only|"
            r" just)* (only |just )?(takes?|needs?|a matter of) (\w+ ){0,2}(moment|second|seconds|"
            r"sec|minute|minutes|click|tick|tap|signature)|(a couple|couple) of (minutes|clicks|"
            r"taps|seconds)|no[- ]brainer|what('s| is) the harm|can'?t hurt|couldn'?t be (easier|"
            r"simpler)|nothing to it|easy (money|win|peasy)|painless|easiest|free money)\b"
        ),
        unless=(
            r"\b(took|taking) [^.!?;]*",
            r"\bi (just|only) need a (moment|second|sec|minute)\b",
            r"\bit('ll| will)? (just|only) takes? me\b[^.!?;]*",
        ),
    ),
    Rule(
        id="against-free-routes",
        says="talks a person out of a free route, or of going without us",
        pattern=(
            r"\b((on your own|by yourself|it yourself|alone|without (us|help|a firm|someone|"
            r"representation|an expert|me)|by themselves|on their own|try it alone|diy|self[- ]help|"
            r"go it alone|do(ing)? it yourself|complain yourself|handl\w+ (this|it) (yourself|"
            r"alone))|free (option|route|way|one|service|scheme|advice|help|guide|route)s?|"
            r"official (scheme|route|channel)s?|(money saving|online|template|free|self[- ]help) (guides?"
            r"|letters?|templates?|forms?)|templates?|debt (advis\w+|charit\w+)|charit(y|ies)|"
            r"(firms?|people|someone|somebody|experts?) like us)\b"
        ),
        unless=(
            (
                r"\bthe free (option|route|way)s? is (just|every bit|equally|quite|perfectly|no less) (as )?(good|"
                r"fine|possible)\b"
            ),
            (
                r"\b(looking|look|start|starting|try|trying)( at| with| out)? (the|a) free (option|route|way|"
                r"service)s?\b"
            ),
            (
                r"\b(doing|handling) (it|this) (yourself|alone|on your own) (costs nothing|is free|is another|is "
                r"one|is an option)\b"
            ),
            r"\b(complain|do it|do this|go|claim|write)( to them)? (yourself|directly) without (paying|us)\b",
            r"\bpossible( to do)?( it| this)? (on your own|yourself|alone|without us)([.,!?]|$)",
            r"\b(don'?t|do not|no) need( \w+){0,4} to do (it|this) (yourself|alone|on your own)\b",
            (
                r"\b(can|could|may|might|prefer|rather|like to|happy|fine|ok|okay|welcome|free to|"
                r"right to|want to|choose|chose|decide[ds]?|going|thinking|tried|try|have you|did you|"
                r"are you|would you|were you|if|whether|or|glad|thanks|thank you|always|perfectly|"
                r"absolutely)( \w+){0,7} (on your own|by yourself|it yourself|alone|without (us|"
                r"help|a firm|someone|me)|do(ing)? it yourself|complain yourself|handl\w+ (this|"
                r"it) (yourself|alone)|free (option|route|way|one|service|scheme|advice|help|guide)s?|"
                r"official (scheme|route)s?|templates?|(template|free|online) (guides?|letters?|"
                r"forms?)|debt (advis\w+|charit\w+)|charit(y|ies))( (is|sounds|that|would be|works)[^.!?;,]{0"
                r",24} (fine|ok|okay|good|all right|alright|up to you|your choice|no problem|available))?(\.|"
                r"\?|!|,|;| if| first| or| too| instead| and|$)"
            ),
            (
                r"\b(don'?t|do not|needn'?t|no need to|not) (have to |need to )?(use|need|go with|"
                r"pick|choose)( \w+){0,4} like (us|ours)\b"
            ),
            r"\b(leave|let) (you|me|that|it) alone\b",
            _TOLD,
            # what there is, where to read of it, and that it is as good
            r"\b(there('s| is| are)|here('s| is| are)|before anything else|just as|not using us|using us)( "
            r"\w+){0,4} (it yourself|"
            r"(it|this|that) without us|free (option|route|way|one|service|scheme|guide)s?)( to \w+( it| this|"
            r" that)?)?([.,!?]|$)",
            r"\b(show|tell|explain|read|look at|see|about|hear about|point you to|go through|ask about|asked "
            r"about)( you)? (the|a|that|"
            r"this) (free (option|route|way|one|service|scheme|guide)s?|official (scheme|route)s?)\b",
            r"\bthe (free|official) (option|route|way|one|service|scheme)s? (is|are|stays?|remains?)( always| "
            r"also| still| there| "
            r"yours)* (open|there|yours|available|possible|fine|good|as good|an option)( to you| for you)?([.,!?]|$)",
            r"\b(doing|do|handling) (it|this|that) (yourself|alone|without us|on your own) (is|would be)( "
            r"\w+){0,3} (fine|possible|"
            r"way|ok|okay|choice|option|good)([.,!?]|$)",
            r"\b(won'?t|will not|don'?t|do not|never|doesn'?t|not)( \w+){0,4} (talk you out of|stop you( "
            r"from)?|put you off|lose "
            r"anything by|lose out by|lose by|stronger than|better than|mind you)( \w+){0,1} (it|this|that) "
            r"(yourself|alone|"
            r"without us|on your own)\b",
            (
                r"\b(thanks|thank you)( [\w']+){0,5} (done|did|doing|tried|trying) (it|this|that) (yourself|alone|"
                r"on your own)\b"
            ),
            (
                r"\b(nothing (stops|keeps) you( from)?|you(?:'re| are) able to|doesn'?t cost( you)?( anything)?( "
                r"to)?|many people|plenty of people|lots of people)( (do|doing|complain\w*|manage|handle|try|"
                r"start|go))?( (it|this|that|to))*( do)?( (it|this|that))? (on (your|their) own|it yourself|"
                r"yourself|alone|without (us|a firm|help|an expert))([.,!?]|$)"
            ),
            (
                r"\b(could|can|may|might)( also| always)? (ask|try|use|contact|go to) (a|the|any) free (advice|"
                r"help)( service| line| charity)?\b"
            ),
            r"\b(us|a firm),? (or |and )?(go(ing)? )?(on your own|it yourself|alone|the free (way|route|option))\b",
            r"\b(can|could|may) (also |always |just )?(do|complain about|handle|start|try) (it|this|that) "
            r"(yourself|on your own|alone),?"
            r" (without us|for free|at no cost)\b",
            r"\bnot alone\b",
            r"\b(decision|choice|call|yours) alone\b",
            r"\b(do|did|are|were|have) you( \w+){1,8} (alone|by yourself|on your own)\?",
        ),
    ),
    Rule(
        id="belittles-routes",
        says="runs a free route, a body or doing it oneself down",
        pattern=(
            r"\b(palmed off|overstretched|underfunded|understaffed|fight(ing)? (for you|your corner)|lonely "
            r"(road|fight)|"
            r"(wouldn'?t|don'?t|no need to|not worth|needn'?t|why|shouldn'?t|can'?t be) bother\w*|"
            r"(waste( of)?|wast(e|ing) your) (time|energy|effort|breath)|take(s)? (forever|"
            r"ages|years|months|an age|for ever)|wait(ing)? (forever|ages|years|for ever|months)|"
            r"make a mess|mess (it|this) up|get(s)? (ignored|nowhere|fobbed)|you get what you pay for|"
            r"more weight|more seriously|(harm|hurt|weaken|damage|spoil|ruin) your (claim|case|"
            r"complaint|chances)|(spend|give up|waste) (your |whole )?(evenings|weekends|nights)|only (an? "
            r")?(law )?(firm|"
            r"solicitor|lawyer|professional|expert)s? (can|could|know)|(on|at) (your|its|their) own peril|"
            r"thin on the ground|"
            r"(usually|often|mostly|always|generally|normally|just) (give up|fail|get (less|"
            r"ignored|nowhere|rejected|turned)|lose|ignore|reject|take (forever|ages))|(don'?t|"
            r"won'?t|never|hardly|rarely|doesn'?t) (take|listen|care|help|bother|reply|answer|"
            r"pay|tell you|get|understand|have time)( \w+){0,2} (people|seriously|you|anyone|"
            r"much|how|attention|far|anywhere|to|anything)|(can'?t|won'?t|unable to|not able to) (really "
            r")?(do|help|sort|get) (anything|much|you|a thing)|spend (months|weeks|years|ages|"
            r"hours)|(only|just) tell you|come back to us|back to us (anyway|in the end)|hard(er)? (it is"
            r"|to do|work|than it looks|on your own)|makes? it (sound|look|seem) (easy|simple)|"
            r"sounds (nice|easy|simple|great|good),? but|(get|receive|end up with|win) less|"
            r"no (real )?(teeth|power|use|help|point)|(nothing|no|not a|any) (to pay|loss|cost)( to you)?"
            r"|(it'?s|basically|practically|virtually|effectively) (free|no cost|nothing)|didn'?t have an"
            r"yway|properly|useless|hopeless|toothless|overwhelmed|swamped|backlog|slow(er)?|"
            r"biased|in their pocket|amateurs?|unqualified|in your corner|need a (professional|"
            r"firm|solicitor|expert)|for nothing if|argue your (case|side)|endless (forms|calls|"
            r"letters)|risky)\b"
        ),
        unless=(
            r"\b(sorry|apolog\w+)[^.!?;]*",
            r"\b(can'?t|cannot|not able to|unable to) help (you )?(with|there|on)\b",
            _TOLD,
            (
                r"\b(load|open|work|show|upload|send|spelt|see|read|display|working|come through|"
                r"attach\w*)( \w+){0,3} (properly|slow(er|ly)?)\b"
            ),
            r"\b(more |a (bit|little) |go |take it |as )(slow(er|ly)?|properly)\b",
            r"\bslow(er)? (down|it)\b",
            r"\bi (don'?t|won'?t|can'?t) [^.!?;]*",
            r"\bthat'?s no (use|help|good) to you\b",
            r"\b(understood|read|understand|got|get|hear|heard|answer\w*|follow\w*|explain\w*)( \w+){0,4} properly\b",
            r"\b(don'?t|do not|doesn'?t|never|nobody|no[- ]one|needn'?t)( \w+)? needs? (an? |any "
            r")?(professional|firm|solicitor|"
            r"expert)\b",
            _FREE_ROUTE,
        ),
    ),
)


def check(reply: Reply) -> tuple[Finding, ...]:
    """Blocks own words that push."""
    return forbid(NAME, reply, RULES)
