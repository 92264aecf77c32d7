"""What the monitor of listing channels asks of its parts: sources to look at or to listen to, a book, a gate.

ChannelTrouble (Exception)   a channel could not be read
    ChannelOff               and is to be left alone for a while
"""

from collections.abc import Mapping, Sequence, Set
from typing import Protocol

from msgspec import Struct

from collectors.events import Channel, Exchange, Listing, Market, Notice
from collectors.exchanges.bithumb_rest import Wallet


class ChannelTrouble(Exception):
    """A channel could not be read; the text says why and what the daemon does about it. Nothing is known from it.

    `status` is the HTTP status that refused, None where it was something else.
    """

    def __init__(self, why: str, status: int | None = None) -> None:
        self.status = status
        super().__init__(why)


class ChannelOff(ChannelTrouble):
    """The channel is left alone for `for_s`, because asking on would make it worse."""

    def __init__(self, why: str, for_s: float) -> None:
        self.for_s = for_s
        super().__init__(why)


class NoticeSource(Protocol):
    """A list of announcements. `look` answers None where nothing changed since the last look."""

    channel: Channel
    every_s: float

    async def look(self) -> Sequence[Notice] | None: ...

    async def whole(self, notice: Notice) -> Notice | None:
        """The notice with its body, or None where this channel has none to give."""
        ...


class Ear(Protocol):
    """Whom a push source tells; nothing is repeated, so a gap between two connections is the ear's to fill."""

    async def connected(self) -> None:
        """Subscribed: what is published from now on comes; what was published before may have been missed."""
        ...

    def alive(self) -> None:
        """The other side said something, if only that it lives."""
        ...

    async def noticed(self, notice: Notice) -> None: ...

    def missed(self, why: str) -> None:
        """Something came that could not be read."""
        ...

    def lost(self, why: str) -> None:
        """Nothing comes until `connected`; the text names the remedy where there is one."""
        ...


class PushSource(Protocol):
    """A socket that tells of notices as they are published. `listen` runs for ever, whatever the network does.

    `replays` is the list that fills its gaps: read at each connection, and while it listens only every
    `replay_every_s`.
    """

    channel: Channel
    replays: Channel
    replay_every_s: float

    async def listen(self, ear: Ear) -> None: ...


class ListSource(Protocol):
    """A list of markets. `confirm` asks a second page which of `markets` it shows, for changes too large to believe.

    `names` is what the last page called its coins, empty where it tells no names.
    """

    channel: Channel
    every_s: float
    names: Mapping[Market, str]

    async def look(self) -> Set[Market] | None: ...

    async def confirm(self, markets: Set[Market]) -> Set[Market]: ...


class AssetSource(Protocol):
    """Deposit and withdrawal states. `look` answers None where nothing changed since the last look."""

    channel: Channel
    every_s: float

    async def look(self) -> Sequence[Wallet] | None: ...


PollSource = NoticeSource | ListSource | AssetSource


class News(Struct, frozen=True):
    """What a look brought: listings that began or changed, notices whose body is wanted, changes not believed yet.

    `items` counts what the channel had not shown before, news or not.
    """

    listings: tuple[Listing, ...] = ()
    want_body: tuple[Notice, ...] = ()
    doubtful: frozenset[Market] = frozenset()
    items: int = 0


class Book(Protocol):
    """Keeps what is known and commits what is new; see `collectors/listings/listing_book.py`."""

    async def see_notices(self, channel: Channel, notices: Sequence[Notice], seen_ms: int) -> News: ...

    async def see_markets(
        self,
        channel: Channel,
        markets: Set[Market],
        seen_ms: int,
        confirmed: Set[Market] | None = None,
        names: Mapping[Market, str] = {},
    ) -> News: ...

    async def see_assets(self, channel: Channel, wallets: Sequence[Wallet], seen_ms: int) -> News: ...

    def opens_soon(self, exchange: Exchange, now_ms: int) -> bool: ...


class Gate(Protocol):
    """Whoever judges listings: takes one at once, or refuses because its queue is full (the row stays readable)."""

    def offer(self, listing: Listing) -> bool: ...
