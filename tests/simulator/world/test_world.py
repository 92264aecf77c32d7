"""The seeded model: the same events for the same seed, and every page of it consistent with its trades."""

import functools
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.faults import Fault
from simulator.world.values import SimTrade
from simulator.world.world import EXCHANGES, World
from tests.fakes.sim_clock import START, StillClock
from tests.fakes.simulator import A_LITTLE_MS, FakeSimClock

END = 2**62


def small_world(seed: int = 5, start_ms: int = START) -> tuple[World, StillClock]:
    clock = StillClock(start_ms)
    return World(clock, seed, markets=16, rate=80, warm_up_ms=A_LITTLE_MS), clock


def run(world: World, clock: StillClock, seconds: float, step_ms: int = 1_000) -> None:
    until = clock.now + round(seconds * 1000)
    while clock.now < until:
        clock.now = min(until, clock.now + step_ms)
        world.advance(clock.now)


def told(world: World, since: int) -> dict[tuple[str, str], list[tuple[object, ...]]]:
    return {
        (exchange, code): [
            (t.traded_ms - since, t.sent_ms - since, t.price, t.volume, t.side)
            for t in world.trades(exchange, code, 0, END)
        ]
        for exchange in EXCHANGES
        for code in world.traded_codes(exchange)
    }


@functools.cache
def half_a_minute() -> World:
    world, clock = small_world()
    run(world, clock, 30)
    return world


@settings(max_examples=6)
@given(st.integers(1, 9_000))
def test_the_same_seed_tells_the_same_trades_whatever_the_steps(step_ms: int) -> None:
    world, clock = small_world()
    world.on_trade("upbit", lambda trade: None)
    run(world, clock, 30, step_ms)
    assert told(world, START) == told(half_a_minute(), START)


def test_the_same_seed_started_at_another_time_tells_the_same_story() -> None:
    other_start = START + 86_400_000 * 3 + 7_000
    world, clock = small_world(start_ms=other_start)
    run(world, clock, 30)
    assert told(world, other_start) == told(half_a_minute(), START)


def test_another_seed_tells_another_story() -> None:
    world, clock = small_world(seed=6)
    run(world, clock, 30)
    assert told(world, START) != told(half_a_minute(), START)


def test_every_trade_is_delivered_once_in_order_and_equals_the_truth() -> None:
    world, clock = small_world()
    heard: list[SimTrade] = []
    world.on_trade("bithumb", heard.append)
    run(world, clock, 20, step_ms=130)
    run(world, clock, 1)
    truth = {code: list(world.trades("bithumb", code, START, START + 20_000)) for code in world.traded_codes("bithumb")}
    for code, trades in truth.items():
        assert [t for t in heard if t.code == code and START <= t.traded_ms < START + 20_000] == trades
    assert sum(map(len, truth.values())) > 300


def test_a_trade_is_delivered_when_the_clock_reaches_its_publication_and_not_before() -> None:
    world, clock = small_world()
    world.on_trade("upbit", lambda trade: early.append(trade) if trade.sent_ms > clock.now else None)
    early: list[SimTrade] = []
    run(world, clock, 10, step_ms=10)
    assert early == []


def test_nobody_listens_any_more_after_unsubscribing() -> None:
    world, clock = small_world()
    heard: list[SimTrade] = []
    leave = world.on_trade("upbit", heard.append)
    leave()
    run(world, clock, 5)
    assert heard == []


