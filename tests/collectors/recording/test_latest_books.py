from collectors.events import Market, OrderBook
from collectors.recording.latest_books import LatestBooks
from tests.fakes.clock import START_MS
from tests.fakes.recording import BTC


def book(market: Market, at_ms: int, bid: float = 99.0) -> OrderBook:
    return OrderBook(market, ((bid, 1.0),), ((bid + 1, 1.0),), START_MS + at_ms, START_MS + at_ms + 20)


def test_the_newest_book_of_a_market_is_kept() -> None:
    books = LatestBooks()
    assert books.latest(BTC) is None
    books.note(book(BTC, 0))
    books.note(book(BTC, 100, bid=98.0))
    books.note(book(BTC, 50, bid=97.0))
    assert books.latest(BTC) == book(BTC, 100, bid=98.0)


def test_a_stamp_far_ahead_does_not_keep_out_all_that_follow() -> None:
    books = LatestBooks()
    books.note(book(BTC, 3_600_000))
    books.note(book(BTC, 100, bid=98.0))
    assert books.latest(BTC) == book(BTC, 100, bid=98.0)


def test_past_its_bound_the_book_that_changed_longest_ago_is_dropped() -> None:
    books = LatestBooks(most=3)
    markets = [Market("upbit", f"C{n}", "KRW") for n in range(4)]
    for n, market in enumerate([*markets[:3], markets[0], markets[3]]):
        books.note(book(market, n))
    assert [market.base for market in markets if books.latest(market)] == ["C0", "C2", "C3"]
