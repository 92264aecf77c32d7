"""Tells the listing book when Upbit opens the deposits of a coin that is being listed.

Bithumb shows the states of all coins to everyone, and a channel of its own reads them. Upbit's need a key and are asked
only for coins under watch, so it is the looks at a listing that see them open.
"""

import asyncio
from typing import Protocol

from msgspec import Struct

from analysis.verdict import TransferState, Verdict
from collectors.events import Exchange, Listing, ListingState
from collectors.listings.market_monitor import Gate, News

WITHOUT_CHANNEL = ("upbit",)  # exchanges whose deposits no listing channel shows
WAITING = (ListingState.ANNOUNCED, ListingState.POSTPONED)


class Book(Protocol):
    async def see_deposits(self, exchange: Exchange, base: str, are_open: bool, seen_ms: int) -> News: ...


class _Seen(Struct, frozen=True):
    listing: Listing
    are_open: bool
    seen_ms: int


class DepositWatch:
    """`note` each look, which waits for nothing; `run` hands on what changed, for ever, and may be started again."""

    def __init__(self) -> None:
        self._noted: dict[str, tuple[bool, tuple[str, ...]]] = {}  # with the markets: one that joins begins a new round
        self._news: asyncio.Queue[_Seen] = asyncio.Queue()  # bounded by what is watched: changes only

    def note(self, listing: Listing, verdict: Verdict) -> None:
        """What a look saw of the deposits of a listing that has not opened."""
        if listing.exchange not in WITHOUT_CHANNEL:
            return
        if listing.state not in WAITING:
            self._noted.pop(listing.key, None)
            return
        are_open = deposits(verdict, listing.exchange)
        if are_open is None or self._noted.get(listing.key) == (are_open, listing.quotes):
            return
        self._noted[listing.key] = are_open, listing.quotes
        self._news.put_nowait(_Seen(listing, are_open, verdict.made_ms))

    async def run(self, book: Book, gate: Gate) -> None:
        while True:
            seen = await self._news.get()
            try:
                news = await book.see_deposits(seen.listing.exchange, seen.listing.base, seen.are_open, seen.seen_ms)
            except Exception:
                self._noted.pop(seen.listing.key, None)  # the next look tells it again
                raise
            for listing in news.listings:
                gate.offer(listing)


def deposits(verdict: Verdict, exchange: str) -> bool | None:
    """Whether any network takes the coin, by the exchange's own word; None unless it says so of one, or no of all."""
    prefix = f"{exchange}.deposit."
    told = {fact.value for name, fact in verdict.facts.items() if name.startswith(prefix)}
    if TransferState.OPEN.value in told:
        return True
    return False if told == {TransferState.CLOSED.value} else None
