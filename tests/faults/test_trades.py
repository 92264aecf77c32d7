"""Faults 13, 14, 15, 18 and 20: trades that come twice, late, from the future, that cannot be, or all at once."""

import asyncio
import itertools
import json
import random
from collections.abc import Awaitable, Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, NoReturn

import pytest

from collectors.events import Candle, Exchange, Market, Trade
from collectors.feeds.sink import Pace
from config.clock import SimulatorClock, SystemClock
from ops.process.lifetimes import running
from tests.fakes.clock import START_MS, FakeClock
from tests.fakes.exchange import FakeConnection, FakeExchange, answer, trade_frame
from tests.fakes.leaping_loop import LeapingLoop
from tests.fakes.recording import by_hand, same, trade
from tests.fakes.station import Station, recording

EXCHANGES: list[Exchange] = ["upbit", "bithumb"]
CODE = "KRW-BTC"
BURST = 1_000  # twenty times a lively fifty a second
FIRST_S = 2  # the first second of the tape; before it the subscription is proven


def tape(market: Market, seconds: int, seed: int = 1, a_second: range = range(5)) -> list[Trade]:
    """So many trades in each second, in the order of their stamps; ids grow with them."""
    chance = random.Random(seed)
    ids = itertools.count(1)
    stamps = sorted(
        at_s * 1_000 + chance.randrange(1_000)
        for at_s in range(FIRST_S, FIRST_S + seconds)
        for _ in range(chance.choice(a_second))
    )
    return [trade(at, 100.0 + chance.random(), chance.random() + 0.1, next(ids), market) for at in stamps]


def frame(each: Trade, st: str = "REALTIME") -> bytes:
    return trade_frame(CODE, each.price, each.traded_ms, each.trade_id, volume=each.volume, st=st)


class Player:
    """Records what is `sent` on one market: at which second of the clock, and which frames."""

    def __init__(self, folder: Path, name: Exchange) -> None:
        self.clock = FakeClock()
        self.exchange = FakeExchange(self.clock)
        self.market = Market(name, "BTC", "KRW")
        self.name: Exchange = name
        self.newest = trade(0, 100.0, 1.0, 0, self.market)
        for _ in range(3):
            self.exchange.script(answer(lambda codes: [frame(self.newest, "SNAPSHOT")]))
        self.station = Station(
            folder, self.clock, {name: "ws://x"}, self.exchange.connect, pace=Pace(silent_s=None), jitter=lambda: 0.0
        )

    @property
    def connection(self) -> FakeConnection:
        return self.exchange.connections[-1]

    async def play(
        self,
        sent: Iterable[tuple[int, Sequence[bytes]]],
        disturb: Callable[[int], Awaitable[None] | None] = lambda _: None,
    ) -> None:
        """Send what is due at each second, then let everything close and be rolled; time stands while one disturbs."""
        due = dict(sent)
        async with recording(self.station, {self.name: [self.market]}):
            for second in range(1, max(due) + 1):
                await self.clock.advance(1)
                self.connection.say(*due.get(second, ()))
                await self.clock.settle()
                if (disturbing := disturb(second)) is not None:
                    await disturbing
            await self.clock.advance(70)
            await self.station.stored()

    def seconds(self) -> dict[int, Candle]:
        return self._candles("v_candles_1s")

    def minutes(self) -> dict[int, Candle]:
        return self._candles("v_candles_1m")

    def _candles(self, view: str) -> dict[int, Candle]:
        sql = f"SELECT open_ms, open, high, low, close, volume, quote_volume, trades FROM {view} ORDER BY open_ms"
        return {row["open_ms"]: Candle(self.market, *row.values()) for row in self.station.rows(sql)}

    def missed(self) -> list[dict[str, Any]]:
        return self.station.rows("SELECT * FROM gaps WHERE cause NOT IN ('start', 'stop') ORDER BY from_ms")


