"""The code host: pull requests, their reviews, and the files those reviews were of. For approvals only, and only read."""

from __future__ import annotations

from compiler.forge.github import Commit, Pull, Review, checkout, commits, merge_base, pull, reviews
from compiler.forge.http import Api, ForgeRefused, api_of
from compiler.forge.judge import Counted, counting, covered

__all__ = [
    "Api",
    "Commit",
    "Counted",
    "ForgeRefused",
    "Pull",
    "Review",
    "api_of",
    "checkout",
    "commits",
    "counting",
    "covered",
    "merge_base",
    "pull",
    "reviews",
]
