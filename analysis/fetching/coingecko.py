"""Asks CoinGecko for market caps: never in the hot path, a few calls an hour, everything kept for its time."""

from collections.abc import Awaitable, Callable, Collection

from analysis.fetching.sources import BACKGROUND_S, Door, Line
from analysis.quotes import NotListed, Silent
from analysis.tokenomics import MarketCap, chosen, parse_market_caps
from config.clock import Clock
from store.cache import Tier, TtlCache

KEY_HEADER = "x-cg-demo-api-key"
COINS = "/api/v3/coins/list"
MARKETS = "/api/v3/coins/markets"

Ids = Callable[[str, Collection[str]], Awaitable[tuple[str, ...]]]


class CoinGecko:
    """`ids(symbol, contracts)` are those whose contract is one of `contracts`, as the token registry has them.

    They are kept for a day, an unknown coin for an hour, a market cap for a minute.
    """

    def __init__(
        self, door: Door, clock: Clock, ids: Ids, api_key: str | None = None, deadline_s: float = BACKGROUND_S
    ) -> None:
        self._line = Line(door, "coingecko", deadline_s)
        self._headers = {KEY_HEADER: api_key} if api_key else None
        self._ids_of = ids
        self._ids: TtlCache[tuple[str, tuple[str, ...]], tuple[str, ...]] = TtlCache(clock)
        self._caps: TtlCache[tuple[str, tuple[str, ...]], MarketCap | NotListed] = TtlCache(clock)

    async def market_cap(self, symbol: str, contracts: Collection[str] = ()) -> MarketCap | NotListed | Silent:
        """The coin's size; by contract address where the registry knows one of `contracts`, else by symbol."""
        key = symbol.upper(), tuple(sorted(contracts))
        kept = self._caps.get(key)
        if kept is not None:
            return kept
        ids = await self._by_contract(key)
        which = {"ids": ",".join(ids)} if ids else {"symbols": symbol.lower(), "include_tokens": "all"}
        caps = await self._line.ask(
            MARKETS, parse_market_caps, params={"vs_currency": "usd", **which}, headers=self._headers
        )
        if isinstance(caps, Silent):
            return caps
        cap = chosen([cap for cap in caps if cap.symbol == symbol.upper()], by_contract=bool(ids))
        if cap is None:
            self._caps.set(key, NotListed(), Tier.HOUR)
            return NotListed()
        self._caps.set(key, cap, Tier.MINUTE)
        return cap

    async def _by_contract(self, key: tuple[str, tuple[str, ...]]) -> tuple[str, ...]:
        ids = self._ids.get(key)
        if ids is None:
            ids = await self._ids_of(*key)
            if ids:
                self._ids.set(key, ids, Tier.DAY)
        return ids
