"""Upbit's deposits are seen by the looks at a listing: only a change is handed on, and an unknown is no change."""

import pytest
from msgspec.structs import replace

from alerts.alert import AlertLevel
from analysis.keepers.deposit_watch import DepositWatch
from analysis.verdict import Fact, Mode, Outcome, Verdict
from collectors.events import Channel, Exchange, Listing, ListingState
from collectors.listings.market_monitor import News
from ops.process.lifetimes import running
from tests.fakes.clock import START_MS, FakeClock

NOVA = Listing("upbit", "NOVA", 1, ("KRW",), ListingState.ANNOUNCED, START_MS, Channel.UPBIT_NOTICES)
AT_BITHUMB = replace(NOVA, exchange="bithumb", first_channel=Channel.BITHUMB_NOTICES)
TRADING = replace(NOVA, state=ListingState.TRADING)


class Book:
    """Notes what it is told, and tells that an opening is news."""

    def __init__(self) -> None:
        self.told: list[tuple[str, bool, int]] = []
        self.fails = False

    async def see_deposits(self, exchange: Exchange, base: str, are_open: bool, seen_ms: int) -> News:
        if self.fails:
            raise OSError("no disk")
        self.told.append((f"{exchange}:{base}", are_open, seen_ms - START_MS))
        return News(listings=(replace(NOVA, state=ListingState.DEPOSITS_OPEN),) if are_open else ())


class Gate:
    def __init__(self) -> None:
        self.offered: list[Listing] = []

    def offer(self, listing: Listing) -> bool:
        self.offered.append(listing)
        return True


def look(after_ms: int, exchange: str = "upbit", **networks: str | None) -> Verdict:
    facts = {f"{exchange}.deposit.{name}": Fact(told, "text", exchange, START_MS) for name, told in networks.items()}
    return Verdict(Mode.PRE_OPEN, Outcome.UNKNOWN, AlertLevel.HIGH, START_MS + after_ms, facts=facts)


@pytest.mark.parametrize(
    ("listing", "looks", "told"),
    [
        (NOVA, [look(1, ETH="closed"), look(2, ETH="closed"), look(3, ETH="open")], [(False, 1), (True, 3)]),
        (NOVA, [look(1, ETH="closed", SOL="open")], [(True, 1)]),
        (NOVA, [look(1, ETH="closed", SOL="unknown"), look(2)], []),
        (NOVA, [look(1, ETH="open"), look(2), look(3, ETH="open")], [(True, 1)]),
        (AT_BITHUMB, [look(1, "bithumb", ETH="closed"), look(2, "bithumb", ETH="open")], []),
        (TRADING, [look(1, ETH="open")], []),
    ],
)
async def test_a_change_is_handed_on_once(listing: Listing, looks: list[Verdict], told: list[tuple[bool, int]]) -> None:
    watch, book, gate, clock = DepositWatch(), Book(), Gate(), FakeClock()
    async with running(watch.run(book, gate)):
        for verdict in looks:
            watch.note(listing, verdict)
            await clock.settle()
    assert [(are_open, at_ms) for _, are_open, at_ms in book.told] == told
    assert [each.state for each in gate.offered] == [ListingState.DEPOSITS_OPEN for are_open, _ in told if are_open]


async def test_a_market_that_joins_begins_a_new_round_and_what_is_closed_is_told_anew() -> None:
    watch, book, clock = DepositWatch(), Book(), FakeClock()
    async with running(watch.run(book, Gate())):
        for after_ms, listing in enumerate((replace(NOVA, quotes=("BTC",)), NOVA, NOVA)):
            watch.note(listing, look(after_ms, ETH="closed"))
            await clock.settle()
    assert [at_ms for _, _, at_ms in book.told] == [0, 1]


async def test_what_the_book_could_not_take_is_told_by_the_next_look() -> None:
    watch, book, gate, clock = DepositWatch(), Book(), Gate(), FakeClock()
    book.fails = True
    watch.note(NOVA, look(1, ETH="open"))
    with pytest.raises(OSError, match="no disk"):
        await watch.run(book, gate)
    book.fails = False
    async with running(watch.run(book, gate)):
        watch.note(NOVA, look(2, ETH="open"))
        await clock.settle()
    assert book.told == [("upbit:NOVA", True, 2)]
