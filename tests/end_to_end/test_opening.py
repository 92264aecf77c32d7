"""A coin listed on each exchange, recorded by a real daemon: its very first trade and all that follow are true."""

import asyncio
from pathlib import Path

from scripts.pace import busy, paced
from scripts.proof_judge import judge
from scripts.proof_pair import Pair, pair

COINS = {"upbit": "HANEUL", "bithumb": "NAMU"}
MINUTE_MS = 60_000


async def stage(both: Pair) -> int:
    """Announce both now, for the next whole minute that is at least 40 s away; answer when that is."""
    now_ms = await both.now_ms()
    opens_ms = (now_ms + 40_000) // MINUTE_MS * MINUTE_MS + MINUTE_MS
    for exchange, base in COINS.items():
        await both.post(
            "/sim/listing", exchange=exchange, base=base, quotes=["KRW"], announce_in_s=0.0,
            trading_in_s=(opens_ms - now_ms) / 1000,
        )  # fmt: skip
    return opens_ms


async def test_the_first_trade_of_a_listing_is_stored_and_true_on_both_exchanges(tmp_path: Path) -> None:
    async with pair(tmp_path, seed=4, speed=paced(8.0), markets=10, rate=20.0) as both:
        await both.start()
        assert await both.until("SELECT 1 FROM candles_1s LIMIT 1", 20.0 * busy())
        opens_ms = await stage(both)
        to_ms = opens_ms + 30_000
        while await both.now_ms() < to_ms + 10_000:
            await asyncio.sleep(0.2)
        waiting = "SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM gaps WHERE state = 'open' AND to_ms IS NOT NULL)"
        assert await both.until(waiting, 30.0 * busy())
        assert await both.end() == 0
        verdict = await judge(both, opens_ms - 20_000, to_ms)
        assert verdict.wrong == ()
        for exchange, base in COINS.items():
            truth = await both.get("/sim/truth", exchange=exchange, market=f"KRW-{base}")
            stored = both.rows(
                "SELECT c.open_ms, c.open FROM candles_1s AS c JOIN markets AS m ON m.id = c.market_id"
                " WHERE m.exchange = ? AND m.base = ? ORDER BY 1 LIMIT 1",
                *(exchange, base),
            )
            first = truth[0]
            assert stored == [(first["traded_ms"] // 1000 * 1000, first["price"])]
