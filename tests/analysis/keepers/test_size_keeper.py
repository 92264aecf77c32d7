"""Market caps never keep a look waiting: what is known is taken, what is missing is fetched behind it."""

import asyncio
from collections.abc import Collection

from analysis.keepers.size_keeper import SizeKeeper
from analysis.quotes import NotListed, Silent
from analysis.tokenomics import MarketCap
from ops.process.lifetimes import running
from tests.fakes.clock import FakeClock

CAP = MarketCap("quarx", "QRX", "Quarx", 900, 0.02, 1e6, 2e6, 1e5, 5e7, 1e8, None, 1_000, "coingecko /x")


class Gecko:
    """Answers after a while, and remembers who was asked for."""

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock
        self.answer: MarketCap | NotListed | Silent = CAP
        self.asked: list[str] = []

    async def market_cap(self, base: str, contracts: Collection[str]) -> MarketCap | NotListed | Silent:
        self.asked.append(base)
        await self._clock.sleep(3.0)
        return self.answer


async def test_the_first_look_knows_nothing_and_a_later_one_has_the_cap() -> None:
    clock = FakeClock()
    gecko = Gecko(clock)
    keeper = SizeKeeper(gecko.market_cap, clock)
    async with running(keeper.run()):
        assert keeper.latest("QRX", ()) is None
        for _ in range(3):
            await clock.advance(1)
            keeper.latest("QRX", ())
        assert keeper.latest("QRX", ()) == CAP
        assert gecko.asked == ["QRX"]


async def test_a_cap_is_renewed_each_minute_and_outlives_a_silence_for_an_hour() -> None:
    clock = FakeClock()
    gecko = Gecko(clock)
    keeper = SizeKeeper(gecko.market_cap, clock)
    async with running(keeper.run()):
        keeper.latest("QRX", ())
        await clock.advance(3)
        gecko.answer = Silent("HTTP 429")
        await clock.advance(60)
        assert keeper.latest("QRX", ()) == CAP
        await clock.advance(3)
        assert gecko.asked == ["QRX", "QRX"]
        await clock.advance(3_600)
        assert keeper.latest("QRX", ()) is None


async def test_a_coin_that_nobody_knows_any_more_has_no_cap() -> None:
    clock = FakeClock()
    gecko = Gecko(clock)
    keeper = SizeKeeper(gecko.market_cap, clock)
    async with running(keeper.run()):
        keeper.latest("QRX", ())
        await clock.advance(3)
        gecko.answer = NotListed()
        await clock.advance(60)
        keeper.latest("QRX", ())
        await clock.advance(3)
        assert keeper.latest("QRX", ()) is None


async def test_many_coins_are_remembered_up_to_a_bound() -> None:
    clock = FakeClock()
    gecko = Gecko(clock)
    keeper = SizeKeeper(gecko.market_cap, clock)
    async with running(keeper.run()):
        for number in range(300):
            keeper.latest(f"C{number}", ())
            await clock.advance(3)
        await asyncio.sleep(0)
        assert len(keeper._known) <= 256
