"""The promise of recording: after any run, every second of every market equals the truth or is touched by a gap."""

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from collectors.events import Candle, GapCause, Trade
from collectors.recording.aggregator import Aggregator
from collectors.recording.recorder import Recorder
from collectors.repair.gaps import Interval, SecondState, covered_s, state_of
from config.settings import Recording, Retention, Writing
from store.writer import DatabaseWriter
from tests.fakes.clock import START_MS, FakeClock
from tests.fakes.recording import BTC, ETH, by_hand, rows, same

MARKETS = (BTC, ETH)
STEP_MS = 250
RUN_MS = 150_000


class Wire:
    """An exchange behind a way that takes time: what is sent arrives in order, late, twice, or not at all.

    `ahead_ms` is how far its clock runs ahead of ours, `way_ms` how long the way takes; it may grow at any moment. With
    `skews`, its clock is set by one of them now and then, and set back some seconds later: while somebody listens, and
    not so shortly before `ends_ms`, when he is gone, that it could not be heard of.
    """

    def __init__(self, dice: random.Random, skews: Sequence[int] = ()) -> None:
        self.dice = dice
        self.skews = skews
        self.skew_ms, self.skewed_until_ms = 0, 0
        self.steady_until_ms, self.ends_ms = 0, START_MS
        self.ahead_ms = dice.choice([0, 0, 400, -400, 3_000, -3_000])
        self.way_ms = dice.choice([20, 150, 400])
        self.truth: list[Trade] = []
        self.flying: list[tuple[int, Trade]] = []  # (our time of arrival, trade)
        self.subscribed_from_ms: int | None = None  # our time from when matches are sent to us
        self.live_at_ms: int | None = None
        self.last_message_ms = START_MS

    def match(self, now_ms: int) -> None:
        if self.skews and now_ms >= self.skewed_until_ms:
            if self.skew_ms:
                self.skew_ms, self.steady_until_ms = 0, now_ms + self.way_ms + 2_000
            known_ms = now_ms + self.way_ms + 2_000
            listens = self.subscribed_from_ms is not None and self.subscribed_from_ms + 5_000 <= now_ms
            if listens and known_ms <= self.ends_ms and self.dice.random() < 0.02:
                self.skew_ms, self.steady_until_ms = self.dice.choice(self.skews), known_ms
                self.skewed_until_ms = now_ms + self.dice.randrange(2_000, 15_000)
                if self.ends_ms - self.way_ms - 2_000 < self.skewed_until_ms <= self.ends_ms:
                    self.skewed_until_ms += self.way_ms + 2_000
        for market in MARKETS:
            for _ in range(self.dice.choice([0, 0, 1, 1, 3])):
                matched_ms = now_ms + self.dice.randrange(STEP_MS)
                made = Trade(
                    market,
                    round(self.dice.uniform(90, 110), 2),
                    self.dice.uniform(0.01, 5),
                    "buy",
                    matched_ms + self.ahead_ms + self.skew_ms,
                    0,
                    len(self.truth),
                )
                self.truth.append(made)
                if self.subscribed_from_ms is not None and matched_ms >= self.subscribed_from_ms:
                    self.send(made, matched_ms + self.dice.choice([0, 0, 60, 200]))
                    if self.dice.random() < 0.1:
                        self.send(made, matched_ms + 200)

    def send(self, made: Trade, published_ms: int) -> None:
        """One connection keeps its order: nothing overtakes on the way, however that changes."""
        in_flight_ms = self.flying[-1][0] if self.flying else 0
        self.flying.append((max(in_flight_ms, published_ms + self.way_ms), made))

    def connect(self, now_ms: int) -> None:
        self.subscribed_from_ms = now_ms + self.way_ms
        self.live_at_ms = now_ms + 2 * self.way_ms

    def drop(self) -> None:
        self.flying.clear()
        self.subscribed_from_ms = self.live_at_ms = None

    def deliver(self, recorder: Recorder, now_ms: int) -> None:
        if self.live_at_ms is not None and self.live_at_ms <= now_ms:
            recorder.live(MARKETS, self.live_at_ms)
            self.last_message_ms = max(self.last_message_ms, self.live_at_ms)
            self.live_at_ms = None
        arrived = [each for each in self.flying if each[0] <= now_ms]
        self.flying = [each for each in self.flying if each[0] > now_ms]
        for at_ms, made in arrived:
            recorder.trade(Trade(made.market, made.price, made.volume, made.side, made.traded_ms, at_ms, made.trade_id))
            self.last_message_ms = max(self.last_message_ms, at_ms)


@contextmanager
def daemon(path: Path, clock: FakeClock) -> Iterator[tuple[Recorder, Aggregator, DatabaseWriter]]:
    """The recording side, left without a word, as a crash leaves it."""
    with DatabaseWriter.open(path, clock, Writing(batch_ms=1)) as writer:
        recorder = Recorder(writer, clock, Recording(), ["upbit"])
        yield recorder, Aggregator(writer, recorder, clock, Retention(seconds_s=3_600)), writer


