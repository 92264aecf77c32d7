"""A market on two connections: live while either is, lost when both are."""

from collections.abc import Sequence

from collectors.events import Exchange, Fills, GapCause, Market, OrderBook, Trade
from collectors.feeds.overlap import Overlap
from tests.fakes.clock import START_MS, FakeClock
from tests.fakes.recording import BTC, ETH, trade


class Log:
    hurried = False

    def __init__(self, clock: FakeClock | None = None) -> None:
        self._clock = clock or FakeClock()
        self.told: list[tuple[object, ...]] = []
        self.sounds: list[int] = []

    def exchange_ms(self, exchange: Exchange) -> int:
        return self._clock.now_ms()

    def trade(self, trade: Trade) -> None:
        self.told.append(("trade", trade.trade_id))

    def trades(self, fills: Fills) -> None:
        for each in fills.trades():
            self.trade(each)

    def book(self, book: OrderBook) -> None:
        self.told.append(("book", book.market))

    def live(self, markets: Sequence[Market], at_ms: int) -> None:
        self.told.append(("live", *(market.base for market in markets)))

    def lost(self, markets: Sequence[Market], from_ms: int, cause: GapCause) -> None:
        self.told.append(("lost", *(market.base for market in markets)))

    def missed(self, markets: Sequence[Market], from_ms: int, to_ms: int) -> None:
        self.told.append(("missed", *(market.base for market in markets)))

    def sound(self, exchange: Exchange, until_ms: int) -> None:
        self.sounds.append(until_ms)

    def rejected(self, exchange: Exchange, reason: str, sample: bytes, at_ms: int) -> None:
        self.told.append(("rejected", reason))


def lose(sink: object, *markets: Market) -> None:
    sink.lost(markets, START_MS, GapCause.DISCONNECT)  # type: ignore[attr-defined]  # any sink


def test_what_one_connection_tells_goes_on_unchanged() -> None:
    log = Log()
    only = Overlap(log).handle()
    only.live([BTC, ETH], START_MS)
    only.trade(trade(0, trade_id=7))
    only.book(OrderBook(BTC, (), (), START_MS, START_MS))
    only.rejected("upbit", "not JSON", b"{", START_MS)
    lose(only, BTC)
    only.live([BTC], START_MS)
    lose(only, BTC, ETH)
    assert log.told == [
        ("live", "BTC", "ETH"), ("trade", 7), ("book", BTC), ("rejected", "not JSON"),
        ("lost", "BTC"), ("live", "BTC"), ("lost", "BTC", "ETH"),
    ]  # fmt: skip


def test_a_market_that_another_connection_holds_is_neither_news_nor_lost() -> None:
    log = Log()
    overlap = Overlap(log)
    own, shared = overlap.handle(), overlap.handle()
    own.live([BTC], START_MS)
    shared.live([BTC, ETH], START_MS)
    lose(own, BTC)
    own.live([BTC], START_MS)
    lose(shared, BTC, ETH)
    lose(own, BTC)
    assert log.told == [("live", "BTC"), ("live", "ETH"), ("lost", "ETH"), ("lost", "BTC")]


def test_a_loss_of_what_was_never_live_is_told_unless_another_holds_it() -> None:
    log = Log()
    overlap = Overlap(log)
    own, shared = overlap.handle(), overlap.handle()
    lose(own, BTC)
    shared.live([BTC], START_MS)
    lose(own, BTC)
    assert log.told == [("lost", "BTC"), ("live", "BTC")]


def test_what_one_connection_missed_is_missed_though_another_holds_it() -> None:
    log = Log()
    overlap = Overlap(log)
    one, other = overlap.handle(), overlap.handle()
    one.live([BTC, ETH], START_MS)
    other.live([BTC], START_MS)
    one.missed([BTC, ETH], START_MS, START_MS + 2_000)
    lose(one, BTC)
    assert log.told == [("live", "BTC", "ETH"), ("missed", "BTC", "ETH")]


def test_what_a_silent_connection_lost_before_another_held_it_was_missed() -> None:
    log = Log()
    overlap = Overlap(log)
    own, shared = overlap.handle(), overlap.handle()
    own.live([BTC], START_MS)
    shared.live([BTC, ETH], START_MS + 5_000)
    own.lost([BTC], START_MS + 3_000, GapCause.STALE)  # found out later
    own.live([BTC], START_MS + 9_000)
    shared.lost([BTC], START_MS + 10_000, GapCause.DISCONNECT)
    assert log.told == [("live", "BTC"), ("live", "ETH"), ("missed", "BTC")]


def test_what_all_have_brought_is_no_sounder_than_the_one_that_is_silent_longest() -> None:
    log = Log()
    overlap = Overlap(log)
    one, other = overlap.handle(), overlap.handle()
    one.live([BTC], START_MS + 1_000)
    other.live([ETH], START_MS + 2_000)
    one.sound("upbit", START_MS + 5_000)
    other.sound("upbit", START_MS + 9_000)
    lose(one, BTC)
    other.sound("upbit", START_MS + 9_000)
    one.live([BTC], START_MS + 12_000)
    other.sound("upbit", START_MS + 20_000)
    assert log.sounds == [START_MS + at_ms for at_ms in (1_000, 1_000, 2_000, 5_000, 9_000, 9_000, 12_000)]
