"""Which markets an exchange's shared connections carry, as its list and the openings change."""

from collections.abc import Callable, Iterable, Set

import pytest

from collectors.events import Channel, Exchange, Market
from collectors.listings.sources import ChannelTrouble
from collectors.recording.universe import KEEP_GONE_S, Universe
from tests.fakes.clock import FakeClock
from tests.fakes.recording import BTC, ETH

NEW = Market("upbit", "NEW", "KRW")
OTHERS = {Market("upbit", "BTC", "USDT"), Market("bithumb", "BTC", "KRW")}


class Around:
    """A list that shows what a test says, and what was done about it."""

    channel = Channel.UPBIT_MARKET_LIST
    every_s = 1.0

    def __init__(self) -> None:
        self.shown: Set[Market] | None = {BTC, ETH, *OTHERS}
        self.held: set[Market] = set()
        self.expected: set[Market] = set()
        self.forgotten: set[Market] = set()
        self.carried: set[Market] = set()
        self.known: set[Market] = set()
        self.trouble: ChannelTrouble | None = None
        self.lists: list[frozenset[Market]] = []  # newcomers of each list, before anything was expected

    async def look(self) -> Set[Market] | None:
        if self.trouble is not None:
            raise self.trouble
        return self.shown

    async def confirm(self, markets: Set[Market]) -> Set[Market]:
        return markets

    def listed(self, exchange: Exchange, shown: Set[Market]) -> None:
        self.lists.append(frozenset(shown - self.expected))

    async def expect(self, wanted: Iterable[Market]) -> None:
        self.expected |= set(wanted)

    def forget(self, markets_gone: Set[Market]) -> None:
        self.forgotten |= markets_gone

    def change_markets(self, wanted: Iterable[Market]) -> None:
        self.carried = set(wanted)


@pytest.fixture
def around() -> Around:
    return Around()


def universe(around: Around, clock: FakeClock) -> Universe:
    held: Callable[[], Set[Market]] = lambda: around.held  # noqa: E731 - a view
    return Universe("upbit", around, around, around, clock, around.known.update, held)  # type: ignore[arg-type]  # as fleet


async def test_it_carries_the_krw_markets_of_its_own_exchange(around: Around) -> None:
    await universe(around, FakeClock()).begin()
    assert around.carried == around.expected == around.known == {BTC, ETH}


async def test_a_coin_that_may_be_refused_is_known_and_not_carried_until_it_is_let_go(around: Around) -> None:
    whole = universe(around, FakeClock())
    around.held = {NEW}
    around.shown = {BTC, ETH, NEW}
    await whole.begin()
    assert around.carried == {BTC, ETH}
    assert NEW in around.known
    around.held = set()
    around.shown = None  # unchanged
    await whole._look()
    assert around.carried == {BTC, ETH, NEW}


async def test_a_list_that_can_not_be_read_changes_nothing_and_a_market_must_be_gone_for_long(around: Around) -> None:
    clock = FakeClock()
    whole = universe(around, clock)
    await whole.begin()
    around.trouble = ChannelTrouble("down")
    await clock.advance(KEEP_GONE_S * 2)
    await whole._look()
    assert around.carried == {BTC, ETH}
    around.trouble = None
    around.shown = {BTC, ETH}
    await whole._look()
    around.shown = {BTC}
    await whole._look()
    assert around.carried == {BTC, ETH}
    assert around.forgotten == set()
    await clock.advance(KEEP_GONE_S)
    await whole._look()
    assert around.carried == {BTC}
    assert around.forgotten == {ETH}


async def test_what_a_channel_offered_once_does_not_bring_a_gone_market_back(around: Around) -> None:
    clock = FakeClock()
    whole = universe(around, clock)
    await whole.begin()
    whole.offer({NEW})
    offered, whole._offered = whole._offered, frozenset()
    await whole._want(offered)
    assert NEW in around.carried
    await clock.advance(KEEP_GONE_S)
    await whole._look()
    assert NEW not in around.carried
    whole.offer({BTC})
    assert whole._offered == frozenset()


async def test_what_a_channel_offered_is_not_all_that_an_unchanged_list_shows(around: Around) -> None:
    clock = FakeClock()
    whole = universe(around, clock)
    await whole.begin()
    await clock.advance(1)
    await whole._want({NEW})
    around.shown = None  # unchanged
    for _ in range(3):
        await clock.advance(KEEP_GONE_S / 2)
        await whole._look()
    assert around.carried == {BTC, ETH}
    assert around.forgotten == {NEW}


async def test_recording_is_told_what_a_list_shows_before_it_is_told_to_expect_it(around: Around) -> None:
    whole = universe(around, FakeClock())
    await whole.begin()
    around.held = {NEW}
    around.shown = {BTC, ETH, NEW}
    await whole._look()
    await whole._look()
    assert around.lists == [{BTC, ETH}, {NEW}, {NEW}]
