"""One exchange's socket, described: all that `robust_ws` needs, so that it knows no exchange by name."""

from collections.abc import Callable, Sequence
from typing import Protocol

from msgspec import Struct

from collectors.events import Exchange, Fill, Market
from collectors.exchanges.frames import Event


class Subscribe(Protocol):
    """The text that asks for the trades of `markets` and the books of `books`, replacing what the connection had."""

    def __call__(self, markets: Sequence[Market], ticket: str, books: Sequence[Market] = ()) -> str: ...


class Feed(Struct, frozen=True):
    """One exchange's public socket.

    `service` is its key in exchanges.yaml; `path` is below that service's socket URL. `silent_s` is how long the whole
    feed may go without data before it counts as stale (settings may say otherwise); `ping` is the text that keeps a
    quiet connection open, sent every `ping_every_s`. The rates bound what we send. `list_subscriptions` makes the
    request for the list of what the connection is subscribed to, from a ticket; None where there is no such request.
    `decode_trades` reads many frames at once, or says None where one of them is no ordinary trade. A frame that begins
    with `book_start` is an order book, whatever follows.
    """

    exchange: Exchange
    service: str
    path: str
    subscribe: Subscribe
    decode: Callable[[bytes, int], Event]
    decode_trades: Callable[[Sequence[bytes]], Sequence[Fill] | None]
    silent_s: float
    connects_per_s: float
    list_subscriptions: Callable[[str], str] | None = None
    book_start: bytes = b'{"ty":"orderbook"'
    ping: str = "PING"
    ping_every_s: float = 30.0
    messages_per_s: int = 5
    messages_per_min: int = 100
    fatal_errors: frozenset[str] = frozenset({"NO_TICKET", "NO_TYPE", "INVALID_AUTH"})  # no code is to blame for these
