"""What a connection can be is what there is a channel for."""

from __future__ import annotations

from runtime.channels import channels, client
from runtime.ports import CHANNELS


async def test_every_kind_a_connection_can_be_has_its_channel() -> None:
    async with client() as http:
        assert channels(http).keys() == CHANNELS
