"""Bithumb's public WebSocket (API 2.x), as pure functions: subscriptions out, events in.

Contract: apidocs.bithumb.com v2.1.5, public stream v1, and captures of 2026-07 (checked 2026-11-20). The dialect is
Upbit's; its own are: `trade_date`/`trade_time` in KST (never read here, the epoch beside them is true UTC), order book
times in microseconds, and books that list sizes too small for four decimals as zero. Frames are binary or text.
"""

from collections.abc import Sequence

from collectors.events import Fill, Market, OrderBook
from collectors.exchanges import dialect
from collectors.exchanges.dialect import WireBook, WireTrade
from collectors.exchanges.frames import BadFrame, Event
from collectors.feeds.feed import Feed

_MARKETS = dialect.Markets("bithumb")


def subscribe(markets: Sequence[Market], ticket: str, books: Sequence[Market] = ()) -> str:
    """The request for the trades of `markets` and the order books of `books`; it replaces the connection's former set.

    SIMPLE, as at Upbit; the keys of a SIMPLE trade are documented, no capture of one was found.
    """
    codes = {"trade": [each.code for each in markets], "orderbook": [each.code for each in books]}
    return dialect.request(ticket, codes, "SIMPLE")


def decode(frame: bytes, received_ms: int) -> Event:
    """Turn one frame, long or short keys, into an event; None for kinds not asked for; raise BadFrame otherwise.

    A trade's `trade_id` is the socket's own; REST gives the same trade another one.
    """
    wire = dialect.read("bithumb", frame)
    if isinstance(wire, WireTrade):
        return dialect.trade(_MARKETS, wire, frame, received_ms)
    if isinstance(wire, WireBook):
        bids, asks = dialect.sides(wire.orderbook_units)
        return OrderBook(_MARKETS.named_in(frame, wire.code), bids, asks, _book_ms(wire.timestamp, frame), received_ms)
    return wire


def _book_ms(timestamp: int, frame: bytes) -> int:
    """Microseconds on 2026-07-30; milliseconds are taken too, as the REST twin changed to them in 2025-11."""
    if dialect.FIRST_MS <= timestamp < dialect.LAST_MS:
        return timestamp
    if dialect.FIRST_MS * 1000 <= timestamp < dialect.LAST_MS * 1000:
        return timestamp // 1000
    raise BadFrame("bithumb", "book time is neither in micro- nor milliseconds", frame)


def decode_trades(frames: Sequence[bytes]) -> Sequence[Fill] | None:
    """Many frames at once, where all are ordinary trades in short keys; None: `decode` them one by one."""
    return dialect.ordinary_trades(_MARKETS, frames)


# Limits: apidocs.bithumb.com, 2026-10-27: 10 handshakes a second and IP, then 429, then about 10 minutes of block.
# Message limits are not documented, so Upbit's are kept. Closed after about 120 s without traffic.
FEED = Feed(
    exchange="bithumb",
    service="bithumb",
    path="/websocket/v1",
    subscribe=subscribe,
    decode=decode,
    decode_trades=decode_trades,
    silent_s=120.0,
    connects_per_s=10.0,
)
