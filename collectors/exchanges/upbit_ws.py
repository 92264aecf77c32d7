"""Upbit's public WebSocket, as pure functions: subscriptions out, events in.

Contract: Upbit developer centre v1.6.4, WebSocket guide, "trade" and "orderbook" (checked 2026-11-20). Frames are
binary and hold UTF-8 JSON. All times on this socket are true UTC milliseconds.
"""

from collections.abc import Sequence

from collectors.events import Fill, Market, OrderBook
from collectors.exchanges import dialect
from collectors.exchanges.dialect import WireBook, WireTrade
from collectors.exchanges.frames import BadFrame, Event
from collectors.feeds.feed import Feed

_MARKETS = dialect.Markets("upbit")


def subscribe(markets: Sequence[Market], ticket: str, books: Sequence[Market] = ()) -> str:
    """The request for the trades of `markets` and the order books of `books`; it replaces the connection's former set.

    SIMPLE, not DEFAULT: a trade frame is a third shorter (292 bytes against 443) and 13 % cheaper to decode.
    """
    codes = {"trade": [each.code for each in markets], "orderbook": [each.code for each in books]}
    return dialect.request(ticket, codes, "SIMPLE")


def list_subscriptions(ticket: str) -> str:
    """The request for what this connection is subscribed to (since 2024-08-07); counts as a message."""
    return dialect.list_request(ticket)


def decode(frame: bytes, received_ms: int) -> Event:
    """Turn one frame, long or short keys, into an event; None for kinds not asked for; raise BadFrame otherwise."""
    wire = dialect.read("upbit", frame)
    if isinstance(wire, WireTrade):
        return dialect.trade(_MARKETS, wire, frame, received_ms)
    if isinstance(wire, WireBook):
        if not dialect.FIRST_MS <= wire.timestamp < dialect.LAST_MS:
            raise BadFrame("upbit", "book time is not in milliseconds", frame)
        bids, asks = dialect.sides(wire.orderbook_units)
        return OrderBook(_MARKETS.named_in(frame, wire.code), bids, asks, wire.timestamp, received_ms)
    return wire


def decode_trades(frames: Sequence[bytes]) -> Sequence[Fill] | None:
    """Many frames at once, where all are ordinary trades in short keys; None: `decode` them one by one."""
    return dialect.ordinary_trades(_MARKETS, frames)


# Limits: docs.upbit.com rate-limits page of 2026-10-07: 5 handshakes a second and IP; 5 messages a second and
# 100 a minute on a connection, PING included. A connection without any traffic is closed after about 120 s.
FEED = Feed(
    exchange="upbit",
    service="upbit",
    path="/websocket/v1",
    subscribe=subscribe,
    decode=decode,
    decode_trades=decode_trades,
    silent_s=30.0,
    connects_per_s=5.0,
    list_subscriptions=list_subscriptions,
)
