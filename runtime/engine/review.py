"""Review: every guardrail over every reply; a check that is missing or breaks blocks, it never means allowed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from runtime.guardrails import (
    Check,
    Reply,
    block,
    canary,
    disclosures,
    echo,
    honest_ai,
    language,
    length,
    links,
    no_amounts,
    no_injection,
    no_pressure,
    on_topic,
    one_question,
    opt_out,
    personal_data,
    prohibited,
    promises,
    registered_facts,
    required_with,
    vulnerability,
)
from runtime.messages import Finding, Rendered, SendClass, Sentence
from schemas.bundle import Bundle

GUARDRAILS: tuple[tuple[str, Check], ...] = (
    (registered_facts.NAME, registered_facts.check),
    (prohibited.NAME, prohibited.check),
    (no_amounts.NAME, no_amounts.check),
    (honest_ai.NAME, honest_ai.check),
    (no_pressure.NAME, no_pressure.check),
    (opt_out.NAME, opt_out.check),
    (no_injection.NAME, no_injection.check),
    (on_topic.NAME, on_topic.check),
    (promises.NAME, promises.check),
    (vulnerability.NAME, vulnerability.check),
    (disclosures.NAME, disclosures.check),
    (required_with.NAME, required_with.check),
    (links.NAME, links.check),
    (language.NAME, language.check),
    (length.NAME, length.check),
    (canary.NAME, canary.check),
    (personal_data.NAME, personal_data.check),
    (one_question.NAME, one_question.check),
    (echo.NAME, echo.check),
)


def review(reply: Reply, guardrails: Sequence[tuple[str, Check]] = GUARDRAILS) -> tuple[Finding, ...]:
    """Every finding. All checks run whatever a bundle lists; one it lists that does not exist blocks."""
    found: list[Finding] = []
    present = {name for name, _ in guardrails}
    for name in reply.bundle.guardrails:
        if name not in present:
            found.append(block(name, "the bundle asks for a check that does not exist"))
    for name, check in guardrails:
        try:
            found += check(reply)
        except Exception as error:  # a broken check says nothing about the reply, so the reply stays
            found.append(block(name, f"the check broke ({type(error).__name__})"))
    return tuple(found)


def blocked(findings: Sequence[Finding]) -> bool:
    return any(finding.severity == "block" for finding in findings)


def review_text(text: str, bundle: Bundle, cited: Sequence[str] = ()) -> tuple[Finding, ...]:
    """Somebody's own text (an agent's, a file's) against the bundle: blocks and warnings with spans of the text.

    Amounts, dates and addresses must occur in the cited claims; wording that is not approved is a warning.
    """
    if not text.strip():
        return (block(length.NAME, "an empty message"),)
    return review(
        Reply(
            parts=(Rendered(sentences=(Sentence(text=text, claim=None, variant=None, digest=None),)),),
            bundle=bundle,
            now=_NO_TIME,
            channel="",
            language=bundle.tenant.language,
            sandbox=True,
            send_class=SendClass.HUMAN,
            shown={},
            answers={},
            free_text=True,
            cited=tuple(cited),
        )
    )


# Free text is judged by its words: no check looks at the hour.
_NO_TIME = datetime(1970, 1, 1, tzinfo=UTC)
