"""Asks CoinGecko for market caps: never in the hot path, a few calls an hour, everything kept for its time."""

from collections.abc import Sequence

from analysis.quotes import NotListed, Silent
from analysis.sources import BACKGROUND_S, Door, Line
from analysis.tokenomics import KnownCoin, MarketCap, chosen, named, parse_coins, parse_market_caps
from config.clock import Clock
from store.cache import Tier, TtlCache

KEY_HEADER = "x-cg-demo-api-key"
MOST_IDS = 50  # some tickers are borne by dozens of coins
COINS = "/api/v3/coins/list"
MARKETS = "/api/v3/coins/markets"


class CoinGecko:
    """The id map is kept for a day, an unknown coin for an hour, a market cap for a minute."""

    def __init__(self, door: Door, clock: Clock, api_key: str | None = None, deadline_s: float = BACKGROUND_S) -> None:
        self._line = Line(door, "coingecko", deadline_s)
        self._headers = {KEY_HEADER: api_key} if api_key else None
        self._coins: TtlCache[str, tuple[KnownCoin, ...]] = TtlCache(clock)
        self._caps: TtlCache[tuple[str, tuple[str, ...]], MarketCap | NotListed] = TtlCache(clock)

    async def coins(self) -> tuple[KnownCoin, ...] | Silent:
        """Every coin with its chains and addresses; several MB, so it is for the background."""
        known = self._coins.get(COINS)
        if known is not None:
            return known
        found = await self._line.ask(COINS, parse_coins, params={"include_platform": "true"}, headers=self._headers)
        if not isinstance(found, Silent):
            self._coins.set(COINS, found, Tier.DAY)
        return found

    async def market_cap(self, symbol: str, contracts: Sequence[str] = ()) -> MarketCap | NotListed | Silent:
        """The coin's size; by contract address where one of `contracts` is known there, else by symbol."""
        key = symbol.upper(), tuple(contracts)
        kept = self._caps.get(key)
        if kept is not None:
            return kept
        coins = await self.coins()
        if isinstance(coins, Silent):
            return coins
        ids, by_contract = named(coins, symbol, contracts)
        if not ids:
            self._caps.set(key, NotListed(), Tier.HOUR)
            return NotListed()
        caps = await self._line.ask(
            MARKETS,
            parse_market_caps,
            params={"vs_currency": "usd", "ids": ",".join(ids[:MOST_IDS])},
            headers=self._headers,
        )
        if isinstance(caps, Silent):
            return caps
        cap = chosen(caps, by_contract)
        if cap is None:
            return Silent(f"CoinGecko lists {symbol.upper()} but gave no figures for it")
        self._caps.set(key, cap, Tier.MINUTE)
        return cap
