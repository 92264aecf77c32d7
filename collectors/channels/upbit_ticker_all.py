"""Upbit's page of all KRW tickers: a new coin is a new row, at times before the market list has it."""

from collections.abc import Mapping, Set

from collectors.channels.page import Page, read
from collectors.events import Channel, Market
from collectors.exchanges import upbit_rest
from collectors.listings.byte_budget import ByteBudget
from collectors.net.http import HttpDoor
from config.clock import Clock


class UpbitTickerAll:
    """The KRW markets that have a row; about 190 kB each time, and never unchanged while anything trades."""

    channel = Channel.UPBIT_TICKER_ALL

    def __init__(self, door: HttpDoor, clock: Clock, every_s: float, budget: ByteBudget | None = None) -> None:
        self.every_s = every_s
        self.names: Mapping[Market, str] = {}
        self._door = door
        self._page = Page(
            door, clock, upbit_rest.SERVICE, upbit_rest.ticker_all(), upbit_rest.parse_ticker_codes, budget
        )

    async def look(self) -> Set[Market] | None:
        return await self._page.look()

    async def confirm(self, markets: Set[Market]) -> Set[Market]:
        """Which of them the market list shows."""
        rows = await read(self._door, upbit_rest.SERVICE, upbit_rest.market_list(), upbit_rest.parse_market_list)
        return markets & {row.market for row in rows}