def test_upbit_ids_are_the_millisecond_and_a_number_and_never_repeat() -> None:
    world = half_a_minute()
    several = 0
    for code in world.traded_codes("upbit"):
        trades = world.trades("upbit", code, 0, END)
        ids = [t.ws_id for t in trades]
        assert ids == sorted(set(ids))
        assert all(t.ws_id == t.rest_id and t.ws_id // 10_000 == t.traded_ms for t in trades)
        several += sum(t.ws_id % 10_000 > 0 for t in trades)
    assert several > 50


def test_bithumb_ids_are_18_digits_on_the_socket_and_shared_by_a_millisecond_on_rest() -> None:
    world = half_a_minute()
    for code in world.traded_codes("bithumb"):
        trades = world.trades("bithumb", code, 0, END)
        assert len({t.ws_id for t in trades}) == len(trades)
        assert all(len(str(t.ws_id)) == 18 and t.rest_id == t.traded_ms * 10_000 for t in trades)


def test_publication_follows_the_match_as_each_exchange_does() -> None:
    world = half_a_minute()
    for exchange, low, high in (("upbit", 50, 60), ("bithumb", 260, 270)):
        for code in world.traded_codes(exchange):
            assert all(low <= t.sent_ms - t.traded_ms <= high for t in world.trades(exchange, code, 0, END))


def test_books_are_uncrossed_on_ticks_and_best_first() -> None:
    world = half_a_minute()
    for exchange in EXCHANGES:
        for code, market in world.markets(exchange).items():
            book = world.book(exchange, code, 30)
            assert book.bids[0][0] < book.asks[0][0]
            assert [p for p, _ in book.bids] == sorted({p for p, _ in book.bids}, reverse=True)
            assert [p for p, _ in book.asks] == sorted({p for p, _ in book.asks})
            assert all(price > 0 and size > 0 for price, size in book.bids + book.asks)
            tick = world.tick(exchange, code, book.asks[0][0])
            assert math.isclose(book.asks[0][0] / tick, round(book.asks[0][0] / tick), rel_tol=1e-9), market


def test_trades_happen_at_the_quotes_they_carry() -> None:
    world = half_a_minute()
    for exchange in EXCHANGES:
        for code in world.traded_codes(exchange):
            for t in world.trades(exchange, code, 0, END):
                assert t.price > 0 and t.volume > 0
                assert t.best_bid < t.best_ask
                assert t.price == pytest.approx(t.best_ask if t.side == "buy" else t.best_bid, rel=0.5)


def test_the_list_holds_the_names_that_trip_parsers_up_and_most_coins_are_common() -> None:
    world = World(StillClock(), warm_up_ms=0)
    krw = {x: {m.base for m in world.markets(x).values() if m.quote == "KRW"} for x in EXCHANGES}
    assert len(krw["upbit"]) == 120
    assert len(krw["bithumb"]) == 160
    for exchange in EXCHANGES:
        assert {"BTC", "ETH", "XRP", "USDT", "A", "T", "1INCH"} <= krw[exchange]
    assert len(krw["upbit"] & krw["bithumb"]) > 90
    assert any(m.quote == "BTC" for m in world.markets("upbit").values())
    assert any(m.quote == "USDT" for m in world.markets("upbit").values())


def test_korean_and_global_prices_share_one_fair_price() -> None:
    world = half_a_minute()
    usdt_krw = world.book("upbit", "KRW-USDT", 1).bids[0][0]
    for base in ("BTC", "ETH", "XRP"):
        quote = world.venue("binance").spot(base)
        assert quote is not None
        implied = world.book("upbit", f"KRW-{base}", 1).bids[0][0] / quote.bid
        assert implied == pytest.approx(usdt_krw, rel=0.005)


def test_the_day_of_a_market_agrees_with_its_trades() -> None:
    world = half_a_minute()
    trades = world.trades("upbit", "KRW-BTC", 0, END)
    day = world.day("upbit", "KRW-BTC", "utc")
    assert day is not None
    assert (day.last, day.last_volume, day.last_side) == (trades[-1].price, trades[-1].volume, trades[-1].side)
    assert day.low <= min(t.price for t in trades) <= max(t.price for t in trades) <= day.high
    assert day.low_52w <= day.low <= day.opening <= day.high <= day.high_52w
    assert day.acc_volume == pytest.approx(day.acc_ask_volume + day.acc_bid_volume)
    assert day.acc_volume_24h > sum(t.volume for t in trades)


def test_a_new_day_begins_with_the_last_close() -> None:
    midnight = 1_800_057_600_000  # 2027-01-16T00:00:00Z
    world, clock = small_world(start_ms=midnight - 5_000)
    run(world, clock, 10)
    trades = world.trades("upbit", "KRW-BTC", 0, END)
    before = [t for t in trades if t.traded_ms < midnight]
    after = [t for t in trades if t.traded_ms >= midnight]
    day = world.day("upbit", "KRW-BTC", "utc")
    assert day is not None
    assert day.prev_close == before[-1].price
    assert day.opening == after[0].price
    assert day.acc_volume == pytest.approx(sum(t.volume for t in after))


def test_a_skewed_exchange_clock_moves_the_stamps_in_truth_and_on_the_wire_alike() -> None:
    world, clock = small_world()
    run(world, clock, 5)
    heard: list[SimTrade] = []
    world.on_trade("upbit", heard.append)
    world.faults.add(Fault("upbit", "skew_clock", clock.now, clock.now + 5_000, by_ms=3_600_000))
    run(world, clock, 10)
    skewed = [t for t in heard if t.traded_ms > clock.now]
    assert len(skewed) > 50
    for t in skewed[:20]:
        assert t in world.trades("upbit", t.code, t.traded_ms, t.traded_ms + 1)
        assert 50 <= t.sent_ms - t.traded_ms <= 60
    assert heard[-1].traded_ms <= clock.now
    for code in world.traded_codes("upbit"):
        ids = [t.ws_id for t in world.trades("upbit", code, 0, END)]
        assert len(ids) == len(set(ids))
    assert all(
        t.traded_ms <= clock.now for c in world.traded_codes("bithumb") for t in world.trades("bithumb", c, 0, END)
    )


def test_an_unknown_market_is_a_key_error_and_an_unopened_one_is_empty() -> None:
    world, _ = small_world()
    with pytest.raises(KeyError):
        world.trades("upbit", "KRW-NOPE", 0, END)
    listed = next(iter(world.markets("upbit").values()))
    world.show(type(listed)("upbit", "KRW-SOON", "SOON", "KRW", "순", "Soon", state="PREVIEW"))
    assert list(world.trades("upbit", "KRW-SOON", 0, END)) == []
    assert world.day("upbit", "KRW-SOON", "utc") is None
    assert world.last_trade("upbit", "KRW-SOON") is None
    assert world.candles("upbit", "KRW-SOON", 60) == []
    assert world.book("upbit", "KRW-SOON", 5).bids == ()


def test_the_bank_posts_nothing_at_night_and_at_weekends() -> None:
    saturday_noon_kst = 1_800_068_400_000  # 2027-01-16T03:00:00Z
    world = World(StillClock(saturday_noon_kst), markets=2, rate=1)
    friday_close = 1_800_032_400_000  # 2027-01-15T17:00:00Z, 02:00 in Seoul
    assert world.bank_rate().posted_ms == friday_close
    friday_noon = World(StillClock(1_799_982_030_000), markets=2, rate=1)
    assert friday_noon.bank_rate().posted_ms == 1_799_982_000_000


async def test_a_world_works_on_a_fake_clock() -> None:
    clock = FakeSimClock()
    world = World(clock, markets=4, rate=10)
    await clock.advance(3)
    world.advance(clock.now_ms())
    assert world.last_trade("upbit", "KRW-BTC") is not None
