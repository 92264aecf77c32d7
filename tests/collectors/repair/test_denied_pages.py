"""Pages that leave out what we heard ourselves, empty ones and old ones: they heal nothing, and hold up nobody."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from collectors.events import Exchange, GapCause, Market
from collectors.recording.recorder import Recorder
from collectors.repair.backfill import MOST_MARKETS, Backfill
from collectors.repair.history import Denied, History
from config.settings import Recording, Retention
from store.tables import candles
from tests.fakes.clock import START_MS, FakeClock
from tests.fakes.healing_bench import Bench
from tests.fakes.recording import BTC, rows


@pytest.fixture
async def brief(tmp_path: Path, clock: FakeClock) -> AsyncIterator[Bench]:
    """Seconds are kept for two minutes: what is older heals in its minutes."""
    bench = Bench(tmp_path / "radar.db", clock, seconds_s=120)
    with bench.writer:
        yield bench


async def miss_after_a_minute(bench: Bench, market: Market, for_s: int) -> None:
    """Seventy seconds heard, of which a minute is stored, and then a stretch missed."""
    await bench.begin(market)
    await bench.run(70, [market])
    await bench.writer.run(lambda db: candles.rollup_minute(db, START_MS))
    bench.recorder.lost([market], bench.clock.now_ms(), GapCause.DISCONNECT)
    await bench.run(for_s, [market], heard=False)
    bench.recorder.live([market], bench.clock.now_ms())


def nothing(path: str, rows: list[dict[str, Any]]) -> None:
    rows.clear()


def of_before(path: str, rows: list[dict[str, Any]]) -> None:
    """A page as it was some time ago, from a cache."""
    rows[:] = [row for row in rows if row["timestamp"] < START_MS + 75_000]


@pytest.mark.parametrize(
    ("exchange", "alter"),
    [("upbit", nothing), ("bithumb", nothing), ("bithumb", of_before)],
    ids=["upbit, empty", "bithumb, empty", "bithumb, old"],
)
async def test_a_page_that_lacks_what_we_heard_ourselves_heals_nothing(
    tmp_path: Path, clock: FakeClock, exchange: Exchange, alter: Callable[[str, list[dict[str, Any]]], None]
) -> None:
    bench, market = Bench(tmp_path / "radar.db", clock, exchange), Market(exchange, "BTC", "KRW")
    with bench.writer:
        await miss_after_a_minute(bench, market, for_s=20)
        await bench.settle(market)
        bench.rest.alter = alter
        await bench.backfill.once()
        assert [row[1] for row in bench.gaps() if row[0] == "disconnect"] == ["open"]
        bench.rest.alter = None
        await clock.advance(60)
        await bench.backfill.once()
        assert bench.states() == {"healed"}
        assert bench.wrong(market, 1, 90) == []


async def test_a_page_that_is_behind_heals_what_lies_before_its_newest_trade(tmp_path: Path, clock: FakeClock) -> None:
    """REST of a busy exchange may be a quarter of a minute behind its sockets for hours."""
    bench, market = Bench(tmp_path / "radar.db", clock, "bithumb"), Market("bithumb", "BTC", "KRW")

    def behind(path: str, rows: list[dict[str, Any]]) -> None:
        rows[:] = [row for row in rows if row["timestamp"] < clock.now_ms() - 15_000]

    bench.rest.alter = behind
    with bench.writer:
        await bench.miss(market)
        await bench.backfill.once()
        await bench.run(61, [market])
        await bench.backfill.once()
        assert bench.states() == {"healed"}
        assert bench.wrong(market, 1, 38) == []


async def test_markets_whose_pages_leave_something_out_hold_up_no_other(tmp_path: Path, clock: FakeClock) -> None:
    denied = [Market("upbit", f"C{number:02}", "KRW") for number in range(MOST_MARKETS + 5)]
    last = Market("upbit", "ZZZ", "KRW")
    bench = Bench(tmp_path / "radar.db", clock)
    with bench.writer:
        await bench.begin(*denied, last)
        await bench.run(62, [*denied, last])
        await bench.writer.run(lambda db: candles.rollup_minute(db, START_MS))
        bench.recorder.lost([*denied, last], clock.now_ms(), GapCause.DISCONNECT)
        await bench.run(5, [last], heard=False)
        bench.recorder.live([*denied, last], clock.now_ms())
        await bench.settle(last)
        bench.rest.trades = [each for each in bench.rest.trades if each.market == last]
        for _ in range(2):
            await bench.backfill.once()
        assert bench.wrong(last, 1, 75) == []
        asked = len(bench.rest.asked)
        for _ in range(10):
            await clock.advance(60)
            await bench.backfill.once()
        assert len(bench.rest.asked) - asked <= 4 * len(denied), "each market rests longer each time"


async def test_after_a_restart_an_old_page_is_known_by_the_minutes_of_before(tmp_path: Path, clock: FakeClock) -> None:
    market = Market("bithumb", "BTC", "KRW")
    bench = Bench(tmp_path / "radar.db", clock, "bithumb")
    with bench.writer:
        await bench.begin(market)
        await bench.run(190, [market])
        await bench.writer.run(lambda db: [candles.rollup_minute(db, START_MS + each * 60_000) for each in range(3)])
        later = Recorder(bench.writer, clock, Recording(), ["bithumb"])
        await later.start()
        await later.expect([market])
        history = History("bithumb", bench.rest, clock)
        again = Backfill(history, bench.writer, later, clock, Retention(seconds_s=600))
        bench.rest.alter = of_before
        with pytest.raises(Denied, match="of a time in which there were some"):
            await again.check(market, START_MS + 60_000, START_MS + 80_000)


async def test_an_empty_page_of_official_minutes_of_a_market_that_traded_heals_nothing(brief: Bench) -> None:
    await miss_after_a_minute(brief, BTC, for_s=600)
    await brief.settle(BTC)
    brief.rest.alter = lambda path, rows: rows.clear() if "candles" in path else None
    await brief.backfill.once()
    before = "SELECT COUNT(*) FROM candles_1m WHERE open_ms < ?"
    assert rows(brief.path, before, START_MS + 480_000) == [(1,)]
    assert "open" in brief.states()
    brief.rest.alter = None
    await brief.clock.advance(60)
    await brief.backfill.once()
    assert rows(brief.path, before, START_MS + 480_000) == [(8,)]


async def test_what_a_relisted_market_no_longer_tells_of_before_holds_up_nothing_newer(brief: Bench) -> None:
    await miss_after_a_minute(brief, BTC, for_s=130)
    brief.rest.trades.clear()
    await brief.run(400, [BTC])
    brief.recorder.lost([BTC], brief.clock.now_ms(), GapCause.DISCONNECT)
    await brief.run(20, [BTC], heard=False)
    brief.recorder.live([BTC], brief.clock.now_ms())
    await brief.settle(BTC)
    await brief.backfill.once()
    assert [row[1] for row in brief.gaps() if row[0] == "disconnect"] == ["open", "healed"]
    assert brief.wrong(BTC, 598, 628) == []


@pytest.mark.parametrize(("young", "state"), [(True, "healed"), (False, "open")])
async def test_a_young_coin_whose_pages_leave_something_out_is_asked_for_each_minute(
    tmp_path: Path, clock: FakeClock, young: bool, state: str
) -> None:
    bench = Bench(tmp_path / "radar.db", clock)
    if young:
        bench.young.add("BTC")
    with bench.writer:
        await miss_after_a_minute(bench, BTC, for_s=20)
        await bench.settle(BTC)
        bench.rest.alter = nothing
        for _ in range(5):
            await bench.backfill.once()
            await clock.advance(60)
        bench.rest.alter = None
        await bench.backfill.once()
        assert [row[1] for row in bench.gaps() if row[0] == "disconnect"] == [state]
