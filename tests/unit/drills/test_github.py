"""The code host of the sandbox answers as GitHub's REST API does, for the parts convo uses."""

from __future__ import annotations

from collections.abc import Iterator

import httpx2
import pytest

from drills.inthread import InThread, free_port
from drills.sandbox.codehost import Fault, World
from drills.sandbox.github import build
from drills.sandbox.history import Memory

REPO = "/repos/example/tenants"


@pytest.fixture
def world() -> World:
    made = World()
    made.account("wat-example", token="t-wat")
    made.account("ci", kind="Bot", token="t-ci")
    history = Memory()
    history.add({"a/one.yaml": b"1\n", "b.yaml": b"b\n"}, branch="main")
    history.add({"a/one.yaml": b"2\n", "b.yaml": b"b\n"}, branch="change", parents=[history.branches["main"]])
    repository = made.repository("example/tenants", history)
    made.open_pull(repository, by=made.account("wat-example"), head="change")
    return made


@pytest.fixture
def host(world: World) -> Iterator[httpx2.Client]:
    with (
        InThread(build(world), free_port()) as served,
        httpx2.Client(
            base_url=served.url, headers={"Authorization": "Bearer t-ci"}, trust_env=False
        ) as client,
    ):
        yield client


def test_a_pull_request_tells_its_author_its_commits_and_its_files(host: httpx2.Client) -> None:
    pull = host.get(f"{REPO}/pulls/1").json()
    assert (pull["user"]["login"], pull["state"], pull["base"]["ref"]) == ("wat-example", "open", "main")
    assert [f["filename"] for f in host.get(f"{REPO}/pulls/1/files").json()] == ["a/one.yaml"]
    assert [c["sha"] for c in host.get(f"{REPO}/pulls/1/commits").json()] == [pull["head"]["sha"]]
    compared = host.get(f"{REPO}/compare/{pull['base']['sha']}...{pull['head']['sha']}").json()
    assert compared["merge_base_commit"]["sha"] == pull["base"]["sha"]


def test_contents_are_those_of_the_commit_asked_for(host: httpx2.Client) -> None:
    sha = host.get(f"{REPO}/pulls/1").json()["head"]["sha"]
    raw = {"Accept": "application/vnd.github.raw+json"}
    assert host.get(f"{REPO}/contents/a/one.yaml", params={"ref": sha}, headers=raw).content == b"2\n"
    assert host.get(f"{REPO}/contents/a/one.yaml", params={"ref": "main"}, headers=raw).content == b"1\n"
    listed = host.get(f"{REPO}/contents", params={"ref": sha}).json()
    assert [(e["path"], e["type"]) for e in listed] == [("a", "dir"), ("b.yaml", "file")]
    assert host.get(f"{REPO}/contents/a/none.yaml").status_code == 404


def test_a_comment_is_written_once_edited_and_found_by_pages(host: httpx2.Client) -> None:
    ids = [host.post(f"{REPO}/issues/1/comments", json={"body": f"n {n}"}).json()["id"] for n in range(3)]
    assert host.patch(f"{REPO}/issues/comments/{ids[1]}", json={"body": "again"}).json()["body"] == "again"
    first = host.get(f"{REPO}/issues/1/comments", params={"per_page": 2})
    second = host.get(first.links["next"]["url"])
    assert [c["body"] for c in [*first.json(), *second.json()]] == ["n 0", "again", "n 2"]
    assert "next" not in second.links
    assert host.post(f"{REPO}/issues/1/comments", json={"body": "x" * 65_537}).status_code == 422
    assert host.delete(f"{REPO}/issues/comments/{ids[0]}").status_code == 204


def test_nobody_approves_their_own_pull_request(host: httpx2.Client) -> None:
    own = {"Authorization": "Bearer t-wat"}
    assert host.post(f"{REPO}/pulls/1/reviews", json={"event": "APPROVE"}, headers=own).status_code == 422
    review = host.post(f"{REPO}/pulls/1/reviews", json={"event": "APPROVE"}).json()
    assert (review["state"], review["user"]["type"]) == ("APPROVED", "Bot")
    gone = host.put(f"{REPO}/pulls/1/reviews/{review['id']}/dismissals", json={"message": "no"})
    assert gone.json()["state"] == "DISMISSED"


def test_who_may_not_see_it_is_told_nothing(host: httpx2.Client, world: World) -> None:
    assert host.get(f"{REPO}/pulls/1", headers={"Authorization": "Bearer wrong"}).status_code == 401
    assert host.get("/repos/example/other/pulls/1").status_code == 404
    world.moved["old/name"] = "example/tenants"
    moved = host.get("/repos/old/name/pulls/1")
    assert (moved.status_code, moved.headers["location"]) == (
        301,
        f"http://{host.base_url.netloc.decode()}{REPO}/pulls/1",
    )


def test_a_fault_that_was_asked_for_happens_as_often(host: httpx2.Client, world: World) -> None:
    world.faults.append(Fault("429", "/reviews", times=2, retry_after="7"))
    answers = [host.get(f"{REPO}/pulls/1/reviews") for _ in range(3)]
    assert [(a.status_code, a.headers.get("retry-after")) for a in answers] == [
        (429, "7"),
        (429, "7"),
        (200, None),
    ]
    world.faults.append(Fault("truncated"))
    with pytest.raises(ValueError):
        host.get(f"{REPO}/pulls/1").json()
