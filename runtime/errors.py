"""The runtime's few errors. The docstring is the message its reader sees; the cause is kept."""

from __future__ import annotations

from schemas.refusals import NOT_PUBLISHED, STALE_PLAN


class ConvoError(Exception):
    """Something convo could not do."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or (self.__doc__ or "").strip())


class MalformedWebhook(ConvoError):
    """The webhook's body cannot be read."""


class Overloaded(ConvoError):
    """Too much is waiting to be stored; the sender should try again in a moment."""


class SecretMissing(ConvoError):
    """A secret that a connection refers to has no value. Set it with `convo secret set TENANT NAME`."""


class BundleMissing(ConvoError):
    """No bundle of that digest is published for this tenant."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or NOT_PUBLISHED.says(BundleMissing.__doc__ or ""))


class BundleRefused(ConvoError):
    """The bundle may not be used: it is unsigned, tampered with, another tenant's, or unapproved on a real connection."""


class PointerMoved(ConvoError):
    """Somebody activated another bundle meanwhile; look at `convo status` and try again."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or STALE_PLAN.says(PointerMoved.__doc__ or ""))


class NotConfigured(ConvoError):
    """A setting is missing."""
