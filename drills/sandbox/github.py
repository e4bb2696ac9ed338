"""A code host on loopback that answers as GitHub's REST API does, for the parts convo uses; it keeps what it is told.

Pull requests with their reviews, files and commits, contents at a commit, comparisons, users, comments of an issue.
Documented shapes and errors: pages with a Link header, 401 without a token it knows, 404 for what one may not see, 422 for
what it will not take, 301 for a repository that moved. `World.faults` makes the next matching answers fail.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from drills.sandbox.codehost import NOW, Account, Comment, Fault, Pull, Repository, Review, World
from drills.sandbox.history import Commit, NoSuchCommit

MAX_PER_PAGE = 100
PER_PAGE = 30
MAX_BODY_CHARS = 65_536
HANG_S = 30.0
EVENTS = {"APPROVE": "APPROVED", "REQUEST_CHANGES": "CHANGES_REQUESTED", "COMMENT": "COMMENTED"}


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that was let in: by whom, of which repository."""

    request: Request
    by: Account
    repository: Repository
    world: World

    def number(self, name: str) -> int:
        return int(self.request.path_params[name])

    @property
    def url(self) -> str:
        return str(self.request.base_url).rstrip("/")


class Refused(Exception):
    """Answered with this status and message."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


Handler = Callable[[Asked], Awaitable[Response]]


def build(world: World) -> Starlette:
    """The application; `/` is the root of the API, as under https://api.github.com."""
    repo = "/repos/{owner}/{name}"

    def route(path: str, handler: Handler, method: str = "GET") -> Route:
        return Route(repo + path, _guarded(world, handler), methods=[method])

    async def user(request: Request) -> Response:
        account = world.accounts.get(request.path_params["login"].casefold())
        return JSONResponse(_user(account)) if account else _error(404, "Not Found")

    return Starlette(
        routes=[
            Route("/users/{login}", user),
            route("", _repository),
            route("/branches/{branch:path}", _branch),
            route("/pulls", _pulls),
            route("/pulls/{number:int}", _pull),
            route("/pulls/{number:int}/reviews", _reviews),
            route("/pulls/{number:int}/reviews", _add_review, "POST"),
            route("/pulls/{number:int}/reviews/{review:int}/dismissals", _dismiss, "PUT"),
            route("/pulls/{number:int}/files", _files),
            route("/pulls/{number:int}/commits", _commits),
            route("/compare/{range:path}", _compare),
            route("/contents/{path:path}", _contents),
            route("/contents", _contents),
            route("/issues/{number:int}/comments", _comments),
            route("/issues/{number:int}/comments", _add_comment, "POST"),
            route("/issues/comments/{comment:int}", _edit_comment, "PATCH"),
            route("/issues/comments/{comment:int}", _delete_comment, "DELETE"),
        ]
    )


