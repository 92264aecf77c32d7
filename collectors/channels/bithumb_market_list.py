"""Bithumb's market list: the confirmation of a listing, sometimes its first sign."""

from collections.abc import Set

from collectors import bithumb_rest
from collectors.byte_budget import ByteBudget
from collectors.channels.bithumb_ticker_all import shown
from collectors.channels.page import Page
from collectors.events import Channel, Market
from collectors.net.http import HttpDoor
from config.clock import Clock


class BithumbMarketList:
    """Every market, priced in KRW or BTC."""

    channel = Channel.BITHUMB_MARKET_LIST

    def __init__(self, door: HttpDoor, clock: Clock, every_s: float, budget: ByteBudget | None = None) -> None:
        self.every_s = every_s
        self._door = door
        self._page = Page(door, clock, bithumb_rest.SERVICE, bithumb_rest.market_list(), _markets, budget)

    async def look(self) -> Set[Market] | None:
        return await self._page.look()

    async def confirm(self, markets: Set[Market]) -> Set[Market]:
        """Which of them the all-ticker pages of their quotes show."""
        found = [await shown(self._door, quote) for quote in sorted({market.quote for market in markets})]
        return markets & frozenset().union(*found)


def _markets(status: int, body: bytes) -> Set[Market]:
    return frozenset(row.market for row in bithumb_rest.parse_market_list(status, body))