def on_time(trades: Iterable[Trade]) -> list[tuple[int, list[bytes]]]:
    """Each trade is sent when its second is over."""
    seconds = itertools.groupby(trades, key=lambda each: (each.traded_ms - START_MS) // 1_000 + 1)
    return [(second, [frame(each) for each in group]) for second, group in seconds]


def assert_alike(mine: dict[int, Candle], right: dict[int, Candle]) -> None:
    """Prices and counts exactly, sums within 1e-9."""
    assert mine.keys() == right.keys()
    assert [at_ms for at_ms in mine if not same(mine[at_ms], right[at_ms])] == []


def folded(trades: Iterable[Trade], length_ms: int, name: Exchange) -> dict[int, Candle]:
    return {candle.open_ms: candle for candle in by_hand(trades, length_ms, name)}


@pytest.mark.parametrize("name", EXCHANGES)
async def test_fault_13_trades_that_come_twice_change_nothing(tmp_path: Path, name: Exchange) -> None:
    quiet, disturbed = (Player(tmp_path / each, name) for each in ("quiet", "disturbed"))
    trades = tape(quiet.market, 100)
    await quiet.play(on_time(trades))

    def disturb(second: int) -> None:
        """Everything of this second once more; now and then the last trade as a snapshot, after a question."""
        mine = [each for each in trades if (each.traded_ms - START_MS) // 1_000 + 1 in (second, second - 1)]
        if mine:
            disturbed.newest = mine[-1]
        disturbed.connection.say(*(frame(each) for each in mine))
        if second % 15 == 0:
            for status in disturbed.station.fleets[name]._shards:
                status.doubt()

    await disturbed.play(on_time(trades), disturb)
    assert len(disturbed.connection.requests) > 3
    assert disturbed.missed() == quiet.missed() == []
    assert_alike(disturbed.seconds(), quiet.seconds())
    assert_alike(disturbed.minutes(), quiet.minutes())
    assert_alike(quiet.seconds(), folded(trades, 1_000, name))


@pytest.mark.parametrize("name", EXCHANGES)
async def test_fault_13_what_is_sent_again_after_a_reconnect_is_not_counted_again(
    tmp_path: Path, name: Exchange
) -> None:
    player = Player(tmp_path, name)
    trades = tape(player.market, 40)

    def disturb(second: int) -> None:
        known = [each for each in trades if each.traded_ms < START_MS + second * 1_000]
        player.newest = known[-1] if known else player.newest
        if second == 20:
            player.connection.cut()
        if second == 22:  # as if the exchange resumed a little before the loss
            player.connection.say(*(frame(each) for each in trades if 15_000 <= each.traded_ms - START_MS < 22_000))

    await player.play(on_time(trades), disturb)
    assert len(player.exchange.connections) == 2
    (gap,) = player.missed()
    right = folded(trades, 1_000, name)
    outside = {at for at in player.seconds().keys() | right.keys() if not gap["from_ms"] <= at < gap["to_ms"]}
    assert_alike(
        {at: candle for at, candle in player.seconds().items() if at in outside},
        {at: candle for at, candle in right.items() if at in outside},
    )


async def test_fault_14_out_of_order_and_late_trades_join_their_second_and_its_minute(tmp_path: Path) -> None:
    player = Player(tmp_path, "upbit")
    trades = tape(player.market, 150, seed=2, a_second=range(15, 25))  # the late ones leave no hole
    chance = random.Random(3)
    late = set(chance.sample(range(len(trades)), 40))
    sent: dict[int, list[bytes]] = {}
    for number, each in enumerate(trades):
        second = (each.traded_ms - START_MS) // 1_000 + 1
        delay = chance.randrange(2, 70) if number in late else 0  # some come after their minute was rolled
        sent.setdefault(second + delay, []).append(frame(each))
    for frames in sent.values():
        for start in range(0, len(frames), 4):
            block = frames[start : start + 4]
            frames[start : start + 4] = chance.sample(block, len(block))
    before: dict[int, Candle] = {}

    async def look(second: int) -> None:
        if second == 75:
            await player.station.until("the first minute is rolled", player.minutes)
            before.update(player.minutes())

    await player.play(sorted(sent.items()), look)
    assert player.missed() == []
    first = min(before)
    assert before[first].trades < player.minutes()[first].trades
    assert_alike(player.seconds(), folded(trades, 1_000, "upbit"))
    assert_alike(player.minutes(), folded(trades, 60_000, "upbit"))


@pytest.mark.parametrize("name", EXCHANGES)
async def test_fault_15_stamps_from_the_future_make_no_bucket_and_are_set_aside(tmp_path: Path, name: Exchange) -> None:
    player = Player(tmp_path, name)
    trades = tape(player.market, 60, seed=4)
    jumped = range(START_MS + 20_000, START_MS + 30_000)  # for ten seconds their clock is an hour ahead
    sent = [replaced(each, each.traded_ms + 3_600_000) if each.traded_ms in jumped else each for each in trades]
    due: dict[int, list[bytes]] = {}
    for real, each in zip(trades, sent, strict=True):
        due.setdefault((real.traded_ms - START_MS) // 1_000 + 1, []).append(frame(each))
    ahead: list[int] = []

    def look(second: int) -> None:
        newest = player.station.rows("SELECT max(open_ms) AS at FROM candles_1s")[0]["at"]
        ahead.append((newest or 0) - player.clock.now_ms())

    await player.play(due.items(), look)
    assert max(ahead) <= 5_000
    refused = [each for each in sent if each.traded_ms > START_MS + 3_600_000]
    kept = player.station.rows("SELECT reason, count(*) AS n FROM quarantine GROUP BY 1")
    assert kept == [{"reason": "future", "n": len(refused)}]
    assert player.station.health().feeds[name].quarantined == len(refused)
    believed = [each for each in trades if each.traded_ms not in jumped]
    assert_alike(player.seconds(), folded(believed, 1_000, name))
    assert player.missed(), "the seconds of which trades were refused are marked"


def replaced(each: Trade, traded_ms: int) -> Trade:
    return trade(traded_ms - START_MS, each.price, each.volume, each.trade_id, each.market)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"tp": 0}, "non-positive price"),
        ({"tp": -100.0}, "non-positive price"),
        ({"tv": 0}, "non-positive volume"),
        ({"tv": -1}, "non-positive volume"),
        ({"tp": float("nan")}, "JSON is malformed"),
        ({"tp": 1e-12}, "price"),
        ({"tp": 1e300}, "price"),
        ({"tv": 1e30}, "volume"),
        ({"tp": 1e-5}, "jump"),
    ],
    ids=str,
)
@pytest.mark.parametrize("name", EXCHANGES)
async def test_fault_18_a_value_that_cannot_be_is_kept_aside_and_in_no_candle(
    tmp_path: Path, name: Exchange, change: dict[str, float], reason: str
) -> None:
    player = Player(tmp_path, name)
    trades = tape(player.market, 12)
    odd = json.dumps(json.loads(frame(trade(8_500, 100.0, 1.0, 10**6, player.market))) | change).encode()
    await player.play([*on_time(trades), (15, [odd])])
    assert_alike(player.seconds(), folded(trades, 1_000, name))
    (kept,) = player.station.rows("SELECT * FROM quarantine")
    assert reason in kept["reason"]
    (value,) = change.values()
    assert "NaN" in kept["sample"] if value != value else value in json.loads(kept["sample"]).values()
    assert player.station.health().feeds[name].quarantined == 1
    (gap,) = player.missed()
    assert gap["cause"] == "quarantined"


