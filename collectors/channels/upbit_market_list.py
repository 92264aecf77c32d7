"""Upbit's market list: late (near the start of trading), but it can't be misread."""

from collections.abc import Set

from collectors import upbit_rest
from collectors.byte_budget import ByteBudget
from collectors.channels.page import Page, read
from collectors.events import Channel, Market
from collectors.net.http import HttpDoor
from config.clock import Clock

QUOTES = ("KRW", "BTC", "USDT")


class UpbitMarketList:
    """Every market of every quote."""

    channel = Channel.UPBIT_MARKET_LIST

    def __init__(self, door: HttpDoor, clock: Clock, every_s: float, budget: ByteBudget | None = None) -> None:
        self.every_s = every_s
        self._door = door
        self._page = Page(door, clock, upbit_rest.SERVICE, upbit_rest.market_list(), _markets, budget)

    async def look(self) -> Set[Market] | None:
        return await self._page.look()

    async def confirm(self, markets: Set[Market]) -> Set[Market]:
        """Which of them the all-ticker page shows."""
        request = upbit_rest.ticker_all(QUOTES)
        return markets & await read(self._door, upbit_rest.SERVICE, request, upbit_rest.parse_ticker_codes)


def _markets(status: int, body: bytes) -> Set[Market]:
    return frozenset(row.market for row in upbit_rest.parse_market_list(status, body))
