"""The questions that the register is measured with are frozen: nobody may change a set after something was tuned."""

from __future__ import annotations

import hashlib
import json

import pytest

from tests.questions.measure import FOLDER, TENANTS, coincidences, questions, shipped

FROZEN = {
    "dynamo-dave": "ae0ebd3e225506b980bdbf27080f4bf165dd89c8b60bdd1ac9ba6a7fe1e562d9",
    "edward-energy": "55126d06c999fac25409db2b70e301242d00157a3aea8332fcda147542a6bbf0",
}


@pytest.mark.parametrize("tenant", TENANTS)
def test_a_set_is_what_it_was_when_it_was_frozen(tenant: str) -> None:
    data = (FOLDER / f"{tenant}.jsonl").read_bytes()
    assert hashlib.sha256(data).hexdigest() == FROZEN[tenant]


@pytest.mark.parametrize("tenant", TENANTS)
def test_a_set_is_large_enough_and_wants_claims_that_there_are(tenant: str) -> None:
    every = (*questions(tenant, "dev"), *questions(tenant, "held"))
    assert sum(bool(q.wants) for q in every) >= 150
    assert sum(not q.wants for q in every) >= 30
    assert not {i for q in every for i in q.wants} - shipped(tenant).claims.keys()


@pytest.mark.parametrize("tenant", TENANTS)
def test_the_register_was_not_made_of_the_questions_it_is_measured_with(tenant: str) -> None:
    """Short questions that everybody asks in the same words meet by chance; more than that would be copying."""
    every = (*questions(tenant, "dev"), *questions(tenant, "held"))
    assert len(coincidences(tenant)) <= len(every) // 12


def test_the_sets_are_lines_of_json_with_a_part_a_question_and_what_it_wants() -> None:
    for tenant in TENANTS:
        for line in (FOLDER / f"{tenant}.jsonl").read_text(encoding="utf-8").splitlines():
            assert set(json.loads(line)) == {"part", "asks", "wants"}
