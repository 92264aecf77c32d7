"""One market on two connections counts as live while either is: a sink for each connection in front of the one sink.

Trades of both go on; who stores them knows repeats by their ids.
"""

from collections.abc import Mapping, Sequence

from collectors.events import Exchange, Fills, GapCause, Market, OrderBook, Trade
from collectors.feeds.sink import Sink


class Overlap:
    """Hands out a sink for each connection of an exchange."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._holders: dict[Market, dict[Sink, int]] = {}  # and from when on, in exchange time
        self._sound: dict[Sink, int] = {}  # until when those that hold a market are

    def handle(self) -> Sink:
        """The sink of one more connection."""
        return _Handle(self._sink, self._holders, self._sound)


class _Handle:
    """What one connection tells."""

    def __init__(self, sink: Sink, holders: dict[Market, dict[Sink, int]], sound: dict[Sink, int]) -> None:
        self._sink = sink
        self._holders = holders
        self._sound = sound
        self._held: set[Market] = set()

    @property
    def hurried(self) -> bool:
        return self._sink.hurried

    def exchange_ms(self, exchange: Exchange) -> int:
        return self._sink.exchange_ms(exchange)

    def trade(self, trade: Trade) -> None:
        self._sink.trade(trade)

    def trades(self, fills: Fills) -> None:
        self._sink.trades(fills)

    def book(self, book: OrderBook) -> None:
        self._sink.book(book)

    def live(self, markets: Sequence[Market], at_ms: int) -> None:
        """Only what no other connection holds is news."""
        fresh = [market for market in markets if not self._others(market)]
        for market in markets:
            self._holders.setdefault(market, {}).setdefault(self, at_ms)
        self._held.update(markets)
        self._sound.setdefault(self, at_ms)
        if fresh:
            self._sink.live(fresh, at_ms)
        for exchange in {market.exchange for market in markets}:
            self._sink.sound(exchange, min(self._sound.values()))

    def lost(self, markets: Sequence[Market], from_ms: int, cause: GapCause) -> None:
        """What another connection still holds is not lost; missed until it held it, if this one fell silent before."""
        gone: list[Market] = []
        missed: dict[int, list[Market]] = {}
        for market in markets:
            self._holders.get(market, {}).pop(self, None)
            held_ms = min(self._others(market).values(), default=None)
            if held_ms is None:
                gone.append(market)
            elif held_ms > from_ms:
                missed.setdefault(held_ms, []).append(market)
        self._held.difference_update(markets)
        if not self._held:
            self._sound.pop(self, None)
        if gone:
            self._sink.lost(gone, from_ms, cause)
        for held_ms, until_then in missed.items():
            self._sink.missed(until_then, from_ms, held_ms)

    def missed(self, markets: Sequence[Market], from_ms: int, to_ms: int) -> None:
        """Missed on all: what silenced this connection may have silenced the others, that know their rhythm less."""
        self._sink.missed(markets, from_ms, to_ms)

    def sound(self, exchange: Exchange, until_ms: int) -> None:
        """No sounder than the one among all that has been silent longest."""
        self._sound[self] = until_ms
        self._sink.sound(exchange, min(self._sound.values()))

    def rejected(self, exchange: Exchange, reason: str, sample: bytes, at_ms: int) -> None:
        self._sink.rejected(exchange, reason, sample, at_ms)

    def _others(self, market: Market) -> Mapping[Sink, int]:
        return {sink: since_ms for sink, since_ms in self._holders.get(market, {}).items() if sink is not self}
