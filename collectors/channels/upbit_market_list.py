"""Upbit's market list: late (near the start of trading), but it can't be misread."""

from collections.abc import Mapping, Set

from collectors.channels.page import Page, read
from collectors.events import Channel, Market
from collectors.exchanges import upbit_rest
from collectors.listings.byte_budget import ByteBudget
from collectors.net.http import HttpDoor
from config.clock import Clock

QUOTES = ("KRW", "BTC", "USDT")


class UpbitMarketList:
    """Every market of every quote."""

    channel = Channel.UPBIT_MARKET_LIST

    def __init__(self, door: HttpDoor, clock: Clock, every_s: float, budget: ByteBudget | None = None) -> None:
        self.every_s = every_s
        self.names: Mapping[Market, str] = {}
        self._door = door
        self._page = Page(
            door, clock, upbit_rest.SERVICE, upbit_rest.market_list(), upbit_rest.parse_market_list, budget
        )

    async def look(self) -> Set[Market] | None:
        rows = await self._page.look()
        if rows is None:
            return None
        self.names = {row.market: row.korean_name or row.english_name for row in rows}
        return self.names.keys()

    async def confirm(self, markets: Set[Market]) -> Set[Market]:
        """Which of them the all-ticker page shows."""
        request = upbit_rest.ticker_all(QUOTES)
        return markets & await read(self._door, upbit_rest.SERVICE, request, upbit_rest.parse_ticker_codes)
