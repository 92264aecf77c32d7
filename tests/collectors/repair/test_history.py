"""What an exchange tells of its past, and what is no answer."""

from pathlib import Path
from typing import Any

from msgspec.structs import replace

from collectors.events import Channel, GapCause, Listing, ListingState
from collectors.net.http import Response
from store.tables import candles, listings
from tests.fakes.clock import START_MS, FakeClock
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


async def test_a_second_cut_in_two_by_a_long_outage_stays_whole_around_a_listing_when_its_rest_is_purged(
    tmp_path: Path, clock: FakeClock
) -> None:
    bench = Bench(tmp_path / "radar.db", clock, seconds_s=120)
    heard = Listing("upbit", "BTC", 1, ("KRW",), ListingState.ANNOUNCED, START_MS, Channel.UPBIT_NOTICES)
    with bench.writer:
        await bench.writer.run(lambda db: listings.save(db, heard))
        await bench.begin(BTC)
        await bench.run(9, [BTC])
        await bench.run(1, [BTC], heard_at=[100])
        bench.recorder.lost([BTC], clock.now_ms(), GapCause.DISCONNECT)
        await bench.run(900, [BTC], heard=False)
        bench.recorder.live([BTC], clock.now_ms())
        await bench.settle(BTC)
        await bench.backfill.once()
        assert bench.states() == {"healed"}
        await bench.writer.run(lambda db: candles.purge_seconds(db, START_MS + 60_000, 1.0))
        of = "SELECT (open_ms - ?) / 1000, trades FROM listing_seconds ORDER BY 1 LIMIT 60"
        assert rows(bench.path, of, START_MS) == [(at_s, 3) for at_s in range(60)]