@pytest.mark.leaping
async def test_fault_20_a_burst_on_a_slow_machine_loses_no_trade_and_keeps_only_the_newest_book(
    tmp_path: Path,
) -> None:
    clock = SimulatorClock(SystemClock().now_ms(), 1.0, asyncio.get_running_loop().time)
    exchange = FakeExchange(clock)
    now_ms = clock.now_ms()
    exchange.script(answer(lambda codes: [trade_frame(CODE, 100.0, now_ms, 1, st="SNAPSHOT")]))
    market = Market("upbit", "BTC", "KRW")
    async with exchange.served() as url:
        station = Station(tmp_path, clock, {"upbit": url})
        async with recording(station, {"upbit": [market]}):
            await station.until("it is live", lambda: station.recorder.reading("upbit").live)
            await clock.sleep(2)
            stamp_ms = clock.now_ms()
            burst: list[bytes] = []
            for n in range(BURST):  # with the books between them
                burst += [trade_frame(CODE, 100.0 + n % 7, stamp_ms, 2 + n), book_frame(stamp_ms + n)]
            async with running(hogging()):
                exchange.connections[0].say(*burst)
                await station.until("all were read", lambda: newest_book(station, market) == stamp_ms + BURST - 1)
            await station.until("they are stored", lambda: stored_trades(station) == BURST)
        assert len(station.recorder.books._books) == 1
        assert station.recorder.dropped == 0
    assert station.rows("SELECT 1 FROM gaps WHERE cause NOT IN ('start', 'stop')") == []


async def hogging() -> NoReturn:
    """Leaves a tenth of the time to others."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, LeapingLoop)
    while True:
        loop.last(0.009)
        await asyncio.sleep(0.001)


def book_frame(taken_ms: int) -> bytes:
    row = {"ap": 101.0, "bp": 99.0, "as": 1.0, "bs": 1.0}
    return json.dumps({"ty": "orderbook", "cd": CODE, "tms": taken_ms, "obu": [row] * 15, "st": "REALTIME"}).encode()


def newest_book(station: Station, market: Market) -> int | None:
    book = station.recorder.books.latest(market)
    return None if book is None else book.taken_ms


def stored_trades(station: Station) -> int:
    return int(station.rows("SELECT coalesce(sum(trades), 0) AS n FROM candles_1s")[0]["n"])