async def run(path: Path, clock: FakeClock, wire: Wire, until_ms: int, stop: bool) -> None:
    with daemon(path, clock) as (recorder, aggregator, writer):
        await recorder.start()
        await recorder.expect(MARKETS)
        await aggregator.heal()
        wire.connect(clock.now_ms())
        connected, wire.ends_ms = True, until_ms
        while clock.now_ms() < until_ms:
            now_ms = clock.now_ms()
            fate = wire.dice.random()
            if connected and fate < 0.01 and now_ms >= wire.steady_until_ms:
                cause = wire.dice.choice([GapCause.DISCONNECT, GapCause.STALE])
                wire.drop()
                connected = False
                recorder.lost(MARKETS, wire.last_message_ms, cause)
            elif not connected and fate < 0.1:
                wire.connect(now_ms)
                connected = True
            elif 0.01 <= fate < 0.02 and now_ms >= wire.steady_until_ms:
                wire.way_ms = wire.dice.choice([20, 400, 2_500])
            elif fate < 0.023:
                recorder.rejected("upbit", "not JSON", b"{", now_ms)
            wire.match(now_ms)
            await clock.advance(STEP_MS / 1000)
            wire.deliver(recorder, clock.now_ms())
            if clock.now_ms() % 1_000 == 0:
                recorder.flush()
                await aggregator.roll()
        if stop:
            recorder.close()
            aggregator.force_rollup()
        else:
            await writer.run(lambda connection: None)
    wire.drop()


def recorded(path: Path) -> dict[tuple[str, int], tuple[object, ...]]:
    found = rows(path, "SELECT code, open_ms, open, high, low, close, volume, quote_volume, trades FROM v_candles_1s")
    return {(str(code), int(str(open_ms))): tuple(values) for code, open_ms, *values in found}


def missed(path: Path) -> dict[str, list[Interval]]:
    found = rows(path, "SELECT m.code, g.from_ms, g.to_ms FROM gaps AS g JOIN markets AS m ON g.market_id IN (m.id)")
    whole = rows(path, "SELECT from_ms, to_ms FROM gaps WHERE market_id IS NULL")
    everyone = [(int(str(a)), None if b is None else int(str(b))) for a, b in whole]
    out: dict[str, list[Interval]] = {market.code: list(everyone) for market in MARKETS}
    for code, begins, ends in found:
        out[str(code)].append((int(str(begins)), None if ends is None else int(str(ends))))
    return out


@pytest.mark.parametrize("seed", range(24))
async def test_every_second_is_right_or_marked_as_missed(tmp_path: Path, seed: int) -> None:
    assert await proven(tmp_path, seed, Wire(random.Random(seed))) > 20


@pytest.mark.parametrize("skew_ms", [1_500, -1_500, 4_000, -4_000, 20_000, -20_000])
@pytest.mark.parametrize("seed", range(10))
async def test_so_it_is_while_the_exchange_sets_its_clock(tmp_path: Path, seed: int, skew_ms: int) -> None:
    await proven(tmp_path, seed, Wire(random.Random(seed), skews=(skew_ms,)))


async def proven(tmp_path: Path, seed: int, wire: Wire) -> int:
    """Two runs, the first of them stopped or killed; then every second and minute is held against what was sent.

    Answers how many seconds with trades no gap touches.
    """
    path, clock = tmp_path / "radar.db", FakeClock()
    await run(path, clock, wire, START_MS + RUN_MS // 2, stop=seed % 2 == 0)
    for _ in range(wire.dice.randrange(40)):  # down for a while; the market goes on
        wire.match(clock.now_ms())
        await clock.advance(STEP_MS / 1000)
    await run(path, clock, wire, START_MS + RUN_MS, stop=True)

    stored, gaps = recorded(path), missed(path)
    truth = {(each.market.code, each.open_ms): each for each in by_hand(wire.truth, 1_000)}
    right = 0
    for market in MARKETS:
        for second_ms in range(START_MS, START_MS + RUN_MS + 5_000, 1_000):
            key = market.code, second_ms
            if state_of(second_ms, key in stored, gaps[market.code]) is SecondState.BLIND:
                continue
            assert (key in stored) is (key in truth), f"{key}: stored {stored.get(key)}, true {truth.get(key)}"
            if key in truth:
                assert same(Candle(market, second_ms, *stored[key]), truth[key]), key  # type: ignore[arg-type]  # a row
                right += 1

    minutes = rows(
        path, "SELECT code, open_ms, open, high, low, close, volume, quote_volume, trades, covered_s FROM v_candles_1m"
    )
    by_minute: dict[tuple[str, int], list[int]] = {}
    for name, at_ms in stored:
        by_minute.setdefault((name, at_ms - at_ms % 60_000), []).append(at_ms)
    assert {(code, open_ms) for code, open_ms, *_ in minutes} == set(by_minute)
    for code, open_ms, *values, covered in minutes:
        of_minute = sorted(by_minute[str(code), int(str(open_ms))])
        assert values[0] == stored[str(code), of_minute[0]][0]
        assert values[3] == stored[str(code), of_minute[-1]][3]
        assert values[6] == sum(int(str(stored[str(code), each][6])) for each in of_minute)
        assert covered == covered_s(int(str(open_ms)), gaps[str(code)])
    return right
