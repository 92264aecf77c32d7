"""What connections tell, how patient they are, and how they fare: the words between sockets and recording."""

from collections.abc import Sequence
from typing import Protocol

from msgspec import Struct

from collectors.events import Exchange, Fills, GapCause, Market, OrderBook, Trade

PUBLISHED_MS = 2_000  # a trade this old has been on its way for long enough
KINDS_COUNTED = 32  # a reason may quote the wire, which may hold anything
OTHER_KINDS = "something else"
BRIEF_S = 10.0  # a connection that ends sooner was no recovery, although it brought data


class Sink(Protocol):
    """Where the trades go. Every call returns at once and must not raise."""

    @property
    def hurried(self) -> bool:
        """Whether somebody waits for a trade, so that none may be held to go with others."""
        ...

    def exchange_ms(self, exchange: Exchange) -> int:
        """The exchange's time now by our clock, as far as it is known how that is wrong."""
        ...

    def trade(self, trade: Trade) -> None:
        """One trade as it came; `trade.snapshot` marks one from before a request for it."""
        ...

    def trades(self, fills: Fills) -> None:
        """Trades that came together."""
        ...

    def book(self, book: OrderBook) -> None:
        """A whole order book; it replaces the one before."""
        ...

    def live(self, markets: Sequence[Market], at_ms: int) -> None:
        """From `at_ms` (exchange time, as well as we know it) every trade of `markets` reaches us."""
        ...

    def lost(self, markets: Sequence[Market], from_ms: int, cause: GapCause) -> None:
        """From `from_ms` (exchange time, rather too early than too late) trades of `markets` may be missing."""
        ...

    def missed(self, markets: Sequence[Market], from_ms: int, to_ms: int) -> None:
        """Between these (exchange time) trades of `markets` may be missing, though the connection stands."""
        ...

    def sound(self, exchange: Exchange, until_ms: int) -> None:
        """Whatever the silence since `until_ms` (exchange time) turns out to be, nothing before it was missed."""
        ...

    def rejected(self, exchange: Exchange, reason: str, sample: bytes, at_ms: int) -> None:
        """A frame that could not be read, received at `at_ms` of our clock; which market it was is not known."""
        ...


class Pace(Struct, frozen=True):
    """How patient a shard is, in seconds. `silent_s` None: silence is healthy here."""

    silent_s: float | None
    connect_s: float = 10.0
    first_message_s: float = 10.0
    reconnect_first_s: float = 0.5
    reconnect_cap_s: float = 30.0


class Lost(Exception):
    """This connection is of no more use."""

    def __init__(self, cause: GapCause, text: str) -> None:
        self.cause = cause
        super().__init__(text)


class ShardStatus(Struct):
    """How one connection fares; read by health. Times are our wall clock, but for `connected_s`, which is monotonic.

    `brief_in_a_row` are its connections that brought data and ended within `BRIEF_S`. `unreadable` counts the frames
    that broke the contract, by what was wrong with them (`note_unreadable`).
    """

    connected: bool = False
    live_markets: int = 0
    connections: int = 0
    failures_in_a_row: int = 0
    brief_in_a_row: int = 0
    connected_s: float = 0.0
    last_message_ms: int | None = None
    last_trade_ms: int | None = None
    unreadable: dict[str, int] = {}
    refused_codes: tuple[str, ...] = ()
    probes: int = 0
    holes: int = 0
    last_error: str = ""

    @property
    def reconnects(self) -> int:
        return max(0, self.connections - 1)

    def unsteady(self, now_s: float) -> int:
        """Brief connections in a row; none any more once one has stood and brought data for long enough."""
        stands = self.connected and not self.failures_in_a_row and now_s - self.connected_s >= BRIEF_S
        return 0 if stands else self.brief_in_a_row

    def note_unreadable(self, reason: str) -> None:
        """One frame more; `reason` names the field or the breach. Past the bound on kinds, all others are one kind."""
        known = reason if reason in self.unreadable or len(self.unreadable) < KINDS_COUNTED else OTHER_KINDS
        self.unreadable[known] = self.unreadable.get(known, 0) + 1
