"""Order books as Upbit shows them: how many levels, in which price steps, and the steps that may be asked for.

Steps since 2024, `/v1/orderbook/instruments` captured 2026-03-11; levels `.N` since 2025-07-02.
"""

from collections.abc import Sequence

from simulator.korea.wire import Shape, plain, sum_of
from simulator.world.prices import Ticks
from simulator.world.values import Level, SimBook

UNITS = (1, 5, 15, 30)
UNIT = Shape("ask_price/ap", "bid_price/bp", "ask_size/as", "bid_size/bs")


def levels_of(code: str, price: float) -> tuple[str, tuple[str, ...]]:
    """Tick size at this price, and the groupings that may be asked: "0", and for KRW the tick times 10 to 100,000."""
    quote = code.partition("-")[0]
    tick, decimals = Ticks("upbit", quote).at(price)
    text = plain(tick) if tick >= 1 else f"{tick:.{decimals}f}"
    if quote != "KRW":
        return text, ("0",)
    return text, ("0", *(plain(round(tick * 10**power, decimals)) for power in range(1, 6)))


def grouped(book: SimBook, step: float) -> SimBook:
    """The book with its prices gathered into steps: bids down, asks up."""
    return SimBook(
        _gathered(book.bids, step, upwards=False),
        _gathered(book.asks, step, upwards=True),
        book.total_bid_size,
        book.total_ask_size,
        book.taken_ms,
    )


def _gathered(levels: Sequence[Level], step: float, upwards: bool) -> tuple[Level, ...]:
    sizes: dict[int, float] = {}
    for price, size in levels:
        exact = price / step
        below = int(exact + 1e-9)
        steps = below + 1 if upwards and exact - below > 1e-9 else below
        sizes[steps] = sizes.get(steps, 0.0) + size
    return tuple((sum_of(steps * step), sum_of(size)) for steps, size in sizes.items() if steps)


def paired_units(book: SimBook, depth: int) -> list[tuple[str, str, str, str]]:
    """Both sides come in pairs; a side that ends early is filled up with zeros."""
    pairs = []
    for n in range(min(depth, max(len(book.asks), len(book.bids)))):
        ask, ask_size = book.asks[n] if n < len(book.asks) else (0.0, 0.0)
        bid, bid_size = book.bids[n] if n < len(book.bids) else (0.0, 0.0)
        pairs.append((plain(ask), plain(bid), plain(ask_size), plain(bid_size)))
    return pairs
