"""What an exchange tells of its past, and what is no answer."""

from pathlib import Path
from typing import Any

from msgspec.structs import replace

from collectors.net.http import Response
from tests.fakes.clock import FakeClock
from tests.fakes.healing_bench import Bench
from tests.fakes.recording import BTC, ETH, rows


async def test_a_page_of_another_market_heals_nothing(tmp_path: Path, clock: FakeClock) -> None:
    bench = Bench(tmp_path / "radar.db", clock, seconds_s=120)
    with bench.writer:
        await bench.miss(BTC, ETH, for_s=600)
        true = bench.rest.get

        async def get(service: str, path: str, **more: Any) -> Response:
            answer = await true(service, path, **more)
            return replace(answer, body=answer.body.replace(b"KRW-BTC", b"KRW-ETH"))

        bench.rest.get = get  # type: ignore[method-assign]  # an answer for another's question
        await bench.backfill.once()
        of = "SELECT DISTINCT m.base, g.state FROM gaps AS g JOIN markets AS m ON m.id = g.market_id ORDER BY 1"
        assert rows(bench.path, of) == [("BTC", "open"), ("ETH", "healed")]
        assert rows(bench.path, "SELECT DISTINCT base FROM candles_1m JOIN markets ON id = market_id") == [("ETH",)]


async def test_a_404_for_a_market_that_is_in_the_list_ends_no_gap(tmp_path: Path, clock: FakeClock) -> None:
    bench = Bench(tmp_path / "radar.db", clock)
    with bench.writer:
        await bench.miss(BTC, ETH)
        bench.rest.fails = lambda path: Response(404, {}, b"<html>maintenance</html>", 0, 0)
        await bench.backfill.once()
        assert bench.states() == {"open"}
        bench.rest.fails = None
        await bench.clock.advance(60)
        await bench.backfill.once()
        assert bench.states() == {"healed"}
