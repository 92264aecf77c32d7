"""What the listing clock brings about: who is over is let go by those who judge, who is not is offered again."""

from typing import Any, cast

from msgspec.structs import replace

from collectors.events import Channel, Listing, ListingState
from ops.assembly.listings import Listings
from tests.fakes.clock import START_MS

ON_ITS_WAY = Listing("upbit", "NOVA", 1, ("BTC",), ListingState.ANNOUNCED, START_MS, Channel.UPBIT_NOTICES)
OVER = replace(ON_ITS_WAY, base="STAR", state=ListingState.SETTLED)


class Book:
    """One listing that time ends, and one that goes on."""

    async def tick(self) -> tuple[Listing, ...]:
        return (OVER,)

    def active(self) -> list[Listing]:
        return [ON_ITS_WAY]


class Gate:
    def __init__(self) -> None:
        self.offered: list[Listing] = []

    def offer(self, listing: Listing) -> bool:
        self.offered.append(listing)
        return True


async def test_a_listing_that_time_ends_is_told_to_those_who_watch_it() -> None:
    """One without a stated opening would be watched for ever else, and 64 of them would leave no room for the next."""
    gate, none = Gate(), cast(Any, None)
    await Listings(cast(Any, Book()), gate, none, none, none, (), {}, {}, None).tick()
    assert gate.offered == [OVER, ON_ITS_WAY]
