"""Bithumb's market list: the confirmation of a listing, sometimes its first sign."""

from collections.abc import Mapping, Set

from collectors.channels.bithumb_ticker_all import shown
from collectors.channels.page import Page
from collectors.events import Channel, Market
from collectors.exchanges import bithumb_rest
from collectors.listings.byte_budget import ByteBudget
from collectors.net.http import HttpDoor
from config.clock import Clock


class BithumbMarketList:
    """Every market, priced in KRW or BTC."""

    channel = Channel.BITHUMB_MARKET_LIST

    def __init__(self, door: HttpDoor, clock: Clock, every_s: float, budget: ByteBudget | None = None) -> None:
        self.every_s = every_s
        self.names: Mapping[Market, str] = {}
        self._door = door
        self._page = Page(
            door, clock, bithumb_rest.SERVICE, bithumb_rest.market_list(), bithumb_rest.parse_market_list, budget
        )

    async def look(self) -> Set[Market] | None:
        rows = await self._page.look()
        if rows is None:
            return None
        self.names = {row.market: row.korean_name or row.english_name for row in rows}
        return self.names.keys()

    async def confirm(self, markets: Set[Market]) -> Set[Market]:
        """Which of them the all-ticker pages of their quotes show."""
        found = [await shown(self._door, quote) for quote in sorted({market.quote for market in markets})]
        return markets & frozenset().union(*found)
