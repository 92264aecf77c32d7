"""Coins around their opening: connections of their own to a scripted exchange, with a clock that stands still."""

from collections.abc import Iterable, Sequence

import pytest
from msgspec.structs import replace

from collectors.events import Exchange, Listing, Market
from collectors.exchanges import upbit_ws
from collectors.feeds.overlap import Overlap
from collectors.feeds.robust_ws import Pace, Shard
from collectors.listings.opening_desk import OpeningDesk
from collectors.net.limits import CONNECT, Limits
from ops.process.lifetimes import running
from tests.collectors.feeds.test_overlap import Log
from tests.collectors.listings.test_openings import KRW, listing
from tests.fakes.clock import START_MS, FakeClock
from tests.fakes.exchange import FakeExchange, answer, error_frame, send, stall, trade_frame, wait


class Bench:
    """One desk, what it is told and what it tells."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.exchange = FakeExchange(clock)
        self.log = Log(clock)
        self.listings: list[Listing] = []
        self.expected: list[Market] = []
        self.left: list[Market] = []
        self.checks: list[tuple[Market, int, int]] = []
        overlap, limits = Overlap(self.log), Limits({"upbit": {CONNECT: 5.0}})

        def make(exchange: Exchange, markets: Sequence[Market], pace: Pace) -> Shard:
            assert exchange == "upbit"
            return Shard(
                upbit_ws.FEED, "ws://x", markets, self.exchange.connect, overlap.handle(), clock, limits, pace,
                lambda: 0.0,
            )  # fmt: skip

        self.desk = OpeningDesk(
            ["upbit"], self, self, make, lambda *wish: self.checks.append(wish), lambda markets: None, clock
        )

    def active(self) -> Sequence[Listing]:
        return self.listings

    async def expect(self, wanted: Iterable[Market]) -> None:
        self.expected += wanted

    def leave(self, markets: Iterable[Market]) -> None:
        self.left += markets

    @property
    def requests(self) -> list[list[str]]:
        return [codes for connection in self.exchange.connections for codes in connection.requests]


@pytest.fixture
def bench() -> Bench:
    return Bench(FakeClock())


def opens_in(seconds: float) -> Listing:
    return listing(starts_ms=START_MS + round(seconds * 1000))


async def test_a_coin_that_never_traded_is_live_on_its_own_connection_before_it_opens(bench: Bench) -> None:
    bench.listings = [opens_in(700)]
    async with running(bench.desk.run()):
        await bench.clock.advance(98)
        assert bench.exchange.connections == []
        await bench.clock.advance(20)
        assert bench.expected == [KRW]
        assert bench.log.told == [("live", "NEW")]
        assert bench.desk.held() == {KRW}
        assert "orderbook" in bench.exchange.connections[0].sent[0]


async def test_around_the_start_the_code_is_asked_for_every_second_until_it_trades(bench: Bench) -> None:
    bench.listings = [opens_in(60)]
    async with running(bench.desk.run()):
        await bench.clock.advance(29)
        before = len(bench.requests)
        assert before == 1
        await bench.clock.advance(60)
        assert 58 <= len(bench.requests) - before <= 62
        bench.listings = [replace(bench.listings[0], first_trade_ms=START_MS + 61_000)]
        await bench.clock.advance(2)
        settled = len(bench.requests)
        await bench.clock.advance(20)
        assert len(bench.requests) <= settled + 1, "one question after the silence at most"


async def test_a_code_that_the_exchange_refuses_is_tried_again_every_second_at_the_start(bench: Bench) -> None:
    def reply(codes: Sequence[str]) -> Sequence[bytes]:
        if bench.clock.monotonic() < 61:
            return [error_frame("INVALID_PARAM")]
        return [trade_frame("KRW-NEW", 5.0, START_MS + 60_100, 1, st="SNAPSHOT")]

    for _ in range(100):
        bench.exchange.script(answer(reply))
    bench.listings = [opens_in(60)]
    async with running(bench.desk.run()):
        await bench.clock.advance(58)
        tries = [b - a for a, b in zip(bench.exchange.attempts_at[-5:], bench.exchange.attempts_at[-4:], strict=False)]
        assert tries == [pytest.approx(1.0, abs=0.3)] * 4
        await bench.clock.advance(5)
        assert ("live", "NEW") in bench.log.told
        assert bench.log.told[-1] == ("trade", 1)


@pytest.mark.parametrize("silent_from_s", [20, 40, 58])
async def test_a_connection_that_falls_silent_before_the_start_is_replaced_in_time(
    bench: Bench, silent_from_s: int
) -> None:
    bench.exchange.script(wait(silent_from_s), stall())
    bench.listings = [opens_in(60)]
    async with running(bench.desk.run()):
        await bench.clock.advance(silent_from_s)
        assert ("live", "NEW") in bench.log.told
        assert len(bench.exchange.connections) == 1
        await bench.clock.advance(max(30, silent_from_s) + 13 - silent_from_s)
        assert len(bench.exchange.connections) == 2


async def test_a_coin_that_nobody_trades_yet_keeps_its_connection_through_the_eager_minutes(bench: Bench) -> None:
    bench.listings = [opens_in(40)]
    async with running(bench.desk.run()):
        await bench.clock.advance(400)
        (connection,) = bench.exchange.connections
        assert sum(text == "PING" for text in connection.sent) < 100


async def test_the_first_minute_is_held_against_rest_once(bench: Bench) -> None:
    bench.listings = [opens_in(10)]
    async with running(bench.desk.run()):
        await bench.clock.advance(12)
        bench.listings = [replace(bench.listings[0], first_trade_ms=START_MS + 10_400)]
        await bench.clock.advance(56)
        assert bench.checks == []
        await bench.clock.advance(60)
        assert bench.checks == [(KRW, START_MS + 10_000, START_MS + 70_000)]
        assert bench.desk.held() == set()


async def test_the_first_minute_of_a_coin_that_opens_late_is_held_against_rest_as_well(bench: Bench) -> None:
    bench.listings = [opens_in(10)]
    async with running(bench.desk.run()):
        await bench.clock.advance(75)
        assert bench.checks == [(KRW, START_MS + 10_000, START_MS + 70_000)]
        bench.listings = [opens_in(110)]  # postponed, and shown in the list all the same
        bench.desk.listed({KRW})
        await bench.clock.advance(100)
        assert bench.checks[1:] == [(KRW, START_MS + 110_000, START_MS + 170_000)]
        bench.listings = [replace(bench.listings[0], first_trade_ms=START_MS + 180_300)]
        await bench.clock.advance(300)
        assert bench.checks[2:] == [(KRW, START_MS + 110_000, START_MS + 240_000)]


async def test_a_listing_that_is_over_gives_its_connection_back(bench: Bench) -> None:
    bench.exchange.script(send(trade_frame("KRW-NEW", 5.0, START_MS, 1)))
    bench.listings = [opens_in(0)]
    async with running(bench.desk.run()):
        await bench.clock.advance(2)
        bench.listings = []
        await bench.clock.advance(2)
        assert bench.exchange.connections[0].closed
        assert bench.log.told[-1] == ("lost", "NEW")


async def test_the_listings_of_an_exchange_that_is_not_recorded_are_left_alone(bench: Bench) -> None:
    bench.listings = [listing(exchange="bithumb")]
    async with running(bench.desk.run()):
        await bench.clock.advance(5)
        assert bench.exchange.connections == []


async def test_its_other_markets_share_a_connection_while_it_is_watched(bench: Bench) -> None:
    first = listing("NEW", traded_ms=START_MS, quotes=("KRW", "BTC"))
    second = listing("TOO", traded_ms=START_MS, quotes=("KRW", "BTC", "USDT"))

    def reply(codes: Sequence[str]) -> Sequence[bytes]:
        return [trade_frame(code, 5.0, START_MS, 1, st="SNAPSHOT") for code in codes]

    for _ in range(4):
        bench.exchange.script(answer(reply))
    bench.listings = [first]
    async with running(bench.desk.run()):
        await bench.clock.advance(3)
        assert [each.requests[0] for each in bench.exchange.connections] == [["KRW-NEW"] * 2, ["BTC-NEW"]]
        assert "orderbook" not in bench.exchange.connections[1].sent[0]
        bench.listings = [first, second]
        await bench.clock.advance(10)
        assert {"BTC-NEW", "BTC-TOO", "USDT-TOO"} in map(set, bench.exchange.connections[1].requests)
        assert len(bench.exchange.connections) == 3
        assert {market.code for market in bench.expected} == {"KRW-NEW", "BTC-NEW", "KRW-TOO", "BTC-TOO", "USDT-TOO"}
        bench.listings = [second]
        await bench.clock.advance(3)
        assert bench.left == [Market("upbit", "NEW", "BTC")]
        bench.listings = []
        await bench.clock.advance(3)
        assert {market.code for market in bench.left} == {"BTC-NEW", "BTC-TOO", "USDT-TOO"}
