"""Bithumb's deposit and withdrawal states, public and without a key: a coin new to this page is about to be listed."""

from collections.abc import Sequence

from collectors.channels.page import Page
from collectors.events import Channel
from collectors.exchanges import bithumb_rest
from collectors.exchanges.bithumb_rest import Wallet
from collectors.listings.byte_budget import ByteBudget
from collectors.net.http import HttpDoor
from config.clock import Clock


class BithumbAssets:
    """Every coin and network with its state; `None` where nothing changed."""

    channel = Channel.BITHUMB_ASSETS

    def __init__(self, door: HttpDoor, clock: Clock, every_s: float, budget: ByteBudget | None = None) -> None:
        self.every_s = every_s
        self._page = Page(door, clock, bithumb_rest.SERVICE, bithumb_rest.assets(), bithumb_rest.parse_assets, budget)

    async def look(self) -> Sequence[Wallet] | None:
        return await self._page.look()
