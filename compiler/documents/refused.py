"""The one way in which a document is turned down."""

from __future__ import annotations


class DocumentRefused(Exception):
    """The file cannot be read as a firm's document; the message says why and what to do."""
