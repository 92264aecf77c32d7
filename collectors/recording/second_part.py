"""Some trades of one second, folded: how parts of a second join, and how a closed one is kept small. Pure."""

import struct
from array import array
from collections.abc import Callable, Collection, Sequence
from functools import lru_cache

from msgspec import Struct

from collectors.events import Candle, Fill, Market, Trade
from config.units import whole_second

ORDER_MEMORY = 1_000.0  # a minute in which a connection shuffles its messages must not count as the rule
NO_ORDER = 0.25

Print = Trade | Fill  # what a candle is made of, alike in price, volume, traded_ms and trade_id
Key = tuple[int, int]  # what orders trades: traded_ms, and the id or (Bithumb) nothing


class Part(Struct, frozen=True, gc=False):
    """Some trades of one second: what a candle needs, and the keys that say which of two parts opens and closes."""

    first: Key
    last: Key
    candle: Candle


def by_id(trade: Print) -> Key:
    return trade.traded_ms, trade.trade_id


def by_arrival(trade: Print) -> Key:
    return trade.traded_ms, 0


Folding = tuple[Print, Print, float, float, float, float]  # first, last, high, low, volume, quote volume


def _folding(trades: Sequence[Print], *, arrival_tells: bool) -> Folding:
    """What some trades of one second come to, given in order of arrival."""
    first = last = trades[0]
    first_ms = last_ms = first.traded_ms
    high = low = price = first.price
    volume = first.volume
    quote_volume = price * volume
    for trade in trades[1:]:
        price, size, at_ms = trade.price, trade.volume, trade.traded_ms
        if price > high:
            high = price
        elif price < low:
            low = price
        volume += size
        quote_volume += price * size
        if at_ms > last_ms:  # as nearly always
            last, last_ms = trade, at_ms
            continue
        if at_ms == last_ms and (arrival_tells or trade.trade_id >= last.trade_id):
            last = trade
        if at_ms <= first_ms and (at_ms < first_ms or (not arrival_tells and trade.trade_id < first.trade_id)):
            first, first_ms = trade, at_ms
    return first, last, high, low, volume, quote_volume


def fold(market: Market, trades: Sequence[Print], order: Callable[[Print], Key]) -> Part:
    """The part that some trades of one second of a market make, given in order of arrival."""
    first, last, high, low, volume, quote_volume = _folding(trades, arrival_tells=order is by_arrival)
    open_ms = whole_second(first.traded_ms)
    candle = Candle(market, open_ms, first.price, high, low, last.price, volume, quote_volume, len(trades))
    return Part(order(first), order(last), candle)


def join(earlier: Part, later: Part) -> Part:
    """Two parts of one second, `later` of which arrived later: that decides only where keys are equal."""
    a, b = earlier.candle, later.candle
    opens = a if earlier.first <= later.first else b
    closes = b if later.last >= earlier.last else a
    candle = Candle(
        a.market,
        a.open_ms,
        opens.open,
        max(a.high, b.high),
        min(a.low, b.low),
        closes.close,
        a.volume + b.volume,
        a.quote_volume + b.quote_volume,
        a.trades + b.trades,
    )
    return Part(min(earlier.first, later.first), max(earlier.last, later.last), candle)


class ArrivalOrder:
    """Whether trades of one millisecond came in the order in which they were matched; for ids that may tell.

    Bithumb's socket ids look like a growing count, but nobody promises it. So they are believed until they contradict
    the arrival too often for an accident: then they are no order at all, and say nothing.
    """

    def __init__(self) -> None:
        self._contradicted = 0.0  # the part of late, of what had an order to tell

    def doubtful(self, trades: Sequence[Print]) -> bool:
        """Whether open or close of these trades, given in order of arrival, may be wrong."""
        stamps = [trade.traded_ms for trade in trades]
        doubtful = False
        for edge_ms in {min(stamps), max(stamps)}:
            edge = [trade for trade in trades if trade.traded_ms == edge_ms]
            if len({trade.price for trade in edge}) < 2:
                continue
            ids = [trade.trade_id for trade in edge]
            swapped = ids != sorted(ids)
            self._contradicted += (swapped - self._contradicted) / ORDER_MEMORY
            doubtful |= swapped
        return doubtful and self._contradicted < NO_ORDER


def contested(earlier: Part, later: Part) -> bool:
    """Whether both parts have the same first or last key at different prices: only the arrival tells which is which."""
    a, b = earlier.candle, later.candle
    opens = earlier.first == later.first and a.open != b.open
    return opens or (earlier.last == later.last and a.close != b.close)


