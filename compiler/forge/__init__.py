"""The code host: pull requests, their reviews, and the files those reviews were of. For approvals only, and only read."""

from __future__ import annotations

from compiler.forge.github import (
    Commit,
    Pull,
    Review,
    checkout,
    co_authors,
    commits,
    default_branch,
    merge_base,
    pull,
    reviews,
)
from compiler.forge.http import Api, ForgeRefused, api_of
from compiler.forge.judge import Counted, counting, covered, standing

__all__ = [
    "Api",
    "Commit",
    "Counted",
    "ForgeRefused",
    "Pull",
    "Review",
    "api_of",
    "checkout",
    "co_authors",
    "commits",
    "counting",
    "covered",
    "default_branch",
    "merge_base",
    "pull",
    "reviews",
    "standing",
]
