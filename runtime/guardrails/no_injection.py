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
            r"safeguards|code|persona|directives?)|"
            r"i('ve| have)?( was| am|'m| been| had| got| were)+ (just |only |specifically |"
            r"simply )*(told|instructed|programmed|trained|asked|designed|built|created|configured|"
            r"set up|set|taught|prompted|given|ordered|supposed|meant|made|directed|forbidden|"
            r"required|tuned|written|coded|updated|fine-?tuned) ?(to|not|by|with|that|for|from|"
            r"at|on|in|never|a|the|some|so)?|"
            r"(they|the (operator|developer|developers|company|firm|system|owner|team|people|"
            r"engineers?))('ve| have| has)? (told|instructed|programmed|asked|given|trained|"
            r"ordered|configured|set|built|made|limit\w*) me|told me to|instructed me|guardrails?|"
            r"(as|per) (instructed|my)|what i was told)\b"
        ),
        unless=(
            r"\b(my|the) (questions?|code of)\b",
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
            r"is|were|are|has|have|told|come)?|"
            r"(created|built|made|developed|trained|designed|hosted|powered|run|provided) by (a |"
            r"an |the |another |other |engineers|developers|people|some)|json|yaml|api( key)?|"
            r"schema|webhook|(developer|debug|compliance|god|jailbreak|admin|dan|root|test|"
            r"maintenance) mode|ignore (all |any |the )?(previous|prior|above|my|your|those)|"
            r"new persona|unrestricted|pretend(ing)? to be|role[- ]?play\w*|reveal|disclos(e|"
            r"ing) (my|the|how)|confidential(ity)?|claim ids?|register entr\w+|canary|(not|"
            r"never) (supposed|allowed|permitted|meant) to (reveal|say|tell|share|mention|discuss|"
            r"show|talk|disclose|admit|answer))\b"
        ),
        unless=(r"\b(a|as a|gift|love) tokens?\b", r"\bkeep (it|this|that|everything) confidential\b"),
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
            r"\bselect .* from\b|"
            r"\bimport (os|sys)\b|\bdef \w+\(|\bfunction ?\(|=>|\b(system|user|assistant|moves|"
            r"say|claim|handoff) ?[\"']? ?:|\"\w+\" ?:|[{}\[\]\\])"
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
