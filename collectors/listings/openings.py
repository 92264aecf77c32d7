"""Which coins are listened to on a connection of their own, and how eagerly. Pure.

A code that does not trade yet may be refused, and a refusal costs everyone on that connection a moment of coverage. So
a listed coin is subscribed alone, from ten minutes before its start, and stays there, with its order book, while it is
watched. It joins the others once it has traded for a minute; then either connection covers for the other.

Its BTC and USDT markets, beside one in KRW, wait for that first trade: they open with it, nobody decides by them, and a
refusal of theirs must not touch it. Those of all coins share a connection, and are recorded while the coin is watched.
"""

from collections.abc import Iterable, Set

from msgspec import Struct

from collectors.events import Exchange, Listing, Market

LEAD_MS = 600_000
EAGER_BEFORE_MS = 30_000
EAGER_AFTER_MS = 300_000
JOINED_AFTER_MS = 60_000  # since the first trade
FIRST_MINUTE_MS = 60_000
MOST_SEATS = 8  # on one exchange; the handshakes and the books of more would crowd out the rest
QUOTE = "KRW"


class Seat(Struct, frozen=True):
    """One listed coin on a connection of its own. Times are the exchange's; None: not known yet.

    `has_books`: the order books of its markets are wanted, too.
    """

    key: str
    exchange: Exchange
    markets: tuple[Market, ...]
    starts_ms: int | None
    traded_ms: int | None
    has_books: bool = True

    def eager(self, now_ms: int) -> bool:
        """Whether its code is to be asked for every second."""
        if self.traded_ms is not None or self.starts_ms is None:
            return False
        return self.starts_ms - EAGER_BEFORE_MS <= now_ms <= self.starts_ms + EAGER_AFTER_MS

    def alone(self, now_ms: int) -> bool:
        """Whether it must not be subscribed together with others yet."""
        return self.traded_ms is None or now_ms < self.traded_ms + JOINED_AFTER_MS

    def first_minute(self) -> tuple[int, int] | None:
        """From the start, or an earlier first trade, to a minute after the later of both; None while neither is known.

        Whole seconds.
        """
        known = [each for each in (self.starts_ms, self.traded_ms) if each is not None]
        if not known:
            return None
        from_ms, to_ms = min(known), max(known) + FIRST_MINUTE_MS
        return from_ms - from_ms % 1000, to_ms - to_ms % 1000


def seats(listings: Iterable[Listing], listed: Set[Market], now_ms: int) -> list[Seat]:
    """The coins to listen to now, those that open soonest first. `listed` are markets that a list shows already.

    Behind them, for each exchange, what their coins trade in besides KRW.
    """
    listings = list(listings)
    found = [seat for listing in listings if (seat := _seat(listing, listed, now_ms)) is not None]
    found.sort(key=lambda seat: (seat.traded_ms is not None, -(seat.traded_ms or 0), seat.starts_ms or 0))
    taken: dict[Exchange, int] = {}
    kept = []
    for seat in found:
        taken[seat.exchange] = taken.get(seat.exchange, 0) + 1
        if taken[seat.exchange] <= MOST_SEATS:
            kept.append(seat)
    return [*kept, *_beside(listings)]


def _beside(listings: Iterable[Listing]) -> list[Seat]:
    """One seat an exchange for the other markets of coins that trade in KRW now."""
    others: dict[Exchange, set[Market]] = {}
    for each in listings:
        if each.first_trade_ms is not None and QUOTE in each.quotes:
            markets = {Market(each.exchange, each.base, quote) for quote in each.quotes if quote != QUOTE}
            others[each.exchange] = others.get(each.exchange, set()) | markets
    return [
        Seat(f"{exchange}:beside", exchange, tuple(sorted(markets)), None, None, has_books=False)
        for exchange, markets in others.items()
        if markets
    ]


def _seat(listing: Listing, listed: Set[Market], now_ms: int) -> Seat | None:
    quotes = (QUOTE,) if QUOTE in listing.quotes else listing.quotes or (QUOTE,)
    markets = tuple(Market(listing.exchange, listing.base, quote) for quote in quotes)
    starts_ms = listing.trading_starts_ms
    soon = starts_ms is not None and now_ms >= starts_ms - LEAD_MS
    if not (soon or listing.first_trade_ms is not None or any(market in listed for market in markets)):
        return None
    return Seat(listing.key, listing.exchange, markets, starts_ms, listing.first_trade_ms)
