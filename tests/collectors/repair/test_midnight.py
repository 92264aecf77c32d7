"""Which day an exchange counts back from: its own, whatever our clock says, and none while that day ends."""

from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from collectors.events import Exchange, GapCause, Market
from collectors.net.http import Response
from collectors.repair.healing import KST_MS
from collectors.repair.history import Unanswered
from config.units import DAY_MS, next_whole
from tests.fakes.clock import START_MS, FakeClock
from tests.fakes.healing_bench import Bench
from tests.fakes.recording import BTC, ETH, SOL, trade


def close_to_midnight(exchange: Exchange, by_ms: int) -> int:
    """A moment so long after a midnight of an exchange's calendar, or before it."""
    zone_ms = 0 if exchange == "upbit" else KST_MS
    return next_whole(START_MS + zone_ms, DAY_MS) - zone_ms + by_ms


@pytest.mark.parametrize("exchange", ["upbit", "bithumb"])
async def test_what_was_missed_before_midnight_is_found_though_our_clock_is_past_it(
    tmp_path: Path, exchange: Exchange
) -> None:
    clock = FakeClock(close_to_midnight(exchange, 1_800_000))
    bench = Bench(tmp_path / "radar.db", clock, exchange)
    bench.rest.ahead_ms = 3_600_000
    bench.recorder.host_is_off(3_599_950, 3_600_050)
    busy, rare = Market(exchange, "BUSY", "KRW"), Market(exchange, "RARE", "KRW")
    with bench.writer:
        await bench.miss(busy, quiet=[rare])
        begins_s = bench.gaps()[-1][2]
        traded_ms = (begins_s + 5) * 1_000
        bench.rest.trades.append(trade(traded_ms, trade_id=(START_MS + traded_ms) * 10_000, market=rare))
        await bench.backfill.once()
        assert bench.states() == {"healed"}
        assert bench.wrong(rare, begins_s, begins_s + 20) == []


async def test_a_page_that_comes_after_midnight_does_not_heal_what_was_asked_for_before(tmp_path: Path) -> None:
    clock = FakeClock(close_to_midnight("upbit", -46_000))
    bench = Bench(tmp_path / "radar.db", clock)
    with bench.writer:
        await bench.miss(BTC, quiet=[ETH])
        begins_s = bench.gaps()[-1][2]
        traded_ms = (begins_s + 5) * 1_000
        bench.rest.trades.append(trade(traded_ms, trade_id=(START_MS + traded_ms) * 10_000, market=ETH))
        true = bench.rest.get

        async def get(service: str, path: str, **more: Any) -> Response:
            if more["params"][0][1] == "KRW-ETH":  # a slow one
                await clock.advance(8)
            return await true(service, path, **more)

        bench.rest.get = get  # type: ignore[method-assign]  # the answer takes its time
        for _ in range(4):
            with suppress(Unanswered):
                await bench.backfill.once()
            await clock.advance(5)
        assert bench.states() == {"healed"}
        assert bench.wrong(ETH, begins_s, begins_s + 20) == []


async def test_a_market_that_has_not_traded_since_midnight_was_quiet(tmp_path: Path) -> None:
    """We heard it before; that today's page is empty denies none of it. Bithumb is asked for the whole of today."""
    midnight_ms = close_to_midnight("bithumb", 0)
    clock = FakeClock(midnight_ms - 30_000)
    bench, busy, rare = Bench(tmp_path / "radar.db", clock, "bithumb"), SOL, Market("bithumb", "RARE", "KRW")

    def of_the_day(path: str, rows: list[dict[str, Any]]) -> None:
        if "daysAgo" not in bench.rest.asked[-1][1]:
            rows[:] = [row for row in rows if row["timestamp"] >= midnight_ms]

    bench.rest.alter = of_the_day
    with bench.writer:
        await bench.begin(busy, rare)
        await bench.run(10, [busy, rare])
        await bench.run(60, [busy])
        bench.recorder.lost([rare], clock.now_ms(), GapCause.DISCONNECT)
        await bench.run(20, [busy])
        bench.recorder.live([rare], clock.now_ms())
        await bench.settle(busy)
        await bench.backfill.once()
        assert bench.states() == {"healed"}
