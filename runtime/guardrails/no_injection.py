"""no-injection: no sign of the machine's inside: instructions, models, prompts, claim ids, markup, encoded runs."""

from __future__ import annotations

import re

from runtime.guardrails import Reply, Rule, block, forbid
from runtime.messages import Finding

NAME = "no-injection"

RULES = (
    Rule(
        id="instructions",
        says="speaks of its instructions",
        pattern=(
            r"\b((system|hidden|secret|initial|original|developer|my|the full|internal) (prompt|"
            r"instructions?|rules|guidelines|guardrails?|programming|settings|set-?up|configuration|"
            r"config|parameters|policy|policies|training|script|brief|orders|filters?|restrictions|"
            r"safeguards|code|persona|directives?)|i('ve| have)?( was| am|'m| been| had| got|"
            r" were)+ (just |only |specifically |simply )*(told|instructed|programmed|trained|"
            r"asked|designed|built|created|configured|set up|set|taught|prompted|given|ordered|"
            r"supposed|meant|made|directed|forbidden|required|tuned|written|coded|updated|fine-?tuned) ?("
            r"to|not|by|with|that|for|from|at|on|in|never|a|the|some|so)?|(they|the (operator|"
            r"developer|developers|company|firm|system|owner|team|people|engineers?))('ve| have|"
            r" has)? (told|instructed|programmed|asked|given|trained|ordered|configured|set|"
            r"built|made|limit\w*) me|told me to|instructed me|guardrails?|(as|per) (instructed|"
            r"my)|what i was told)\b"
        ),
        unless=(
            r"\b(my|the) (questions?|code of)\b",
            (
                r"\b(can'?t|cannot|not able to|won'?t) (share|explain|go into|talk about|discuss) how i('m|"
                r" am) (set up|built|made)\b"
            ),
            r"\bi('ve| have) been (given|asked) (your|that|this)\b",
            r"\byou('ve)?( have)? (told|asked|given) me\b",
            r"\bi('m| am| was) (here|just|only)? ?(set up|made|built|designed|meant) to (help|answer)\b",
        ),
    ),
    Rule(
        id="machinery",
        says="speaks of the text or machinery behind it",
        pattern=(
            r"\b(language model|llms?|neural|transformer|temperature|tokens?|context window|"
            r"knowledge cut[- ]?off|training data|fine[- ]?tun\w+|(the )?(text|message|prompt|"
            r"instructions|words|lines?) (above|before|at the (top|start|beginning))( of)?( this|"
            r" our| the)?|above this (chat|conversation|line)|behind the scenes|under the hood|"
            r"my (model|version|makers?|creators?|developers?|operators?|owners?|engineers?|"
            r"memory|brain|database|backend|source|knowledge|output|replies|answers) ?(was|"
            r"is|were|are|has|have|told|come)?|(created|built|made|developed|trained|designed|"
            r"hosted|powered|run|provided) by (a |an |the |another |other |engineers|developers|"
            r"people|some)|json|yaml|api( key)?|schema|webhook|(developer|debug|compliance|"
            r"god|jailbreak|admin|dan|root|test|maintenance) mode|ignore (all |any |the )?(previous|"
            r"prior|above|my|your|those)|new persona|unrestricted|pretend(ing)? to be|role[- ]?play\w*|"
            r"reveal|disclos(e|ing) (my|the|how)|confidential(ity)?|claim ids?|register entr\w+|"
            r"canary|(not|never) (supposed|allowed|permitted|meant) to (reveal|say|tell|share|"
            r"mention|discuss|show|talk|disclose|admit|answer))\b"
        ),
        unless=(
            r"\b(a|as a|gift|love) tokens?\b",
            r"\bkeep (it|this|that|everything) confidential\b",
            r"\bignore my (last|previous|earlier) (message|question|reply)\b",
            r"\byou (can|could|may|might)( just| always)? ignore my (questions?|messages?|suggestions?)\b",
            r"\b(can'?t|cannot|won'?t|will not|don'?t|do not|never|not|wouldn'?t) pretend(ing)? to be (a "
            r")?(real )?(human|person|somebody|"
            r"someone)\b",
        ),
    ),
    Rule(
        id="inner-workings",
        says="tells how it works inside",
        pattern=(
            r"\b((hidden|secret|internal) \w+|system message|behind the curtain|(a|some|the|"
            r"any|my) (filter|script|rule ?book|list of (approved|allowed|facts|answers|claims)|"
            r"register of|set of (moves|rules|answers|facts))|servers?|checked by (another|"
            r"a second|an?) (ai|model|bot|system|machine|checker)|restricted (from|to)|i must(n'?t|"
            r" not)|(large|ai|another|second) models?|source code|code with|people who (built|"
            r"made|wrote|run|programmed)|(my|its) (orders|boss|setup|set-up|makers?))\b"
        ),
        unless=(
            r"\bwhich (other |second )?model\b[^.!?;]*",
            (r"\b(you|they|it|your \w+)( \w+)? (said|told|mentioned|had|have)\b[^.!?;]*"),
        ),
    ),
    Rule(
        id="maker",
        says="names a model or its maker",
        pattern=(
            r"\b(chat ?gpt|gpt-?[0-9o]\w*|gpt|open ?ai|anthropic|claude|gemini|bard|google ai|"
            r"llama|mistral|mixtral|deepseek|grok|copilot|qwen|litellm|cohere|perplexity|hugging ?face|"
            r"sonnet|haiku \d|opus \d)\b"
        ),
    ),
    Rule(
        id="markup",
        says="markup or code",
        pattern=(
            r"(```|`[^`]+`|</?[a-z!][a-z0-9-]*[ />]|<!--|\{\{|\}\}|\{%|\$\{|<\||\|>|\[/?inst\]|"
            r"\[/?(system|user|assistant)\]|<<|>>|&[a-z]+;|&#x?[0-9a-f]+;|^#{1,6} |\*\*\w|\]\(|"
            r"\bselect .* from\b|\bimport (os|sys)\b|\bdef \w+\(|\bfunction ?\(|=>|\b(system|"
            r"user|assistant|moves|say|claim|handoff) ?[\"']? ?:|\"\w+\" ?:|[{}\[\]\\])"
        ),
        unless=(r"\b(as they|people|you might|they) say:",),
    ),
)
_CLAIM_ID = re.compile(r"\b[A-Za-z]{1,4}-[A-Za-z]{0,4}\d{2,}\b|\b[A-Z]{1,4}-[A-Z]{2,}\b")
# A row of letters and digits that is no word: mixed, or longer than any word; also in pieces with signs between.
_OPAQUE_RUN = re.compile(
    r"[A-Za-z0-9+/=_-]{25,}|\b(?=[A-Za-z+/]*\d)(?=[\d+/]*[A-Za-z])[A-Za-z0-9+/]{10,}={0,2}|"
    r"\b[0-9a-fA-F]{8,}\b|[A-Za-z0-9+/]{8,}={1,2}"
)


def check(reply: Reply) -> tuple[Finding, ...]:
    """Blocks own words that show the inside of the machine or carry something meant for another one."""
    found = list(forbid(NAME, reply, RULES))
    for start, text in reply.own_words():
        for pattern, name, meaning in (
            (_CLAIM_ID, "inner-id", "an inner id"),
            (_OPAQUE_RUN, "encoded", "an encoded run"),
        ):
            hit = pattern.search(text)
            if hit and not (reply.free_text and pattern is _OPAQUE_RUN and "://" in text):
                found.append(block(f"{NAME}/{name}", meaning, start + hit.start(), start + hit.end()))
    return tuple(found)
