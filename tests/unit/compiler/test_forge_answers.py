"""Whatever a code host answers, approvals read it as what it should be or refuse it: never a traceback."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compiler.forge import Api, ForgeRefused, checkout, commits, default_branch, merge_base, pull, reviews

REPO, SHA = "example/tenants", "a" * 40
USER = {"login": "ada-example", "id": 7, "type": "User"}
PERSON = {"name": "Wat Example", "email": "wat@example.com"}
COMMIT = {
    "sha": SHA,
    "commit": {"author": PERSON, "committer": PERSON, "message": "x"},
    "author": USER,
    "committer": None,
}
END = {"sha": SHA, "ref": "main", "repo": {"full_name": REPO}}
ANSWERS: dict[str, Any] = {
    f"/repos/{REPO}": {"full_name": REPO, "default_branch": "main"},
    f"/repos/{REPO}/branches/main": {"name": "main", "commit": COMMIT},
    f"/repos/{REPO}/pulls/1": {"number": 1, "user": USER, "head": END, "base": END},
    f"/repos/{REPO}/pulls/1/reviews": [
        {"id": 3, "user": USER, "state": "APPROVED", "commit_id": SHA, "submitted_at": "2026-11-24T10:00:00Z"}
    ],
    f"/repos/{REPO}/pulls/1/commits": [COMMIT],
    f"/repos/{REPO}/compare/{SHA}...{SHA}": {"merge_base_commit": COMMIT},
    f"/repos/{REPO}/contents": [{"type": "dir", "name": "tenants"}],
    f"/repos/{REPO}/contents/tenants": [{"type": "file", "name": "a.yaml"}],
    f"/repos/{REPO}/contents/tenants/a.yaml": {"raw": True},
}
ODD = st.sampled_from(
    [None, True, 0, -1, 10**30, "", "x", "..", "../../etc", "a/b", [], {}, [1], {"sha": 1}, "\ud800"]
)


def api(answers: dict[str, Any]) -> Api:
    def answer(request: httpx2.Request) -> httpx2.Response:
        body = answers.get(request.url.path)
        return (
            httpx2.Response(404) if body is None else httpx2.Response(200, content=json.dumps(body).encode())
        )

    http = httpx2.Client(transport=httpx2.MockTransport(answer))
    return Api(root="https://code.example", http=http, sleep=lambda seconds: None)


def read_all(host: Api, into: Path) -> None:
    pull(host, REPO, 1)
    reviews(host, REPO, 1)
    commits(host, REPO, 1)
    default_branch(host, REPO)
    merge_base(host, REPO, SHA, SHA)
    checkout(host, REPO, SHA, ["tenants"], into)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in inner:
        yield from places(item, (*path, key))


def test_good_answers_are_read(tmp_path: Path) -> None:
    read_all(api(ANSWERS), tmp_path)
    assert (tmp_path / "tenants" / "a.yaml").exists()
    (review,) = reviews(api(ANSWERS), REPO, 1)
    assert (review.login, review.account, review.day, review.commit) == ("ada-example", 7, "2026-11-24", SHA)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_wrong_answer_is_refused_and_nothing_else_happens(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    answers = copy.deepcopy(ANSWERS)
    *above, last = data.draw(st.sampled_from([p for p in places(answers) if p]))
    held = answers
    for step in above:
        held = held[step]
    held[last] = data.draw(ODD)
    folder = tmp_path_factory.mktemp("checkout")
    try:
        read_all(api(answers), folder / "in")
    except ForgeRefused as refused:
        assert str(refused)
    assert {p.name for p in folder.iterdir()} <= {"in"}
    assert {p.name for p in (folder / "in").glob("*")} <= {"tenants"}


def test_a_page_that_leads_elsewhere_is_not_followed() -> None:
    def answer(request: httpx2.Request) -> httpx2.Response:
        assert request.url.host == "code.example"
        return httpx2.Response(200, content=b"[]", headers={"Link": '<https://evil.example/x>; rel="next"'})

    host = Api(
        root="https://code.example", http=httpx2.Client(transport=httpx2.MockTransport(answer)), sleep=print
    )
    with pytest.raises(ForgeRefused, match="another address"):
        reviews(host, REPO, 1)


@pytest.mark.parametrize("kind", ["symlink", "submodule"])
def test_what_is_no_file_of_a_tenant_is_refused(tmp_path: Path, kind: str) -> None:
    answers = {**ANSWERS, f"/repos/{REPO}/contents/tenants": [{"type": kind, "name": "link"}]}
    with pytest.raises(ForgeRefused, match="neither a file nor a folder"):
        checkout(api(answers), REPO, SHA, ["tenants"], tmp_path)
