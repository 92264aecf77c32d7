"""Bithumb's page of all KRW tickers (API 1.x, still served): a new coin is a new key."""

from collections.abc import Mapping, Set
from functools import partial

from collectors.channels.page import Page, read
from collectors.events import Channel, Market
from collectors.exchanges import bithumb_rest
from collectors.listings.byte_budget import ByteBudget
from collectors.net.http import HttpDoor
from config.clock import Clock


class BithumbTickerAll:
    """The KRW markets that have a row."""

    channel = Channel.BITHUMB_TICKER_ALL

    def __init__(self, door: HttpDoor, clock: Clock, every_s: float, budget: ByteBudget | None = None) -> None:
        self.every_s = every_s
        self.names: Mapping[Market, str] = {}
        self._door = door
        self._page = Page(
            door, clock, bithumb_rest.SERVICE, bithumb_rest.ticker_all(), bithumb_rest.parse_ticker_codes, budget
        )

    async def look(self) -> Set[Market] | None:
        return await self._page.look()

    async def confirm(self, markets: Set[Market]) -> Set[Market]:
        """Which of them the market list shows."""
        request = bithumb_rest.market_list()
        rows = await read(self._door, bithumb_rest.SERVICE, request, bithumb_rest.parse_market_list)
        return markets & {row.market for row in rows}


async def shown(door: HttpDoor, quote: str) -> Set[Market]:
    """The markets of one quote that have a row; raise ChannelTrouble."""
    parse = partial(bithumb_rest.parse_ticker_codes, quote=quote)
    return await read(door, bithumb_rest.SERVICE, bithumb_rest.ticker_all(quote), parse)
