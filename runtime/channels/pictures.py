"""The pictures of a turn, fetched once and only where a model may look at them. What cannot be had is simply not there."""

from __future__ import annotations

import dataclasses
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from runtime.engine.pictures import MAX_A_TURN, MAX_BYTES, kind_of, may_be_seen
from runtime.errors import SecretMissing
from runtime.messages import Media, Pending, Turn
from runtime.ports import Channel, Clock, HoldsMedia, NoMedia, Secrets
from runtime.telemetry import error_fields, log

FETCH_DEADLINE_S = 3.0

Keep = Callable[..., Awaitable[None]]  # ports.Turns.keep_media


class FetchedPictures:
    """ports.Pictures over the channels. A refusal is kept like a picture, so that it is not asked for again."""

    def __init__(
        self, *, channels: Mapping[str, Channel], secrets: Secrets, keep: Keep, clock: Clock
    ) -> None:
        self._channels = channels
        self._secrets = secrets
        self._keep = keep
        self._clock = clock

    async def seen(self, turn: Turn) -> Turn:
        """See ports.Pictures."""
        channel = self._channels.get(turn.channel)
        wanted = [m.id for p in turn.pending for m in p.media if m.reference and _is_picture(m)][-MAX_A_TURN:]
        if not wanted or not may_be_seen(turn.active) or not hasattr(channel, "fetch_media"):
            return turn
        pending = [await self._of(turn, p, wanted, channel) for p in turn.pending]
        return dataclasses.replace(turn, pending=tuple(pending))

    async def _of(self, turn: Turn, pending: Pending, wanted: list[Any], channel: Any) -> Pending:
        media = [
            await self._one(turn, pending.seq, m, channel) if m.id in wanted else m for m in pending.media
        ]
        return dataclasses.replace(pending, media=tuple(media))

    async def _one(self, turn: Turn, seq: int, media: Media, channel: HoldsMedia) -> Media:
        try:
            data = await self._fetched(turn, media, channel)
            kind = kind_of(data)
            if kind is None:
                raise NoMedia("it is no picture", for_good=True)
            found = Media(id=media.id, media_type=kind, size=len(data), data=data)
            await self._keep(turn, seq, found, now=self._clock.now())
        except NoMedia as refusal:
            if refusal.for_good:
                gone = Media(id=media.id, media_type=media.media_type, size=media.size)
                await self._kept(turn, seq, gone, str(refusal))
            return media
        except Exception as error:  # a picture is never worth a turn
            log().warning("picture not fetched", conversation=turn.conversation_id, **error_fields(error))
            return media
        return found

    async def _fetched(self, turn: Turn, media: Media, channel: HoldsMedia) -> bytes:
        connection = turn.active.connections.get(turn.connection_id)
        if connection is None or media.reference is None:
            raise NoMedia("there is no such connection", for_good=False)
        try:
            reference = connection.secrets.get("api", "")
            secrets = {"api": await self._secrets.get(turn.tenant_id, reference)} if reference else {}
        except SecretMissing as error:
            raise NoMedia("there is no key", for_good=False) from error
        return await channel.fetch_media(
            connection, secrets, media.reference, max_bytes=MAX_BYTES, deadline_s=FETCH_DEADLINE_S
        )

    async def _kept(self, turn: Turn, seq: int, media: Media, why: str) -> None:
        try:
            await self._keep(turn, seq, media, refused=why, now=self._clock.now())
        except Exception as error:
            log().warning("refusal not kept", conversation=turn.conversation_id, **error_fields(error))


def _is_picture(media: Media) -> bool:
    return media.media_type.startswith("image/")
