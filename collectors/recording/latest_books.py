"""The newest order book of each market that a socket brings, bounded. Pure."""

from collectors.events import Market, OrderBook

MOST_MARKETS = 64  # a few listings on both exchanges, and what their rates are taken from; about 5 kB each


class LatestBooks:
    """`note` each book as it comes, `latest` reads. Past the bound, the book that changed longest ago is dropped."""

    def __init__(self, most: int = MOST_MARKETS) -> None:
        self._most = most
        self._books: dict[Market, OrderBook] = {}

    def note(self, book: OrderBook) -> None:
        """A whole book. One that is older than what is known, by the exchange's time, is left out."""
        known = self._books.pop(book.market, None)
        self._books[book.market] = book if known is None or book.taken_ms >= known.taken_ms else known
        if len(self._books) > self._most:
            del self._books[next(iter(self._books))]

    def latest(self, market: Market) -> OrderBook | None:
        return self._books.get(market)
