"""A shard between a scripted exchange and a sink that remembers; Upbit's dialect, pauses without chance."""

from collections.abc import Callable, Sequence

from collectors.events import Exchange, Fills, GapCause, Market, OrderBook, Trade
from collectors.exchanges import upbit_ws
from collectors.feeds.feed import Feed
from collectors.feeds.robust_ws import Pace, Shard
from collectors.net.limits import CONNECT, Limits
from tests.fakes.clock import START_MS, FakeClock
from tests.fakes.exchange import FakeExchange, error_frame, trade_frame

BTC, ETH, XRP = (Market("upbit", base, "KRW") for base in ("BTC", "ETH", "XRP"))
PACE = Pace(silent_s=30.0)
URL = "ws://exchange.test/websocket/v1"


class Log:
    """A sink that remembers everything in order."""

    hurried = False

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock
        self.told: list[tuple[object, ...]] = []
        self.sound_ms = 0

    def exchange_ms(self, exchange: Exchange) -> int:
        return self._clock.now_ms()

    def trade(self, trade: Trade) -> None:
        self.told.append(("trade", trade.market.base, trade.trade_id))

    def trades(self, fills: Fills) -> None:
        for each in fills.trades():
            self.trade(each)

    def book(self, book: OrderBook) -> None:
        raise AssertionError("nobody asked for a book")

    def live(self, markets: Sequence[Market], at_ms: int) -> None:
        self.told.append(("live", tuple(market.base for market in markets), at_ms))

    def lost(self, markets: Sequence[Market], from_ms: int, cause: GapCause) -> None:
        self.told.append(("lost", tuple(market.base for market in markets), from_ms, cause))

    def missed(self, markets: Sequence[Market], from_ms: int, to_ms: int) -> None:
        self.lost(markets, from_ms, GapCause.STALE)
        self.live(markets, to_ms)

    def sound(self, exchange: Exchange, until_ms: int) -> None:
        self.sound_ms = until_ms

    def rejected(self, exchange: Exchange, reason: str, sample: bytes, at_ms: int) -> None:
        self.told.append(("rejected", exchange, sample))

    def of(self, kind: str) -> list[tuple[object, ...]]:
        return [each[1:] for each in self.told if each[0] == kind]

    @property
    def kinds(self) -> list[object]:
        return [each[0] for each in self.told]


def shard_of(
    markets: Sequence[Market],
    exchange: FakeExchange,
    log: Log,
    clock: FakeClock,
    pace: Pace = PACE,
    jitter: Callable[[], float] = lambda: 0.0,
    connects_per_s: float = 5.0,
    feed: Feed = upbit_ws.FEED,
) -> Shard:
    limits = Limits({"upbit": {CONNECT: connects_per_s}})
    return Shard(feed, URL, markets, exchange.connect, log, clock, limits, pace, jitter)


def frame(market: Market, trade_id: int, at_s: float = 0.0, *, st: str = "REALTIME") -> bytes:
    return trade_frame(market.code, 100.0, START_MS + round(at_s * 1000), trade_id, st=st)


def refusing(*bad: str) -> Callable[[Sequence[str]], Sequence[bytes]]:
    """An exchange that refuses a request that names a bad code, else sends a snapshot of each code."""

    def reply(codes: Sequence[str]) -> Sequence[bytes]:
        if set(codes) & set(bad):
            return [error_frame("INVALID_PARAM", "codes 필드가 올바르지 않습니다.")]
        return [trade_frame(code, 1.0, START_MS, n, st="SNAPSHOT") for n, code in enumerate(codes)]

    return reply
