"""Fills the token registry: CoinGecko's list and the venues' own in the background, a notice's coin at once.

CoinGecko's list has some 17,000 coins. It is read and written in slices, so that neither the loop nor a transaction is
held for more than a few milliseconds.
"""

import asyncio
import logging
from collections.abc import Callable, Collection, Mapping
from functools import partial
from pathlib import Path
from typing import Protocol

import msgspec
from msgspec import Struct

from analysis.fetching.coingecko import COINS, KEY_HEADER
from analysis.fetching.reading import Reply
from analysis.fetching.sources import Door, Line
from analysis.keepers.token_list import (
    CoinNames,
    ReadCoin,
    ids_of,
    names_of,
    parse_raw_coins,
    read_coins,
    tokens_at_venue,
    tokens_in_notice,
    tokens_of,
)
from analysis.quotes import Silent
from analysis.tokenomics import KnownCoin
from analysis.venues import bitget_wire, coinbase_wire, gate_wire
from collectors.events import Exchange
from collectors.notices.notice_parser import ParsedNotice
from config.clock import Clock
from config.settings import Network
from store import rows
from store.database import Connection
from store.tables import token_registry
from store.tables.token_registry import Token

log = logging.getLogger(__name__)

FIRST_AFTER_S = 20.0  # the start has other things to do
EVERY_S = 86_400.0
AGAIN_AFTER_S = 900.0
DEADLINE_S = 60.0  # several MB from a slow service
COINS_A_STEP = 250
ROWS_A_SLICE = 200
REST_S = 0.05  # between two slices


class _VenueList(Struct, frozen=True):
    path: str
    parse: Callable[[Reply], list[msgspec.Raw]]
    read: ReadCoin


VENUE_LISTS: Mapping[str, _VenueList] = {
    "gate": _VenueList("/api/v4/spot/currencies", gate_wire.parse_coins, gate_wire.read_coin),
    "bitget": _VenueList("/api/v2/spot/public/coins", bitget_wire.parse_coins, bitget_wire.read_coin),
    "coinbase": _VenueList("/currencies", coinbase_wire.parse_coins, coinbase_wire.read_coin),
}


class Writer(Protocol):
    def offer(self, work: Callable[[Connection], object]) -> bool: ...
    async def run(self, work: Callable[[Connection], None], urgent: bool = False) -> None: ...


class TokenKeeper:
    """`run()` keeps the registry fresh, `note` adds what a notice says, `known` answers for the verdict."""

    def __init__(
        self,
        door: Door,
        path: Path,
        writer: Writer,
        clock: Clock,
        networks: Mapping[str, Network],
        api_key: str | None = None,
    ) -> None:
        self._door = door
        self._line = Line(door, "coingecko", DEADLINE_S)
        self._headers = {KEY_HEADER: api_key} if api_key else None
        self._path = path
        self._writer = writer
        self._clock = clock
        self._networks = networks

    async def run(self) -> None:
        """Once a day, for ever; a CoinGecko list that did not come is asked for again a quarter of an hour later."""
        await self._clock.sleep(FIRST_AFTER_S)
        while True:
            came = await self.fill()
            for venue in VENUE_LISTS:
                await self.fill_from(venue)
            await self._clock.sleep(EVERY_S if came else AGAIN_AFTER_S)

    async def fill(self) -> int:
        """Take the whole list in; return how many rows that was, 0 if it did not come."""
        told = await self._line.ask(COINS, parse_raw_coins, params={"include_platform": "true"}, headers=self._headers)
        if isinstance(told, Silent):
            log.warning("the list of tokens did not come: %s", told.reason)
            return 0
        by_symbol: dict[str, list[KnownCoin]] = {}
        for at in range(0, len(told), COINS_A_STEP):
            for coin in read_coins(told[at : at + COINS_A_STEP]):
                by_symbol.setdefault(coin.symbol, []).append(coin)
            await asyncio.sleep(0)
        kept, slice_ = 0, list[Token]()
        for coins in by_symbol.values():
            slice_ += tokens_of(coins, self._networks)
            if len(slice_) >= ROWS_A_SLICE:
                kept += await self._store(slice_)
                slice_ = []
        kept += await self._store(slice_)
        log.info("the token registry knows %d tickers, %d rows", len(by_symbol), kept)
        return kept

    async def fill_from(self, venue: str) -> int:
        """Take in the addresses of one venue for coins and chains that no better source knows; return how many."""
        asked = VENUE_LISTS[venue]
        told = await Line(self._door, venue, DEADLINE_S).ask(asked.path, asked.parse, group="transfer")
        if isinstance(told, Silent):
            log.warning("the list of coins of %s did not come: %s", venue, told.reason)
            return 0
        kept = 0
        for at in range(0, len(told), COINS_A_STEP):
            tokens = list(tokens_at_venue(venue, told[at : at + COINS_A_STEP], asked.read, self._networks))
            await self._writer.run(partial(rows.execute, work=token_registry.listed_at_venue(tokens)))
            await self._clock.sleep(REST_S)
            kept += len(tokens)
        return kept

    def note(self, exchange: Exchange, notice: ParsedNotice) -> None:
        """Register the coin of a listing with what its notice names."""
        named = tokens_in_notice(exchange, notice.symbols, notice.networks, notice.contracts, self._networks)

        def work(connection: Connection) -> None:
            for token in named:
                token_registry.save(connection, token)

        if named and not self._writer.offer(work):
            log.warning("%s is not in the token registry: the writer is full", notice.symbols[0])

    async def known(self, exchange: Exchange, base: str) -> CoinNames:
        """What the registry says of a ticker, read beside the loop; nothing where it can't be read."""
        tokens = await asyncio.to_thread(token_registry.read, self._path, base)
        return names_of(exchange, tokens, self._networks)

    async def coingecko_ids(self, base: str, contracts: Collection[str]) -> tuple[str, ...]:
        """CoinGecko's names of the coins of this ticker whose contract is one of `contracts`."""
        if not contracts:
            return ()
        tokens = await asyncio.to_thread(token_registry.read, self._path, base)
        return ids_of(tokens, contracts)

    async def _store(self, tokens: list[Token]) -> int:
        """One slice of whole tickers, each transaction a part of it."""
        for at in range(0, len(tokens), ROWS_A_SLICE):
            part = token_registry.listed(tokens[at : at + ROWS_A_SLICE])
            await self._writer.run(partial(rows.execute, work=part))
            await self._clock.sleep(REST_S)
        return len(tokens)
