"""The newest order book of each market that a socket brings, bounded. Pure."""

from collectors.events import Market, OrderBook

MOST_MARKETS = 64  # a few listings on both exchanges, and what their rates are taken from; about 5 kB each
LATE_MS = 10_000  # no book comes later than that over another connection: their clock was set, or one stamp was wrong


class LatestBooks:
    """`note` each book as it comes, `latest` reads. Past the bound, the book that changed longest ago is dropped."""

    def __init__(self, most: int = MOST_MARKETS) -> None:
        self._most = most
        self._books: dict[Market, OrderBook] = {}

    def note(self, book: OrderBook) -> None:
        """A whole book. One that is a little older than what is known, by the exchange's time, is left out."""
        known = self._books.pop(book.market, None)
        is_late = known is not None and 0 < known.taken_ms - book.taken_ms <= LATE_MS
        self._books[book.market] = known if known is not None and is_late else book
        if len(self._books) > self._most:
            del self._books[next(iter(self._books))]

    def latest(self, market: Market) -> OrderBook | None:
        return self._books.get(market)