def _guarded(world: World, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        world.seen.append(f"{request.method} {request.url.path}")
        fault = world.take_fault(request.url.path)
        if fault is not None and fault.kind not in {"truncated", "not-json"}:
            return await _failing(fault)
        name = f"{request.path_params['owner']}/{request.path_params['name']}".casefold()
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        by = world.tokens.get(token) if scheme.casefold() in {"bearer", "token"} else None
        if by is None:
            return _error(401, "Bad credentials" if token else "Requires authentication")
        if name in world.moved:
            rest = request.url.path.split("/", 4)[4:]
            where = "/".join([f"{request.base_url}repos/{world.moved[name]}", *rest])
            return JSONResponse({"message": "Moved Permanently", "url": where}, 301, {"Location": where})
        if name not in world.repositories:
            return _error(404, "Not Found")
        try:
            done = await handler(Asked(request, by, world.repositories[name], world))
        except NoSuchCommit:
            return _error(404, "No commit found for the ref")
        except Refused as refused:
            return _error(refused.status, str(refused))
        return _spoilt(done, fault) if fault else done

    return answer


async def _failing(fault: Fault) -> Response:
    match fault.kind:
        case "429":
            return _error(429, "You have exceeded a rate limit", {"Retry-After": fault.retry_after})
        case "403-limited":
            headers = {"Retry-After": fault.retry_after, "X-RateLimit-Remaining": "0"}
            return _error(403, "You have exceeded a secondary rate limit", headers)
        case "403":
            return _error(403, "Resource not accessible by integration")
        case "timeout":
            await asyncio.sleep(HANG_S)
        case _:
            pass
    return _error(500, "Server Error")


def _spoilt(response: Response, fault: Fault) -> Response:
    body = bytes(response.body)
    body = body[: len(body) // 2] if fault.kind == "truncated" else b"<html>Unicorn!</html>"
    return Response(body, status_code=200, media_type="application/json")


def _error(status: int, message: str, headers: dict[str, str] | None = None) -> JSONResponse:
    body = {"message": message, "documentation_url": "https://docs.github.com/rest", "status": f"{status}"}
    return JSONResponse(body, status_code=status, headers=headers)


def _page(asked: Asked, rows: Sequence[dict[str, Any]]) -> Response:
    """One page of a list, with the Link header that leads to the others."""
    query = asked.request.query_params
    size = min(max(int(query.get("per_page", PER_PAGE)), 1), MAX_PER_PAGE)
    page = max(int(query.get("page", 1)), 1)
    last = max((len(rows) + size - 1) // size, 1)
    links = {"next": page + 1, "last": last} if page < last else {}
    if page > 1:
        links |= {"prev": page - 1, "first": 1}
    where = {name: asked.request.url.include_query_params(page=n, per_page=size) for name, n in links.items()}
    link = ", ".join(f'<{url}>; rel="{name}"' for name, url in where.items())
    return JSONResponse(list(rows[(page - 1) * size : page * size]), headers={"Link": link} if link else None)


# ---- pull requests ------------------------------------------------------------------------------------------------------


async def _repository(asked: Asked) -> Response:
    return JSONResponse(_repo(asked.repository))


async def _branch(asked: Asked) -> Response:
    name = str(asked.request.path_params["branch"])
    commit = asked.repository.history.commit(name)
    return JSONResponse(
        {"name": name, "commit": _commit(asked, commit), "protected": name == asked.repository.default_branch}
    )


async def _pulls(asked: Asked) -> Response:
    query = asked.request.query_params
    rows = [_pull_row(asked.repository, pull) for pull in asked.repository.pulls.values()]
    state, base = query.get("state", "open"), query.get("base", "")
    return _page(
        asked,
        [r for r in rows if state in ("all", r["state"]) and base in ("", r["base"]["ref"])],
    )


async def _pull(asked: Asked) -> Response:
    return JSONResponse(_pull_row(asked.repository, _pull_of(asked)))


async def _reviews(asked: Asked) -> Response:
    pull = _pull_of(asked)
    return _page(asked, [_review(asked.repository, pull, review) for review in pull.reviews])


async def _add_review(asked: Asked) -> Response:
    pull, body = _pull_of(asked), await _object(asked)
    state = EVENTS.get(str(body.get("event", "")))
    if state is None:
        raise Refused(422, "Unprocessable Entity")
    if asked.by == pull.account and state != "COMMENTED":
        raise Refused(422, "Can not approve your own pull request")
    made = asked.world.review(
        asked.repository, pull, by=asked.by, state=state, commit=str(body.get("commit_id") or "")
    )
    return JSONResponse(_review(asked.repository, pull, made))


async def _dismiss(asked: Asked) -> Response:
    pull = _pull_of(asked)
    review = next((r for r in pull.reviews if r.id == asked.number("review")), None)
    if review is None:
        raise Refused(404, "Not Found")
    review.state = "DISMISSED"
    return JSONResponse(_review(asked.repository, pull, review))


async def _files(asked: Asked) -> Response:
    pull, history = _pull_of(asked), asked.repository.history
    before, after = history.files(history.merge_base(pull.base, pull.head)), history.files(pull.head)
    rows = []
    for path in sorted({*before, *after}):
        if before.get(path) != after.get(path):
            status = "added" if path not in before else "removed" if path not in after else "modified"
            rows.append({"filename": path, "status": status, "sha": "0" * 40})
    return _page(asked, rows)


async def _commits(asked: Asked) -> Response:
    pull = _pull_of(asked)
    return _page(asked, [_commit(asked, c) for c in asked.repository.history.since(pull.base, pull.head)])


async def _compare(asked: Asked) -> Response:
    base, dots, head = asked.request.path_params["range"].partition("...")
    if not dots:
        raise Refused(404, "Not Found")
    history = asked.repository.history
    commits = history.since(base, head)
    return JSONResponse(
        {
            "status": "ahead" if commits else "identical",
            "merge_base_commit": _commit(asked, history.commit(history.merge_base(base, head))),
            "total_commits": len(commits),
            "commits": [_commit(asked, commit) for commit in commits[:250]],
        }
    )


async def _contents(asked: Asked) -> Response:
    files = asked.repository.history.files(
        asked.request.query_params.get("ref", asked.repository.default_branch)
    )
    path = str(asked.request.path_params.get("path", "")).strip("/")
    raw = "raw" in asked.request.headers.get("accept", "")
    if path in files:
        if raw:
            return Response(files[path], media_type="application/vnd.github.raw+json")
        return JSONResponse(_entry(path, "file", files[path]))
    prefix = f"{path}/" if path else ""
    inside = [(name, name[len(prefix) :].split("/", 1)) for name in sorted(files) if name.startswith(prefix)]
    if not inside:
        raise Refused(404, "Not Found")
    rows = {prefix + parts[0]: "dir" if len(parts) > 1 else "file" for _, parts in inside}
    return JSONResponse(
        [_entry(name, kind, files.get(name, b""), whole=False) for name, kind in rows.items()]
    )


# ---- comments -----------------------------------------------------------------------------------------------------------


async def _comments(asked: Asked) -> Response:
    number = asked.number("number")
    return _page(asked, [_comment(asked, c) for c in asked.repository.comments.values() if c.issue == number])


async def _add_comment(asked: Asked) -> Response:
    _pull_of(asked)
    body = _body_of(await _object(asked))
    made = Comment(id=next(asked.world.ids), issue=asked.number("number"), account=asked.by, body=body)
    asked.repository.comments[made.id] = made
    return JSONResponse(_comment(asked, made), status_code=201)


async def _edit_comment(asked: Asked) -> Response:
    held = _comment_of(asked)
    held.body = _body_of(await _object(asked))
    return JSONResponse(_comment(asked, held))


async def _delete_comment(asked: Asked) -> Response:
    del asked.repository.comments[_comment_of(asked).id]
    return Response(status_code=204)


def _pull_of(asked: Asked) -> Pull:
    pull = asked.repository.pulls.get(asked.number("number"))
    if pull is None:
        raise Refused(404, "Not Found")
    return pull


def _comment_of(asked: Asked) -> Comment:
    held = asked.repository.comments.get(asked.number("comment"))
    if held is None:
        raise Refused(404, "Not Found")
    if held.account != asked.by:
        raise Refused(403, "Resource not accessible by integration")
    return held


async def _object(asked: Asked) -> dict[str, Any]:
    try:
        body = await asked.request.json()
    except ValueError:
        raise Refused(400, "Problems parsing JSON") from None
    if not isinstance(body, dict):
        raise Refused(400, "Body should be a JSON object")
    return body


def _body_of(body: dict[str, Any]) -> str:
    text = body.get("body")
    if not isinstance(text, str) or not text or len(text) > MAX_BODY_CHARS:
        raise Refused(422, "Validation Failed: body is too long (maximum is 65536 characters) or missing")
    return text


# ---- shapes -------------------------------------------------------------------------------------------------------------


def _user(account: Account | None) -> dict[str, Any] | None:
    return account if account is None else {"login": account.login, "id": account.id, "type": account.kind}


def _pull_row(repository: Repository, pull: Pull) -> dict[str, Any]:
    history, ours = repository.history, {"full_name": repository.name}
    theirs = {"full_name": pull.fork} if pull.fork else ours
    return {
        "id": pull.number,
        "number": pull.number,
        "state": "closed" if pull.merged or pull.closed else "open",
        "merged": pull.merged,
        "title": pull.title,
        "user": _user(pull.account),
        "html_url": f"https://github.example/{repository.name}/pull/{pull.number}",
        "head": {"ref": pull.head, "sha": history.commit(pull.head).sha, "repo": theirs},
        "base": {"ref": pull.base, "sha": history.commit(pull.base).sha, "repo": ours},
    }


def _repo(repository: Repository) -> dict[str, Any]:
    branch = repository.default_branch
    return {"id": 1, "full_name": repository.name, "default_branch": branch, "private": True}


def _review(repository: Repository, pull: Pull, review: Review) -> dict[str, Any]:
    return {
        "id": review.id,
        "user": _user(review.account),
        "body": "",
        "state": review.state,
        "commit_id": review.commit_id,
        "submitted_at": review.submitted_at,
        "html_url": f"https://github.example/{repository.name}/pull/{pull.number}#pullrequestreview-{review.id}",
    }


def _commit(asked: Asked, commit: Commit) -> dict[str, Any]:
    account = asked.world.accounts.get((commit.login or "").casefold())
    person = {"name": commit.author, "email": commit.mail, "date": NOW}
    return {
        "sha": commit.sha,
        "commit": {"author": person, "committer": person, "message": commit.message},
        "author": _user(account),
        "committer": _user(account),
        "parents": [{"sha": sha} for sha in commit.parents],
    }


def _entry(path: str, kind: str, data: bytes, *, whole: bool = True) -> dict[str, Any]:
    held = {"encoding": "base64", "content": base64.encodebytes(data).decode()} if whole else {}
    return {
        "type": kind,
        "name": path.rpartition("/")[2],
        "path": path,
        "size": len(data),
        "sha": "0" * 40,
        **held,
    }


def _comment(asked: Asked, comment: Comment) -> dict[str, Any]:
    where = f"https://github.example/{asked.repository.name}/pull/{comment.issue}#issuecomment-{comment.id}"
    return {
        "id": comment.id,
        "body": comment.body,
        "user": _user(comment.account),
        "html_url": where,
        "created_at": NOW,
        "updated_at": NOW,
    }