def unknown(trades: Sequence[Print], known: set[int]) -> list[Print]:
    """Those whose ids are not among the `known`, each once; their ids are `known` then."""
    fresh = []
    # A snapshot may overtake its own trade, and others of its millisecond: where the trade itself came, it stands.
    for trade in sorted(trades, key=_is_repeated):
        if trade.trade_id not in known:
            known.add(trade.trade_id)
            fresh.append(trade)
    return fresh


def _is_repeated(trade: Print) -> bool:
    return isinstance(trade, Trade) and trade.snapshot


_PACKED = struct.Struct("=qQqQ6dq")  # in the order of bytes that `array` has
_64_BITS = (1 << 64) - 1


@lru_cache(maxsize=256)
def _ids_of(count: int) -> struct.Struct:
    return struct.Struct(f"{count}Q")


@lru_cache(maxsize=256)
def _whole(count: int) -> struct.Struct:
    return struct.Struct(f"{_PACKED.format}{count}Q")


def _packed_ids(ids: Collection[int]) -> bytes:
    try:
        return _ids_of(len(ids)).pack(*ids)
    except struct.error:  # an id that is none of ours: negative, or too large
        return _ids_of(len(ids)).pack(*(each & _64_BITS for each in ids))


def _packed_part(part: Part) -> bytes:
    c = part.candle
    (first_ms, first_id), (last_ms, last_id) = part.first, part.last
    values = c.open, c.high, c.low, c.close, c.volume, c.quote_volume, c.trades
    return _PACKED.pack(first_ms, first_id & _64_BITS, last_ms, last_id & _64_BITS, *values)


def pack(part: Part, ids: Collection[int]) -> bytes:
    """A part and the ids in it, as 88 bytes and 8 for each id: a minute and a half of 700 markets is remembered."""
    return _packed_part(part) + _packed_ids(ids)


def fold_and_pack(
    market: Market, open_ms: int, trades: Sequence[Print], ids: Collection[int], order: Callable[[Print], Key]
) -> tuple[Candle, bytes]:
    """The candle of all trades of one second, and what `pack` makes of their part, without making that first."""
    arrival_tells = order is by_arrival
    first, last, high, low, volume, quote_volume = _folding(trades, arrival_tells=arrival_tells)
    values = first.price, high, low, last.price, volume, quote_volume, len(trades)
    first_ms, last_ms = first.traded_ms, last.traded_ms
    first_id, last_id = (0, 0) if arrival_tells else (first.trade_id, last.trade_id)
    try:
        packed = _whole(len(ids)).pack(first_ms, first_id, last_ms, last_id, *values, *ids)
    except struct.error:  # as in `_packed_ids`
        packed = pack(fold(market, trades, order), ids)
    return Candle(market, open_ms, *values), packed


def unpack(market: Market, open_ms: int, packed: bytes) -> tuple[Part, set[int]]:
    """What `pack` was given."""
    return unpack_part(market, open_ms, packed), set(array("Q", packed[_PACKED.size :]))


def unpack_part(market: Market, open_ms: int, packed: bytes) -> Part:
    """The part alone."""
    first_ms, first_id, last_ms, last_id, *values = _PACKED.unpack_from(packed)
    return Part((first_ms, first_id), (last_ms, last_id), Candle(market, open_ms, *values))


class Folded:
    """Trades of one second of a market as they come, folded and forgotten but for their ids; by id, no snapshots."""

    __slots__ = ("_ids", "_market", "_newest_id", "part")

    def __init__(self, market: Market, trades: Sequence[Print]) -> None:
        self._market = market
        fresh = unknown(trades, set())
        ids = [trade.trade_id for trade in fresh]
        self.part = fold(market, fresh, by_id)
        self._ids = bytearray(_packed_ids(ids))
        self._newest_id = max(ids)

    def add(self, trades: Sequence[Print]) -> None:
        """These came next; repeats among them change nothing."""
        ids = [trade.trade_id for trade in trades]
        if min(ids) <= self._newest_id or len(set(ids)) < len(ids):
            trades = unknown(trades, self.known())
            if not trades:
                return
            ids = [trade.trade_id for trade in trades]
        self.part = join(self.part, fold(self._market, trades, by_id))
        self._ids += _packed_ids(ids)
        self._newest_id = max(self._newest_id, max(ids))

    def known(self) -> set[int]:
        """The ids of all that came."""
        return set(array("Q", bytes(self._ids)))

    def packed(self) -> bytes:
        """As `pack` makes it."""
        return _packed_part(self.part) + self._ids
